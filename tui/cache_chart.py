"""A session's last requests as a strip: one column each, the newest at the right, marks under those that paid. Pure.

What was read from the cache and what was written on it are two colours, drawn in eighths of a cell; where colours are
few, tui/coarse.py makes two shapes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import NamedTuple

from store.cache_strip import CacheHistory, CacheMoment, StripCell
from tui.coarse import EIGHTHS
from tui.format import clock_time, pad_left, plural, tokens
from tui.lines import Line, Piece, Role, spread, width_of

ROWS = 6
"""Height of the strip."""
_CELL = len(EIGHTHS)
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
_READ, _WRITTEN, _INPUT = Piece("█", "read"), Piece("█", "cold"), Piece("▒", "dim")
LEAST_WRITTEN = 0.04
"""A smaller share of a prefix is what every request writes: it would be a blue edge over everything."""
_STACKED: dict[Role, tuple[Role, ...]] = {"stack": ("read", "cold")}
_KEYS = ((_READ, "read"), (_WRITTEN, "written"), (_INPUT, "not cached"))


def strip(history: CacheHistory, now: float, zone: tzinfo | None, width: int) -> Iterator[Line]:
    """Title, columns over a scale, marks of what happened, times, and what shapes and marks mean."""
    shown = history.strip[-max(1, width - SCALE_CELLS - 3) :]
    top = max(1, *(cell.prefix for cell in shown))
    kinds = _kinds(history.moments)
    columns = [_column(cell, top) for cell in shown]
    yield from _title(history, shown, (now, zone), width)
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
    # Below: above, a sample of an area would stand on the strip's peak and look like a part of it.
    areas = list(_areas(columns))
    signs = [_key(mark.glyph, mark.role, mark.word) for mark in dict.fromkeys(mark for mark in marks if mark)]
    together = _beside([*areas, *signs])
    for keys in (together,) if width_of(together) < width else (_beside(areas), _beside(signs)):
        if keys:
            yield from _fitted((indent, *keys), (Piece(" "), *keys), width)


def _title(
    history: CacheHistory, shown: tuple[StripCell, ...], moment: tuple[float, tzinfo | None], width: int
) -> Iterator[Line]:
    """How many requests since when."""
    since = clock_time(shown[0].at, *moment)
    every = max(history.requests, len(shown))
    count = plural(every, "request") if every == len(shown) else f"last {len(shown)} of {every} requests"
    left: Line = (Piece(f" {count}"), Piece(f" since {since}", "dim"))
    yield from _fitted(left, left[:1], width)


def _areas(columns: Iterable[tuple[Piece, ...]]) -> Iterator[Line]:
    """What the strip's shapes mean, of those that are there."""
    drawn = {role for column in columns for piece in column for role in _STACKED.get(piece.role, (piece.role,))}
    return (_key(piece.text, piece.role, word) for piece, word in _KEYS if piece.role in drawn)


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
    # (Half a cell at least: less would not be seen where cells are whole.)
    height = max(_CELL // 2, round(ROWS * _CELL * total / top))
    written = cell.written if cell.written >= LEAST_WRITTEN * total else 0
    amounts = {_READ: cell.read, _WRITTEN: written, _INPUT: cell.input}
    eighths = {piece: round(height * amount / total) for piece, amount in amounts.items()}
    # Rounding must neither add nor lose anything, and the largest part can best bear it.
    largest = max(amounts, key=lambda piece: amounts[piece])
    eighths[largest] += height - sum(eighths.values())
    parts: list[tuple[Piece, int, int]] = []
    at = 0
    for piece, count in eighths.items():
        parts.append((piece, at, at + count))
        at += count
    return tuple(_cell(parts, floor, min(floor + _CELL, height)) for floor in range(0, height, _CELL))


def _cell(parts: Iterable[tuple[Piece, int, int]], floor: int, end: int) -> Piece:
    """One cell of a column, filled from `floor` to `end`. Of three parts in one cell the largest is shown."""
    inside = {piece: max(0, min(end, stop) - max(floor, start)) for piece, start, stop in parts}
    largest = max(inside, key=lambda piece: inside[piece])
    level = end - floor
    if largest is _INPUT:
        return _INPUT if level >= _CELL // 2 else Piece(" ")
    if inside[_READ] and inside[_WRITTEN] and inside[_READ] + inside[_WRITTEN] == _CELL:
        return Piece(EIGHTHS[inside[_READ] - 1], "stack")
    return Piece(EIGHTHS[level - 1], largest.role)


def _kinds(moments: Iterable[CacheMoment]) -> dict[float, str]:
    return {moment.at: kind(moment) for moment in moments}


def kind(moment: CacheMoment) -> str:
    """Which mark a moment has."""
    if moment.event is not None:
        return moment.event.kind
    return "lapsed" if moment.broke is not None and moment.broke.cause == "expired" else "changed"


def _key(sign: str, role: Role, word: str) -> Line:
    return (Piece(sign, role), Piece(f" {word}", "dim"))


def _beside(keys: Iterable[Line]) -> Line:
    return tuple(piece for n, key in enumerate(keys) for piece in ((Piece("  "),) if n else ()) + tuple(key))


def _joined(pieces: Iterable[Piece]) -> Line:
    """Neighbours of one role as one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].role == piece.role:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.role)
        else:
            joined.append(piece)
    return tuple(joined)
