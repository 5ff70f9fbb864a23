"""Where in a TOML file a key stands, for errors that name the line: the parser of the standard library forgets it.

Pure, and no parser: the text is valid TOML already, and only its heads and `key = value` lines are looked at.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEAD = re.compile(rf"\s*\[{{1,2}}\s*({_KEY})\s*\]")
_PAIR = re.compile(rf"\s*({_KEY})\s*=")


def line_of(text: str, keys: Sequence[str]) -> int:
    """The line, from 1, where this path of keys is set; where it has no line of its own (an inline table), the line of
    the nearest table around it; where it is only named on the way to others, the first of those. 1 if there is none.
    """
    wanted = tuple(keys)
    best, depth = 1, 0
    for number, path in _paths(text):
        if path[: len(wanted)] == wanted:
            return number
        if wanted[: len(path)] == path and len(path) > depth:
            best, depth = number, len(path)
    return best


def _paths(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every head and every pair with its whole path."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if head := _HEAD.match(line):
            table = _parts(head[1])
            yield number, table
        elif pair := _PAIR.match(line):
            yield number, (*table, *_parts(pair[1]))


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(_plain(part) for part in re.findall(_PART, dotted))


def _plain(part: str) -> str:
    """A part of a key without its quotes and escapes."""
    return str(tomllib.loads(f"key = {part}")["key"]) if part[0] in "\"'" else part
