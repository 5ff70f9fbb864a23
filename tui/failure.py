"""An error of code that we do not know, at the edge where it becomes a line on the screen."""

from __future__ import annotations


def cause(error: Exception) -> str:
    """An error in one line: its text, or its kind when it has none."""
    return " ".join(str(error).split()) or type(error).__name__
