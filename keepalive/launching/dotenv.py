"""What clients' `.env` files set, as far as we need to know: one variable, its file and its value. Read tolerantly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_LINE = r"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=[ \t]*(\"[^\"\n]*\"|'[^'\n]*'|[^\s#]*)"


def value_in(file: Path, name: str) -> str | None:
    """What the file sets the variable to; None where it does not, or is empty or unreadable."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.findall(_LINE.format(name=re.escape(name)), text, re.MULTILINE)
    return found[-1].strip("\"'") or None if found else None


def first_set(files: Iterable[Path], name: str) -> Path | None:
    """The first of the files that sets the variable."""
    return next((file for file in files if value_in(file, name)), None)
