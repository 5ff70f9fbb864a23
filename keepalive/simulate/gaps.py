"""Idle gaps from a CSV file: one row a request, checked field by field, so that a wrong file says where it is wrong.

Needed columns are those without which nothing can be scored; the others have a plain meaning when they are missing (see
`_COLUMNS`), and columns that are not ours are passed over. The file names no client: its rows count as Claude Code's.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from store.idle_gaps import IdleGap

AGENT = "claude"
LARGEST = 10**12
"""Tokens or seconds; a number beyond it is a mistake in the file."""


class GapsError(Exception):
    """The file cannot be used; the message is one line that names the place."""


class _Reader(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __iter__(self) -> _Reader: ...

    def __next__(self) -> list[str]: ...


def read(path: Path) -> list[IdleGap]:
    """Every row of the file, in its order.

    Raises:
        GapsError: it cannot be read, a needed column is missing, or a field is not what its column holds.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _with_last_rows(*_rows(path.name, csv.reader(lines)))
    except OSError as error:
        raise GapsError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise GapsError(f"{path.name}: not a text file in UTF-8 (byte {error.start})") from error
    except csv.Error as error:
        raise GapsError(f"{path.name}: not a CSV file: {error}") from error


def _rows(name: str, reader: _Reader) -> tuple[list[IdleGap], bool]:
    """The rows, and whether the file itself marks the last one of each session."""
    header = [column.strip() for column in next(reader, [])]
    missing = [column.name for column in _COLUMNS if column.needed and column.name not in header]
    if missing:
        raise GapsError(f"{name}: line 1: no column {', '.join(missing)}")
    sources = [
        (column, header.index(column.name if column.name in header else column.like))
        for column in _COLUMNS
        if column.name in header or column.like in header
    ]
    absent = {column.name: column.parse(column.default) for column in _COLUMNS if column.name not in header}
    found: list[IdleGap] = []
    for fields in reader:
        if not fields:
            continue
        values = dict(absent)
        for column, place in sources:
            try:
                if place >= len(fields):
                    raise ValueError("is missing")
                values[column.name] = column.parse(fields[place].strip())
            except ValueError as error:
                raise GapsError(f"{name}: line {reader.line_num}: {column.name} {error}") from error
        found.append(_gap(values))
    if not found:
        raise GapsError(f"{name}: no row after the header")
    return found, "last_of_session" in header


def _with_last_rows(rows: list[IdleGap], marked: bool) -> list[IdleGap]:
    """A file that does not mark them: the last row of each session in the file's order."""
    if marked:
        return rows
    last = {row.session: number for number, row in enumerate(rows)}
    return [row._replace(last_of_session=last[row.session] == number) for number, row in enumerate(rows)]


def _gap(values: dict[str, Any]) -> IdleGap:
    return IdleGap(
        session=values["session"],
        agent=AGENT,
        kind=values["kind"],
        seconds=values["request_to_request_seconds"],
        prefix_tokens=values["prefix_tokens"],
        read=values["next_cache_read"],
        written=values["next_cache_creation"],
        uncached=values["next_input"],
        ttl_before=values["ttl_before"] or None,
        ttl_after=values["ttl_after"] or None,
        model_before=values["model_before"],
        model_after=values["model_after"],
        compacted=values["compacted"] == "1",
        at=values["at_utc"],
        last_of_session=values["last_of_session"] == "1",
    )


def _shown(text: str) -> str:
    """A field in a message: what is not printable escaped, and short."""
    return repr(text if len(text) <= 30 else text[:29] + "…")


def _tokens(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 13 or int(text) > LARGEST:
        raise ValueError(f"must be a whole number of tokens, not {_shown(text)}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LARGEST:  # not true of nan either
        raise ValueError(f"must be seconds, 0 or more, not {_shown(text)}")
    return value


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"must be a time such as 2026-01-27T09:19:05, not {_shown(text)}") from None


def _name(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be {', '.join(word or 'empty' for word in words)}, not {_shown(text)}")
        return text

    return parse


class _Column(NamedTuple):
    """A column of the file, and what a file without it means: `default` in every row, or the column it is `like`."""

    name: str
    parse: Callable[[str], object]
    default: str = ""
    like: str = ""
    needed: bool = False


_FLAG = _one_of("0", "1")
_CLASS = _one_of("5m", "1h", "")
_COLUMNS = (
    _Column("session", _name, needed=True),
    _Column("kind", _one_of("user", "tool", "notification"), needed=True),
    _Column("request_to_request_seconds", _seconds, needed=True),
    _Column("prefix_tokens", _tokens, needed=True),
    _Column("ttl_before", _CLASS, needed=True),
    _Column("ttl_after", _CLASS, like="ttl_before"),
    _Column("next_cache_read", _tokens, default="0", like="prefix_tokens"),
    _Column("next_cache_creation", _tokens, default="0"),
    _Column("next_input", _tokens, default="0"),
    _Column("model_before", str),
    _Column("model_after", str, like="model_before"),
    _Column("compacted", _FLAG, default="0"),
    _Column("at_utc", _moment, default="1970-01-01"),
    _Column("last_of_session", _FLAG, default="0"),
)
