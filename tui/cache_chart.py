"""A session's last requests as a strip: one column each, the newest at the right, marks under those that paid. Pure.

What was read from the cache and what was written to it differ in shape as well as in colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import NamedTuple

from store.cache_strip import CacheHistory, CacheMoment, StripCell
from tui.format import clock_time, pad_left, plural, tokens
from tui.lines import Line, Piece, Role, spread, width_of

ROWS = 6
"""Height of the strip."""
SCALE_CELLS = 6
"""Its scale, at its left."""


class Mark(NamedTuple):
    """How an event looks in the strip and in the list."""

    glyph: str
    role: Role
    word: str


MARKS = {
    "kept": Mark("↻", "warm", "kept"),
    "lapsed": Mark("▼", "cold", "went cold"),
    "changed": Mark("╳", "bad", "broke"),
    "compacted": Mark("c", "dim", "compacted"),
}
_READ, _WRITTEN, _INPUT = Piece("░", "warm"), Piece("█", "cold"), Piece("▒", "dim")
_KEYS = ((_READ, "read"), (_WRITTEN, "written"), (_INPUT, "not cached"))


def strip(history: CacheHistory, now: float, zone: tzinfo | None, width: int) -> Iterator[Line]:
    """Title, columns over a scale, marks of what happened, times, and the marks' meaning."""
    shown = history.strip[-max(1, width - SCALE_CELLS - 3) :]
    top = max(1, *(cell.prefix for cell in shown))
    kinds = _kinds(history.moments)
    columns = [_column(cell, top) for cell in shown]
    yield from _title(history, shown, columns, (now, zone), width)
    for row in reversed(range(ROWS)):
        scale = tokens(top) if row == ROWS - 1 else "0" if row == 0 else ""
        drawn = _joined(column[row] if row < len(column) else Piece(" ") for column in columns)
        yield (Piece(f" {pad_left(scale, SCALE_CELLS)} ", "dim"), *drawn)
    marks = [MARKS[kinds[cell.at]] if cell.at in kinds else None for cell in shown]
    indent = Piece(" " * (SCALE_CELLS + 2))
    if any(marks):
        yield (indent, *_joined(Piece(mark.glyph, mark.role) if mark else Piece(" ") for mark in marks))
    first, last = (Piece(clock_time(at, now, zone), "dim") for at in (shown[0].at, shown[-1].at))
    ends = spread((first,), (last,), len(shown)) if len(shown) > 1 else (first,)
    if width_of(ends) < width - SCALE_CELLS - 2:
        yield (indent, *ends)
    legend = [part for mark in dict.fromkeys(mark for mark in marks if mark) for part in _key(mark)]
    if legend:
        yield from _fitted((indent, *legend), (Piece(" "), *legend), width)


def _title(
    history: CacheHistory,
    shown: tuple[StripCell, ...],
    columns: list[tuple[Piece, ...]],
    moment: tuple[float, tzinfo | None],
    width: int,
) -> Iterator[Line]:
    """How many requests since when, and what the strip's shapes mean."""
    since = clock_time(shown[0].at, *moment)
    every = max(history.requests, len(shown))
    count = plural(every, "request") if every == len(shown) else f"last {len(shown)} of {every} requests"
    left: Line = (Piece(f" {count}"), Piece(f" since {since}", "dim"))
    drawn = {piece for column in columns for piece in column}
    legend: list[Piece] = []
    for piece, word in _KEYS:
        if piece in drawn:
            legend += [*((Piece("  "),) if legend else ()), piece, Piece(f" {word}", "dim")]
    line = spread(left, tuple(legend), width - 1)
    if line == left and legend:
        yield from _fitted(left, left[:1], width)
        yield from _fitted((Piece(" "), *legend), legend, width)
    else:
        yield from _fitted(line, left[:1], width)


def _fitted(line: Iterable[Piece], shorter: Iterable[Piece], width: int) -> Iterator[Line]:
    """The line, else its shorter form, else as many of that one's pieces as fit."""
    chosen = tuple(line) if width_of(tuple(line)) <= width else tuple(shorter)
    while chosen and width_of(chosen) > width:
        chosen = chosen[:-1]
    if chosen:
        yield chosen


def _column(cell: StripCell, top: int) -> tuple[Piece, ...]:
    """A request's cells from the ground up: read, written on it, and what was not cached."""
    total = cell.prefix
    if total <= 0:
        return ()
    height = max(1, round(ROWS * total / top))
    parts = [(_READ, cell.read / total), (_WRITTEN, cell.written / total), (_INPUT, cell.input / total)]
    largest = max(parts, key=lambda part: part[1])[0]
    cells = {piece: round(share * height) for piece, share in parts}
    # Rounding must neither add a row nor lose one, and the largest part can best bear it.
    cells[largest] = max(0, height - sum(count for piece, count in cells.items() if piece is not largest))
    return tuple(piece for piece, _ in parts for _ in range(cells[piece]))[:height]


def _kinds(moments: Iterable[CacheMoment]) -> dict[float, str]:
    return {moment.at: kind(moment) for moment in moments}


def kind(moment: CacheMoment) -> str:
    """Which mark a moment has."""
    if moment.event is not None:
        return moment.event.kind
    return "lapsed" if moment.broke is not None and moment.broke.cause == "expired" else "changed"


def _key(mark: Mark) -> Line:
    return (Piece(mark.glyph, mark.role), Piece(f" {mark.word}  ", "dim"))


def _joined(pieces: Iterable[Piece]) -> Line:
    """Neighbours of one role as one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].role == piece.role:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.role)
        else:
            joined.append(piece)
    return tuple(joined)
