"""Versions compare by their numbers."""

from __future__ import annotations

import pytest

from store.client_version import at_least, parse, resumes_hit, resumes_miss


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.1.331", (2, 1, 331)),
        (" v2.1.9 (beta)", (2, 1, 9)),
        ("0.145.0-alpha.30", (0, 145, 0)),
        ("", None),
        ("x", None),
    ],
)
def test_a_version_is_its_leading_numbers(text: str, version: tuple[int, ...] | None) -> None:
    assert parse(text) == version


def test_numbers_compare_as_numbers_and_nothing_is_not_enough() -> None:
    assert at_least("2.1.1000", (2, 1, 331))
    assert at_least("2.2", (2, 1, 331))
    assert not at_least("2.1.99", (2, 1, 331))
    assert not at_least("", (0,))


def test_what_becomes_of_a_session_that_is_opened_again() -> None:
    versions = ("2.1.219", "2.1.220", "2.1.330", "2.1.331", "")
    assert [resumes_miss(version) for version in versions] == [True, False, False, False, False]
    assert [resumes_hit(version) for version in versions] == [False, False, False, True, False]
