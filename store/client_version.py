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


def resumes_miss(text: str) -> bool:
    """Whether a session of this Claude Code that is opened again loses its entry: 20 of 22 did, up to 2.1.219."""
    version = parse(text)
    return version is not None and version <= (2, 1, 219)


def resumes_hit(text: str) -> bool:
    """Whether it still reads it: measured on 2.1.331. Between the two nobody measured."""
    return at_least(text, (2, 1, 331))
