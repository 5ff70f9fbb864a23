"""One finding: how bad it is, one line about it, and the command or setting that mends it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` is a command to run or a setting to change, None where nothing is to be done."""

    level: Level
    text: str
    mend: str | None = None
    area: str = ""
    """Filled in by whoever runs the checks."""


def ok(text: str) -> Finding:
    """As it should be."""
    return Finding("ok", text)


def note(text: str, mend: str | None = None) -> Finding:
    """Works, and is worth knowing or could be better."""
    return Finding("note", text, mend)


def problem(text: str, mend: str | None = None) -> Finding:
    """Does not work until somebody does something."""
    return Finding("problem", text, mend)
