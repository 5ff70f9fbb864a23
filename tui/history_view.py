"""A session of the history in lines: beside the list the turn that was found, opened the session at that turn. Pure.

The opened session is the board's own session view, so that it reads the same wherever it is met; only the turn that
was chosen is told whole in the place of its card.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from rich.cells import cell_len

from store.models import SessionDetail, TurnView
from store.search_terms import Term
from tui import turn
from tui.detail import Subject
from tui.format import clean, cut, cut_left, model_name, plural, tokens
from tui.history_feed import OpenedSession
from tui.history_turn import told, when
from tui.lines import BLANK, Line, Piece, rule, spread
from tui.session_view import TURNS, Tab, home, session_view

PREVIEWED = 20
AROUND = 30
"""Turns on either side of the chosen one: a session may have a thousand, and nobody scrolls that far to read it."""
ALIKE = 5
"""So many equal lines are the same place."""
NO_TURNS_LINES = 2
"""What the session view says where there is no turn."""


class Page(NamedTuple):
    """What surrounds the text."""

    width: int
    now: float
    zone: tzinfo | None


class Opened(NamedTuple):
    """An opened session, and the line at which its chosen turn begins."""

    lines: tuple[Line, ...]
    start: int = 0


def preview(opened: OpenedSession, number: int | None, terms: Sequence[Term], page: Page) -> tuple[Line, ...]:
    """The turn that was found, under its session's name; without a number the session."""
    detail = opened.detail
    one = _turn(detail, number)
    if one is None:
        newest = _below(detail, detail.turns[: -PREVIEWED - 1 : -1])
        return session_view(_subject(detail, newest, page), page.width)
    return (*_head(detail, one, page), BLANK, *told(turn.below(one, detail.cwd), terms, page.width))


def session(opened: OpenedSession, number: int | None, terms: Sequence[Term], page: Page, tab: Tab = TURNS) -> Opened:
    """The whole session; on the Turns tab the chosen turn is told whole between its neighbours."""
    detail = opened.detail
    newest_first = detail.turns[::-1]
    place = next((index for index, one in enumerate(newest_first) if one.n == number), None)
    if tab != TURNS or place is None:
        shown = _below(detail, newest_first[: 2 * AROUND])
        return Opened(session_view(_subject(detail, shown, page), page.width, tab, opened.cache, opened.ledger))
    first, last = max(0, place - AROUND), place + AROUND + 1
    shown = _below(detail, newest_first[first:last])
    chosen = place - first

    def view(count: int) -> tuple[Line, ...]:
        lines = session_view(_subject(detail, shown[:count], page), page.width)
        return lines if count else lines[:-NO_TURNS_LINES]

    # Each card stands alone, so the chosen one's place is where the view without it and its elders ends.
    whole, head, start, end = view(len(shown)), len(view(0)), len(view(chosen)), len(view(chosen + 1))
    newer = _more(first, "newer")
    older = _more(len(newest_first) - last, "older")
    title: Line = (Piece(f" turn {number}", "strong"), Piece(f" of {newest_first[0].n}", "dim"))
    at: Line = (Piece(when(shown[chosen].started_at, page.now, page.zone), "dim"),)
    card = (BLANK, rule(title, at, page.width - 1), *told(shown[chosen], terms, page.width))
    lines = (*whole[:head], *newer, *whole[head:start], *card, *whole[end:], *older)
    return Opened(lines, start + len(newer) + 1)


def same_place(before: Sequence[Line], after: Sequence[Line], top: int) -> int:
    """Where what was read from line `top` on stands now that others came above it; `top` where it is gone.

    The beginning stays the beginning: who looks at it wants to see what is new.
    """
    wanted = tuple(before[top : top + ALIKE])
    if not top or not wanted:
        return top
    found = (y for y in range(len(after)) if tuple(after[y : y + len(wanted)]) == wanted)
    grown = top + len(after) - len(before)
    return min(found, key=lambda y: abs(y - grown), default=top)


def _turn(detail: SessionDetail, number: int | None) -> TurnView | None:
    return next((one for one in detail.turns if one.n == number), None)


def _below(detail: SessionDetail, turns: Sequence[TurnView]) -> tuple[TurnView, ...]:
    return tuple(turn.below(one, detail.cwd) for one in turns)


def _subject(detail: SessionDetail, turns: tuple[TurnView, ...], page: Page) -> Subject:
    return Subject(detail, name_of(detail), turns, page.now, page.zone)


def name_of(detail: SessionDetail) -> str:
    """What a session is called where it stands alone."""
    return clean(detail.project) or clean(detail.title) or clean(detail.id)


def _more(count: int, which: str) -> tuple[Line, ...]:
    return (BLANK, (Piece(f" … {plural(count, f'{which} turn')}", "dim"),)) if count > 0 else ()


def _head(detail: SessionDetail, one: TurnView, page: Page) -> tuple[Line, ...]:
    at = when(one.started_at, page.now, page.zone)
    number = f"  turn {one.n} of {detail.turns[-1].n}"
    name = cut(name_of(detail), page.width - 4 - len(number) - len(at))
    first = spread((Piece(" " + name, "strong"), Piece(number, "dim")), (Piece(at, "dim"),), page.width - 1)
    kind = f" · {clean(detail.agent)} · {model_name(detail.model)} · {tokens(one.context_after)}"
    where = cut_left(home(detail.cwd), page.width - 2 - cell_len(kind))
    lines: list[Line] = [first, (Piece(" " + cut(where + kind, page.width - 2), "dim"),)]
    if detail.title:
        lines.append((Piece(" " + cut(clean(detail.title), page.width - 2), "dim"),))
    return tuple(lines)
