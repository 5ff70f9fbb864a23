"""Titles as one line."""

from __future__ import annotations

import pytest

from keepalive.open_sessions.types import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [("a title", "a title"), ("\n  first \nsecond", "first"), ("", None), (" \n ", None), (None, None), (7, None)],
)
def test_the_first_line_that_says_something(text: object, line: str | None) -> None:
    assert one_line(text) == line


def test_it_has_an_end() -> None:
    assert one_line("x" * 500, 10) == "x" * 10
