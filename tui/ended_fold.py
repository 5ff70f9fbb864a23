"""What stands in a session's place while the cursor is on the fold of what ended today. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from store.models import SessionView
from tui.board_order import LABELS
from tui.format import money, plural
from tui.lines import BLANK, Line, Piece, rule


def ended_fold(
    sessions: Sequence[SessionView], width: int, *, unfolded: bool, enter: str, pane: bool
) -> tuple[Line, ...]:
    """How many ended, what they cost, and what Enter does. `pane`: it stands below the list, under a rule."""
    said = f"{plural(len(sessions), 'session')} ended, {_cost(sessions)} in all"
    hint = f"{enter} {'folds' if unfolded else 'unfolds'} them" if enter else ""
    body: tuple[Line, ...] = ((Piece(f" {said}"),), *(((Piece(f" {hint}", "dim"),),) if hint else ()))
    title: Line = (Piece(f" {LABELS['ended']}", "strong"),)
    if not pane:
        return (title, *body)
    return (BLANK, (*rule((Piece("─", "faint"), *title), (), width - 1), Piece("─", "faint")), *body)


def _cost(sessions: Sequence[SessionView]) -> str:
    """Their money; `over` where some have a model without a price."""
    known = [one.totals.usd for one in sessions if one.totals.usd is not None]
    return money(sum(known)) if len(known) == len(sessions) else f"over {money(sum(known))}" if known else money(None)
