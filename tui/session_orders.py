"""One key, one order: what `h` and `o` mean for a session now, what came of `p`, and what is said after. Pure."""

from __future__ import annotations

from datetime import tzinfo

from rich.cells import cell_len

from store.models import BudgetMode, CacheStateName, SessionView
from tui import facts
from tui.budget_ahead import ahead, most, over
from tui.budget_form import HOLD_SECONDS, Budget
from tui.failure import HELD
from tui.format import clock_time, money
from tui.orders import BudgetWanted, ModeWanted
from tui.reasons import words


def mode_order(session: SessionView, name: str, asked: BudgetMode, now: float, zone: tzinfo | None) -> ModeWanted:
    """`h` holds for two hours, and on a held session goes back to auto; `o` always switches off: a key that may also
    switch spending on would have to be looked at twice."""
    mode = BudgetMode.AUTO if asked is BudgetMode.HOLD and facts.is_held(session, now) else asked
    if mode is BudgetMode.HOLD:
        until = now + HOLD_SECONDS
        return ModeWanted(session.id, mode, until, f"{name}: {_held(session, until, now, zone)}", name)
    return ModeWanted(session.id, mode, None, f"{name}: keep-alive {mode}", name)


def _held(session: SessionView, until: float, now: float, zone: tzinfo | None) -> str:
    """To when its caps, which stay, let it be held, and what that costs where a cold resume would cost less."""
    keep = session.keepalive
    budget = Budget(BudgetMode.HOLD, keep.max_pings, keep.max_usd, until, {})
    if facts.state(session, now) is not CacheStateName.WARM:
        return f"held to {clock_time(until, now, zone)}"
    seen = ahead(session, budget, now, None)
    if seen.pings == 0 and seen.ends:
        return f"held, but {_SPENT[seen.ends]}"
    said = f"held to {clock_time(seen.to or until, now, zone)}"
    more = over(session, most(session, budget, seen, None))
    return said if more is None else f"{said}, {money(more)} more than a cold resume"


_SPENT = {"pings": "its pings are spent", "money": "its money is spent", "day": "the day's cap is spent"}


def budget_said(wanted: BudgetWanted, now: float, zone: tzinfo | None) -> str:
    """What a budget means from now on. (Its caps may end it before.)"""
    if wanted.mode is BudgetMode.OFF:
        return "keep-alive off"
    said = "kept while it pays" if wanted.mode is BudgetMode.AUTO else "held"
    if wanted.until is None:
        return said
    if wanted.until_back:
        return f"{said} until your next prompt"
    return f"{said}, to {clock_time(wanted.until, now, zone)} at most"


NOT_DONE = {BudgetMode.OFF: "not switched off", BudgetMode.AUTO: "not set to auto", BudgetMode.HOLD: "not held"}
"""Of an order of a mode that failed."""


def failed(name: str, not_done: str, why: str, key: str, width: int) -> str:
    """What was ordered and did not come about, and why; where the store was only busy the key that tries again is told,
    in the longest form that fits."""
    whole = f"{name} {not_done}: {why}"
    forms: tuple[str, ...] = (whole, f"{not_done}: {why}", why)
    if why == HELD:
        again = f"press {key} again" if key else "try again"
        forms = (
            f"{whole}; {again}",
            f"{name} {not_done}: store held; {again}",
            f"{not_done}: store held; {again}",
            f"{not_done}: {again}",
        )
    return next((form for form in forms if cell_len(form) <= width), forms[-1])


def ping_result(result: str, now: float, zone: tzinfo | None) -> str:
    """What came of a ping that a person asked for, as the feed's commands tell it."""
    if not result:
        return "ping sent, no answer yet"
    if result == "hit":
        return "ping hit, warm again"
    if result == "miss":
        return "ping missed: the prefix was written again"
    return f"no ping: {words(result, {}, now, zone).short}"
