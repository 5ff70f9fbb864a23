"""A cause is a line."""

from __future__ import annotations

import sqlite3

from tui.failure import HELD, cause


def test_a_cause_is_one_line_even_without_a_text() -> None:
    assert cause(KeyError()) == "KeyError"
    assert cause(ValueError("a\n b")) == "a b"


def test_a_store_that_is_only_busy_is_told_as_that() -> None:
    assert cause(sqlite3.OperationalError("database is locked")) == cause(
        sqlite3.OperationalError("database table is locked")
    )
    assert cause(sqlite3.OperationalError("database is locked")) == HELD
    assert cause(sqlite3.OperationalError("no such table: x")) == "no such table: x"
