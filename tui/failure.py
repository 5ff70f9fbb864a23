"""An error of code that we do not know, at the edge where it becomes a line on the screen."""

from __future__ import annotations

import sqlite3

HELD = "another program holds the store"


def cause(error: Exception) -> str:
    """An error in one line: its text, or its kind when it has none."""
    if isinstance(error, sqlite3.OperationalError) and "is locked" in str(error):
        return HELD
    return " ".join(str(error).split()) or type(error).__name__
