"""No password, key or path token is shown, wherever it stands."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.doctor.hiding import address, hidden, secrets_in

WORD = st.text(string.ascii_letters + string.digits + "_-", min_size=8, max_size=40)


@given(WORD, st.text(max_size=20), st.text(max_size=20))
def test_a_value_whose_name_says_secret_is_gone(value: str, before: str, after: str) -> None:
    known = secrets_in([{"MY_API_KEY": value, "LANG": "C.UTF-8"}])
    assert known == (value,)
    assert value not in hidden(f"{before} {value} {after}", known)


@given(WORD)
def test_a_launch_token_and_a_password_in_a_url_are_gone(word: str) -> None:
    assert hidden(f"at http://127.0.0.1:9/s/{word}/v1 now") == "at http://127.0.0.1:9/s/***/v1 now"
    assert hidden(f"to https://me:{word}@host/x") == "to https://***@host/x"


def test_short_values_and_other_names_stay() -> None:
    assert secrets_in([{"MAX_TOKENS": "32000", "USE_KEY": "1", "PATH": "/usr/bin:/bin", "A_TOKEN": 123456789}]) == ()


def test_of_two_secrets_the_longer_goes_first() -> None:
    known = secrets_in([{"A_KEY": "abcdefgh"}, {"B_KEY": "abcdefghijkl"}])
    assert hidden("abcdefghijkl", known) == "***"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@proxy.example:8443/path?key=secret", "https://proxy.example:8443"),
        (" http://[::1]:80/s/abc ", "http://[::1]:80"),
        ("http://host:notaport", ""),
        ("secret", ""),
        ("ftp://host", ""),
    ],
)
def test_of_a_url_only_the_address_is_shown(url: str, shown: str) -> None:
    assert address(url) == shown
