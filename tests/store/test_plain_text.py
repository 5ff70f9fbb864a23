"""Nothing that passed can act on a terminal, and nothing that a person can read is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.plain_text import one_line, plain
from tui.format import clean

HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x07\x00\r\n\t []0;m\u202e\u200b\ud800\U000e0041"))
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b]0;title\x07x\x1b]8;;http://evil\x1b\\link", "xlink"),
        ("one\r\ntwo\rthree\u2028four\x1efive", "one\ntwo\nthree\nfour\nfive"),
        ("\tdef f():", "    def f():"),
        ("a\u202eb\u200bc\u2066d\ufeff\x00\x7f\x9b", "abcd"),
        ("half \ud83d", "half "),
        ("tag\U000e0041", "tag"),
        ("می\u200cخواهم 👩\u200d💻 é 登录", "می\u200cخواهم 👩\u200d💻 é 登录"),
    ],
)
def test_what_is_left(text: str, left: str) -> None:
    assert plain(text) == left


@given(HOSTILE)
@settings(deadline=None)
def test_plain_text_has_lines_and_nothing_that_acts(text: str) -> None:
    made = plain(text)
    assert not {ch for ch in made if unicodedata.category(ch) in ("Cc", "Cs")} - {"\n"}
    assert not set(made) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert plain(made) == made
    made.encode()


def test_what_has_no_width_that_terminals_agree_on_is_left_out_of_a_line() -> None:
    signs = "\u302e\u302f\u3164\uffa0\ufe0f\u20e3\U0001f3fb"
    assert one_line(f"a{signs}b 한글") == "ab 한글"
    assert plain(signs) == signs, "a document keeps them"


@given(HOSTILE)
@settings(deadline=None)
def test_one_line_is_what_the_screen_makes_of_it(text: str) -> None:
    made = one_line(text)
    assert made == clean(text)
    assert made.isprintable()
    assert one_line(made) == made
