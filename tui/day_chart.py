"""Bars on a line, one a day: what was saved stands on it, what was spent hangs from it, what was lost at the far end.

Both directions have one scale, so that their areas compare. Where colours are few, shape tells what is what, and no
glyph is used that a plain console has not. Pure: amounts and labels in, lines out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from tui.format import cut, pad_left
from tui.lines import Line, Piece, Role, width_of

MOST = 1e15
"""Larger amounts are drawn as this one."""
LEAST = 1e-6
_NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_STEPS = (4, 3, 2, 1)
"""Cells from bar to bar: one of them is the gap, where there are two."""
_FEW_BARS, _WIDE_STEP = 12, 6
_LEGEND_GAP = 3
MONEY = ("saved", "spent", "lost")


class Drawing(NamedTuple):
    """Glyphs for the shares of a cell that can be drawn, least first, the full one last."""

    up: str
    down: tuple[tuple[float, str], ...]
    """Share and glyph."""
    spent: str
    lost: str
    """Full cells that hang."""


EIGHTHS = Drawing("▁▂▃▄▅▆▇█", ((0.125, "▔"), (0.5, "▀"), (1.0, "█")), "█", "█")
HALVES = Drawing("▄█", ((1.0, "█"),), "░", "▒")
"""For few colours or none: saved in halves, below the line whole cells whose shape tells spent from lost."""
WHOLE = HALVES._replace(up="█")
"""For terminals without Unicode."""


def fitting(*, ascii_only: bool, few_colours: bool) -> Drawing:
    """Shape instead of hue where colours are few, and no glyph that has no ASCII form."""
    if ascii_only:
        return WHOLE
    return HALVES if few_colours else EIGHTHS


class Bar(NamedTuple):
    """A day. Amounts are finite and not negative."""

    up: float = 0.0
    down: float = 0.0
    lost: float = 0.0
    """The part of `down` that came to nothing."""
    label: str = ""
    """Below it, where there is room; of a day its number."""
    turn: str = ""
    """Of a day its number and month, for the first label of a month; where bars have no labels, one that stands."""


class Scale(NamedTuple):
    """`unit`: amount of one row."""

    unit: float
    up: int
    down: int


def scale(up: float, down: float, rows: int) -> Scale:
    """The smallest round amount a row with which both directions fit into so many rows, at least one each."""
    highest = max(up, down, LEAST)
    exponent = math.floor(math.log10(highest / rows)) - 1
    while True:
        for nice in _NICE:
            unit = nice * 10.0**exponent
            above, below = (max(1, math.ceil(amount / unit - 1e-9)) for amount in (up, down))
            if above + below <= max(2, rows):
                return Scale(unit, above, below)
        exponent += 1


def shown(bars: int, room: int) -> tuple[int, int]:
    """How many bars fit, and the cells from one to the next."""
    steps = (_WIDE_STEP, *_STEPS) if bars <= _FEW_BARS else _STEPS
    for step in steps:
        if bars * step - (step > 1) <= room:
            return bars, step
    return max(0, room), 1


def days_from(first: date, last: date, found: Mapping[str, Bar]) -> list[Bar]:
    """A bar for each day, both ends included, with its date; `found` is by date as YYYY-MM-DD."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [found.get(day.isoformat(), Bar())._replace(label=str(day.day), turn=f"{day.day} {day:%b}") for day in days]


def plot(
    bars: Sequence[Bar],
    width: int,
    rows: int,
    show: Callable[[float], str],
    drawing: Drawing = EIGHTHS,
    *,
    words: tuple[str, str, str] = MONEY,
    noun: str = "days",
) -> Iterator[Line]:
    """Rows above the line, the line, rows below it, labels; and what the shapes mean, at the right or in a line more.

    `bars` are oldest first; where they do not fit, the newest are shown and the last line says so. `show` writes an
    amount at the scale's ends, `words` name what stands, hangs, and hangs in vain, `noun` names the bars.
    """
    held = [_held(bar) for bar in bars]
    # What the scale is depends on what fits, and that on how wide its labels are: the widest there may be decides.
    first = _scale_of(held, rows)
    ends = max(len(show(first.up * first.unit)), len(show(first.down * first.unit)), 1)
    room = width - ends - 3
    count, step = shown(len(held), room)
    held = held[len(held) - count :]
    found = _scale_of(held, rows)
    anything = any(bar.up or bar.down for bar in held)
    key = _key(drawing, words, held)
    used = ends + 2 + count * step
    beside = used + _LEGEND_GAP + max(width_of(line) for line in key) < width
    above, line, below = _drawn(held, found, step, drawing)
    for index, drawn in enumerate(above):
        end = show(found.up * found.unit) if not index and anything else ""
        yield _line(end, ends, drawn, key[0] if beside and not index else (), used)
    yield _line("0", ends, line, (), used)
    for index, drawn in enumerate(below):
        end = show(found.down * found.unit) if index == found.down - 1 and anything else ""
        yield _line(end, ends, drawn, key[1] if beside and not index else (), used)
    labels = _labels(held, step, ends + 2)
    if labels.strip():
        yield (Piece(labels, "dim"),)
    if not beside:
        yield (Piece(" "), *key[0], Piece("  "), *key[1])
    if count < len(bars):
        yield (Piece(cut(f" the newest {count} of {len(bars)} {noun}", width), "dim"),)


def small(
    bars: Sequence[Bar], width: int, rows: int, drawing: Drawing = EIGHTHS
) -> tuple[list[Line], Line, list[Line]]:
    """The bars and nothing around them: rows above the line, the line, rows below it; so many rows or fewer."""
    count, step = shown(len(bars), width)
    held = [_held(bar) for bar in bars[len(bars) - count :]]
    return _drawn(held, _scale_of(held, rows), step, drawing)


def _scale_of(held: Sequence[Bar], rows: int) -> Scale:
    return scale(max((bar.up for bar in held), default=0.0), max((bar.down for bar in held), default=0.0), rows)


def _drawn(held: Sequence[Bar], found: Scale, step: int, drawing: Drawing) -> tuple[list[Line], Line, list[Line]]:
    """The rows above the line from the top, the line, the rows below it."""
    above = [
        _row([_rising(bar.up / found.unit - row, drawing) for bar in held], step) for row in reversed(range(found.up))
    ]
    below = [_row([_hanging(bar, row, found.unit, drawing) for bar in held], step) for row in range(found.down)]
    return above, (Piece("─" * (len(held) * step - (step > 1)), "faint"),), below


def _held(bar: Bar) -> Bar:
    """Within what can be drawn."""
    up, down = (min(MOST, max(0.0, amount)) for amount in (bar.up, bar.down))
    return bar._replace(up=up, down=down, lost=min(down, max(0.0, bar.lost)))


def _rising(amount: float, drawing: Drawing) -> Piece:
    """A cell above the line that `amount` rows above its floor are to fill."""
    levels = len(drawing.up)
    level = min(levels, round(amount * levels))
    return Piece(drawing.up[level - 1], "good") if level > 0 else Piece(" ")


def _hanging(bar: Bar, row: int, unit: float, drawing: Drawing) -> Piece:
    """A cell below the line; it tells of what fills the greater part of it."""
    amount = min(1.0, bar.down / unit - row)
    if amount <= 0:
        return Piece(" ")
    kept = (bar.down - bar.lost) / unit - row
    lost = kept < amount / 2
    glyph = min(drawing.down, key=lambda one: abs(one[0] - amount))[1]
    full = drawing.lost if lost else drawing.spent
    return Piece(full if glyph == "█" else glyph, "bad" if lost else "dim")


def _row(cells: Sequence[Piece], step: int) -> Line:
    """One row of all bars."""
    wide, gap = (step - 1, " ") if step > 1 else (1, "")
    pieces = [part for cell in cells for part in (Piece(cell.text * wide, cell.role), Piece(gap))]
    # What is empty has no role of its own.
    merged: list[Piece] = []
    for role, group in groupby(pieces, lambda piece: piece.role if piece.text.strip() else None):
        text = "".join(piece.text for piece in group)
        merged.append(Piece(text, role) if role is not None else Piece(text))
    return tuple(merged)


def _line(end: str, ends: int, drawn: Line, key: Line, used: int) -> Line:
    line: Line = (Piece(f" {pad_left(end, ends)} ", "dim"), *drawn)
    if not key:
        return line
    return (*line, Piece(" " * (used + _LEGEND_GAP - width_of(line))), *key)


def _key(drawing: Drawing, words: tuple[str, str, str], bars: Sequence[Bar]) -> tuple[Line, Line]:
    """What stands and what hangs; of the latter no more than there is."""

    def one(glyph: str, role: Role, word: str) -> Line:
        return Piece(glyph, role), Piece(f" {word}", "dim")

    lost = any(bar.lost > 0 for bar in bars)
    below: Line = ()
    if any(bar.down > bar.lost for bar in bars) or not lost:
        below = one(drawing.spent, "dim", words[1])
    if lost:
        below = (*below, *((Piece("  "),) if below else ()), *one(drawing.lost, "bad", words[2]))
    return one(drawing.up[-1], "good", words[0]), below


def _labels(bars: Sequence[Bar], step: int, before: int) -> str:
    """Evenly spaced, counted from the newest, as close as they stand apart; `before` cells are left of the bars.

    The first of a month says which one. It may begin a cell before its bar, the last one as many as it needs.
    """
    end = before + len(bars) * step - (step > 1)
    if any(not bar.label for bar in bars):
        texts = [bar.turn or bar.label for bar in bars]
        return _written([(before + index * step, text) for index, text in enumerate(texts) if text], before, end)
    for stride in range(1, len(bars) + 1):
        at = range(len(bars) - 1, -1, -stride)[::-1]
        months = ["", *(bars[index].turn.rpartition(" ")[2] for index in at)]
        texts = [
            bars[index].turn if month != last else bars[index].label
            for index, (last, month) in zip(at, pairwise(months), strict=True)
        ]
        found = _written([(before + index * step, text) for index, text in zip(at, texts, strict=True)], before, end)
        if found or stride == len(bars):
            return found
    return ""


def _written(labels: Sequence[tuple[int, str]], before: int, end: int) -> str:
    """The texts at their cells; '' where two would touch."""
    line = ""
    for index, (at, text) in enumerate(labels):
        start = min(at, end - len(text))
        if not index and len(labels) > 1 and start + len(text) + 1 > labels[1][0]:
            start -= 1
        if start < (len(line) + 1 if line else max(0, before - 1)):
            return ""
        line = line.ljust(start) + text
    return line
