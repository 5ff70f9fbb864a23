"""One key, one order: what `h` and `o` mean for a session now, and what came of `p`. Pure."""

from __future__ import annotations

from datetime import tzinfo

from store.models import BudgetMode, SessionView
from tui import facts
from tui.budget_form import HOLD_SECONDS
from tui.format import clock_time
from tui.orders import ModeWanted
from tui.reasons import words


def mode_order(session: SessionView, name: str, asked: BudgetMode, now: float, zone: tzinfo | None) -> ModeWanted:
    """`h` holds for two hours, and on a held session goes back to auto; `o` always switches off: a key that may also
    switch spending on would have to be looked at twice."""
    mode = BudgetMode.AUTO if asked is BudgetMode.HOLD and facts.is_held(session, now) else asked
    if mode is BudgetMode.HOLD:
        until = now + HOLD_SECONDS
        return ModeWanted(session.id, mode, until, f"{name}: held to {clock_time(until, now, zone)}")
    return ModeWanted(session.id, mode, None, f"{name}: keep-alive {mode}")


def ping_result(result: str, now: float, zone: tzinfo | None) -> str:
    """What came of a ping that a person asked for, as the feed's commands tell it."""
    if not result:
        return "ping sent, no answer yet"
    if result == "hit":
        return "ping hit, warm again"
    if result == "miss":
        return "ping missed: the prefix was written again"
    return f"no ping: {words(result, {}, now, zone).short}"
