"""The tables of the ledger's page: days, what came of them, projects. Pure.

Each number has a right-aligned column of its own; where room is short whole columns go, numbers are never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from store.ledger_models import DayLedger, SpanLedger, SpanLine
from store.sessions import FORGOTTEN
from tui.amounts import net_of
from tui.format import NOTHING, clean, cut, money, net, pad, pad_left, tokens
from tui.ledger_words import LABELS
from tui.lines import Line, Piece, Role

NORMAL = 45
APART = 2
"""Cells between two amounts, where a column may be widened for them."""


class Column(NamedTuple):
    """A number's place. `least`: width of the page from which on it is shown."""

    head: str
    cells: int
    text: Callable[[SpanLine], str]
    role: Callable[[SpanLine], Role]
    least: int = 0


def _some(amount: float, write: Callable[[float], str]) -> str:
    return write(amount) if amount else NOTHING


def _net(line: SpanLine) -> float:
    """Of the two beside it, as they read."""
    return net_of(line.saved, line.spent)


def _net_role(line: SpanLine) -> Role:
    left = _net(line)
    return "good" if left > 0 else "bad" if left < 0 else "dim"


def _faded(value: Callable[[SpanLine], float]) -> Callable[[SpanLine], Role]:
    """Nothing is quiet."""
    return lambda line: "fg" if value(line) else "dim"


_PINGS = Column("pings", 6, lambda line: str(line.pings), lambda line: "dim", 36)
_HITS = Column("warm", 6, lambda line: str(line.hits), lambda line: "dim", 53)
_TIMES = Column("times", 6, lambda line: str(line.closed or NOTHING), lambda line: "dim", 36)
_SPENT = Column("spent", 7, lambda line: _some(line.spent, money), _faded(lambda line: line.spent))
_SAVED = Column("saved", 7, lambda line: _some(line.saved, money), _faded(lambda line: line.saved))
_LOST = Column("lost", 7, lambda line: _some(line.lost, money), _faded(lambda line: line.lost), 53)
_NET = Column("net", 8, lambda line: net(_net(line)), _net_role)
_TOOK = Column("took", 7, lambda line: _some(line.spent, tokens), _faded(lambda line: line.spent))
_KEPT = Column("kept", 7, lambda line: _some(line.saved, tokens), _faded(lambda line: line.saved))
_WASTED = Column("lost", 7, lambda line: _some(line.lost, tokens), _faded(lambda line: line.lost), 36)

_DAYS = (_PINGS, _HITS, _SPENT, _SAVED, _LOST, _NET)
_DAYS_IN_TOKENS = (_PINGS, _HITS, _TOOK, _KEPT, _WASTED)
DAY_CELLS, LEAST_DAY = 10, 6
"""`Mon 23 Nov`, `23 Nov`."""
LEAST_NAME = 14
"""Of a project, or of what came of idle periods."""
FULL_CELLS = DAY_CELLS + sum(column.cells for column in _DAYS) + 4
"""With every column, two of them a cell wider. No table is wider: one below the other they end at one edge."""


def slots(span: SpanLedger, ledger: DayLedger, width: int, *, priced: bool) -> Iterator[Line]:
    """Days or hours, newest first; years stand between them."""
    columns = _shown(_DAYS if priced else _DAYS_IN_TOKENS, width, span.by_slot, LEAST_DAY)
    room = _room(columns, width)
    yield _head(ledger.slot, room, columns)
    yield _rule(room, columns)
    year = ledger.today[:4]
    for line in reversed(span.by_slot):
        if not (line.pings or line.spent or line.saved):
            continue  # something spent on another day has come to nothing on this one
        if ledger.slot == "day" and line.key[:4] != year:
            year = line.key[:4]
            yield (Piece(f" {year}", "dim"),)
        yield _row(slot_name(line.key, ledger, room), "fg", room, columns, line)


def results(span: SpanLedger, width: int, *, priced: bool) -> Iterator[Line]:
    """What came of the idle periods, in words with their money."""
    columns = _shown((_TIMES, _SPENT, _SAVED) if priced else (_TIMES, _TOOK, _KEPT), width, span.by_result, LEAST_NAME)
    room = _room(columns, width)
    yield _head("what came of it" if room > 15 else "result", room, columns)
    yield _rule(room, columns)
    for line in span.by_result:
        yield _row(LABELS.get(line.key, line.key), "dim" if line.key == "open" else "fg", room, columns, line)


def projects(span: SpanLedger, width: int, most: int, *, priced: bool) -> Iterator[Line]:
    """The dearest ones; the rest is counted."""
    wanted: tuple[Column, ...] = (_PINGS, _SPENT, _SAVED, _NET) if priced else (_PINGS, _TOOK, _KEPT)
    # A name needs more room than a date: what it was made of is told by day.
    wanted = wanted if width >= NORMAL or not priced else (_SPENT, _NET)
    columns = _shown(wanted, width, span.by_project[:most], LEAST_NAME)
    room = _room(columns, width)
    yield _head("project", room, columns)
    yield _rule(room, columns)
    for line in span.by_project[:most]:
        role: Role = "dim" if line.key == FORGOTTEN else "fg"
        yield _row(clean(line.key) or NOTHING, role, room, columns, line)
    if len(span.by_project) > most:
        rest = f" {len(span.by_project) - most} more: warmside ledger"
        yield (Piece(cut(rest, width - 1), "dim"),)


def slot_name(key: str, ledger: DayLedger, cells: int) -> str:
    """`today`, `Mon 23 Nov` or where that is too long `23 Nov`; of an hour `14:00`."""
    if ledger.slot == "hour":
        return f"{int(key)}:00"
    if key == ledger.today:
        return "today"
    day = date.fromisoformat(key)
    return f"{day:%a} {day.day} {day:%b}" if cells >= DAY_CELLS else f"{day.day} {day:%b}"


def _shown(columns: Sequence[Column], width: int, lines: Sequence[SpanLine], name: int) -> tuple[Column, ...]:
    """The columns that the page's width allows, wider for long amounts as far as `name` cells are left for names."""
    shown = [column for column in columns if width >= column.least]
    spare = _room(shown, width) - name
    for index, column in enumerate(shown):
        longest = max((len(column.text(line)) for line in lines), default=0)
        more = max(0, min(spare, longest + APART - column.cells))
        shown[index], spare = column._replace(cells=column.cells + more), spare - more
    return tuple(shown)


def _room(columns: Sequence[Column], width: int) -> int:
    """Cells for the name: one is free at each end."""
    return min(width, FULL_CELLS) - 2 - sum(column.cells for column in columns)


def _head(name: str, room: int, columns: Sequence[Column]) -> Line:
    return (Piece(f" {pad(name, room)}" + "".join(pad_left(column.head, column.cells) for column in columns), "dim"),)


def _rule(room: int, columns: Sequence[Column]) -> Line:
    return (Piece(" "), Piece("─" * (room + sum(column.cells for column in columns)), "faint"))


def _row(name: str, role: Role, room: int, columns: Sequence[Column], line: SpanLine) -> Line:
    numbers = (Piece(pad_left(column.text(line), column.cells), column.role(line)) for column in columns)
    return (Piece(f" {pad(name, room)}", role), *numbers)
