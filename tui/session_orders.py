"""One key, one order: what `h` and `o` mean for a session now, what came of `p`, and what is said after. Pure."""

from __future__ import annotations

from datetime import tzinfo

from rich.cells import cell_len

from keepalive.caps import DayLeft
from store.models import BudgetMode, CacheStateName, SessionView
from tui import facts
from tui.budget_ahead import ahead, most, over
from tui.budget_form import HOLD_SECONDS, Budget
from tui.failure import HELD
from tui.format import clock_time, money
from tui.orders import BudgetWanted, ModeWanted
from tui.parse import usd_text
from tui.reasons import words


def mode_order(
    session: SessionView, name: str, asked: BudgetMode, now: float, zone: tzinfo | None, *, lifts: str = ""
) -> ModeWanted:
    """`h` holds for two hours, and on a held session goes back to auto; `o` always switches off: a key that may also
    switch spending on would have to be looked at twice. `lifts`: the key with which a limit is changed."""
    mode = BudgetMode.AUTO if asked is BudgetMode.HOLD and facts.is_held(session, now) else asked
    if mode is BudgetMode.HOLD:
        keep, until = session.keepalive, now + HOLD_SECONDS
        budget = Budget(BudgetMode.HOLD, keep.max_pings, keep.max_usd, until, {})
        said = _held(session, budget, f"held to {clock_time(until, now, zone)}", now, zone, None, lifts)
        return ModeWanted(session.id, mode, until, f"{name}: {said}", name)
    return ModeWanted(session.id, mode, None, f"{name}: keep-alive {mode}", name)


def _held(
    session: SessionView,
    budget: Budget,
    wanted: str,
    now: float,
    zone: tzinfo | None,
    day: DayLeft | None,
    lifts: str = "",
) -> str:
    """What is `wanted` of a hold, or to when the caps let it be held, and what that costs where a cold resume would
    cost less."""
    if facts.state(session, now) is not CacheStateName.WARM:
        return wanted
    seen = ahead(session, budget, now, day)
    if seen.ends:
        limit = _limit(budget, seen.ends)
        lifted = f" ({lifts} lifts it)" if lifts and seen.ends != "day" else ""
        if seen.pings == 0 or seen.to is None:
            return f"not held: {limit} spent{lifted}"
        return f"held to {clock_time(seen.to, now, zone)} only: {limit}{lifted}"
    more = over(session, most(session, budget, seen, day))
    return wanted if more is None else f"{wanted}, {money(more)} more than a cold resume"


def _limit(budget: Budget, ends: str) -> str:
    """The cap that ends it, as a person has set it."""
    if ends == "pings" and budget.pings is not None:
        return f"{budget.pings} ping limit"
    return f"{usd_text(budget.usd)} limit" if ends == "money" and budget.usd is not None else "day's cap"


def budget_said(
    wanted: BudgetWanted,
    now: float,
    zone: tzinfo | None,
    session: SessionView | None = None,
    day: DayLeft | None = None,
) -> str:
    """What a budget means from now on; of a `session` that is to be held, to when its caps allow it."""
    if wanted.mode is BudgetMode.OFF:
        return "keep-alive off"
    said = "kept while it pays" if wanted.mode is BudgetMode.AUTO else "held"
    if wanted.until is None:
        return said
    said += " until your next prompt" if wanted.until_back else f" to {clock_time(wanted.until, now, zone)} at most"
    if session is None or wanted.mode is BudgetMode.AUTO:
        return said
    budget = Budget(wanted.mode, wanted.pings, wanted.usd, wanted.until, {}, wanted.until_back)
    return _held(session, budget, said.removesuffix(" at most"), now, zone, day)


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


def ping_paid(before: SessionView, after: SessionView, now: float, zone: tzinfo | None) -> str:
    """What the ping between two looks at a session cost, and until when the entry is warm; '' as long as the second
    look knows nothing of it."""
    was, keep, until = before.keepalive, after.keepalive, after.cache.expires_at
    renewed = until is not None and until > (before.cache.expires_at or 0.0)
    if keep.pings <= was.pings or keep.in_flight or until is None or not renewed:
        return ""
    paid = None if keep.usd is None or was.usd is None or facts.on_plan(after) else keep.usd - was.usd
    warm = f"warm to {clock_time(until, now, zone)}"
    return f"pinged for {money(paid)}, {warm}" if paid is not None else f"pinged, {warm}"


def ping_result(result: str, now: float, zone: tzinfo | None) -> str:
    """What came of a ping that a person asked for, as the feed's commands tell it."""
    if not result:
        return "ping sent, no answer yet"
    if result == "hit":
        return "ping hit, warm again"
    if result == "miss":
        return "ping missed: the prefix was written again"
    return f"no ping: {words(result, {}, now, zone).short}"
