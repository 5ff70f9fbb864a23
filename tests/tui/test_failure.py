"""A cause is a line."""

from __future__ import annotations

from tui.failure import cause


def test_a_cause_is_one_line_even_without_a_text() -> None:
    assert cause(KeyError()) == "KeyError"
    assert cause(ValueError("a\n b")) == "a b"
