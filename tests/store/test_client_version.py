"""Versions compare by their numbers."""

from __future__ import annotations

import pytest

from store.client_version import at_least, parse


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
