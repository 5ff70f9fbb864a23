"""Views as the JSON of the command contracts: times as ISO 8601 in UTC, everything else as the store has it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from store.row import Row

_TIMES = frozenset({"at", "since", "until"})
_CONTROLS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def iso(seconds: float) -> str:
    """Seconds since the epoch as `2026-11-24T22:57:07.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dumps(value: Row | Sequence[Row]) -> str:
    """One view, or a list of them, as indented JSON text."""
    plain = _plain(value) if isinstance(value, Row) else [_plain(row) for row in value]
    # JSON escapes the low controls itself; a terminal obeys the high ones and direction marks too.
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(plain, ensure_ascii=False, indent=2))


def _plain(row: Row) -> object:
    """Of the types that the contract promises: a number that happens to be whole is still printed as what it is."""
    kind = type(row)
    checked = msgspec.convert(msgspec.to_builtins(row), kind)
    return _times({name: of for name, of in msgspec.to_builtins(checked).items() if name not in kind.UNSAID})


def _times(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {name: _times(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_times(inner, key) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and (key in _TIMES or key.endswith("_at")):
        return iso(value)
    return value
