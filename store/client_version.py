"""Versions of clients as they compare."""

from __future__ import annotations

import re

Version = tuple[int, ...]

_NUMBERS = re.compile(r"\d{1,6}(?:\.\d{1,6})*")


def parse(text: str) -> Version | None:
    """`2.1.331 (beta)` as (2, 1, 331); None where no version is said."""
    found = _NUMBERS.match(text.strip().removeprefix("v"))
    return tuple(int(part) for part in found[0].split(".")) if found else None


def at_least(text: str, least: Version) -> bool:
    """Whether a version is known and not older than `least`."""
    version = parse(text)
    return version is not None and version >= least
