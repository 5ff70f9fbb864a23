"""Which pings a budget would send if nobody comes back: how many, to when, for how much, and which limit ends them.

Pure. It counts as the keeper's policy does (keepalive/caps.py), so that what the sheet promises is what the board shows
after it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from keepalive import caps
from keepalive.caps import DayLeft, End
from keepalive.state import margin
from store.models import BudgetMode, SessionView
from tui import facts
from tui.budget_form import Budget

SAME_END_SECONDS = 60.0
"""Ends are typed to the minute."""


ENDS: Mapping[str, tuple[str, str]] = {
    "pings": ("its ping limit ends it", "ping limit"),
    "money": ("the money ends it", "money"),
    "day": ("the day's cap ends it", "day's cap"),
}
"""The limit that ends a hold before its own end, in two lengths."""


class Ahead(NamedTuple):
    """What lies ahead."""

    pings: int | None
    """None where nothing limits them."""
    ends: End = ""
    """The cap that ends them before their own end."""
    to: float | None = None
    """Of a hold: until when the entry is kept."""
    planned: bool = False
    """As the keeper plans them now."""


def ahead(session: SessionView, budget: Budget, now: float, day: DayLeft | None) -> Ahead:
    """By the caps, by the end, by break-even, or by the keeper's plan where the budget is the one it planned with."""
    keep, expires = session.keepalive, session.cache.expires_at
    present = _is_present(session, budget)
    if present:
        budget = budget._replace(until=keep.until)  # (to the second, or a hold would be a ping shorter here)
    by_end = _before(session, budget)
    if budget.mode is BudgetMode.HOLD and by_end is not None and expires is not None and budget.until is not None:
        row = _row(session, budget, by_end, now, day)
        return Ahead(row.pings, row.ends, min(budget.until, expires + row.pings * _step(session)))
    if present and keep.next_ping_at is not None and keep.idle_max_pings is not None:
        row = _row(session, budget, max(1, keep.idle_max_pings - keep.idle_pings), now, day)
        return Ahead(row.pings, row.ends, planned=True)
    even = _break_even(session)
    ceilings = [by_end, None if even is None else max(0, even - keep.idle_pings), _left(budget, session, None).pings]
    wanted = min((one for one in ceilings if one is not None), default=None)
    if wanted is None:
        return Ahead(None)
    row = _row(session, budget, wanted, now, day)
    return Ahead(row.pings, row.ends)


def most(session: SessionView, budget: Budget, seen: Ahead, day: DayLeft | None) -> float | None:
    """What they cost in dollars, at most; None where nothing limits it."""
    a_ping = price(session)
    if seen.pings is not None and a_ping is not None:
        return seen.pings * a_ping
    left = _left(budget, session, day)
    limits = [left.session_usd, None if left.day is None else max(0.0, left.day.usd)]
    return min((one for one in limits if one is not None), default=None)


def paid(session: SessionView) -> float:
    """What the idle period's pings have cost in dollars so far: each of them read the same prefix."""
    keep, a_ping = session.keepalive, price(session)
    if not keep.idle_pings:
        return 0.0
    costs = [keep.usd, None if a_ping is None else keep.idle_pings * a_ping]
    return min((one for one in costs if one is not None), default=0.0)


def warm(session: SessionView) -> float | None:
    """What a warm resume reads."""
    return price(session) if session.cache.warm_usd is None else session.cache.warm_usd


def saving(session: SessionView, usd: float | None) -> float | None:
    """What is left in dollars for whoever comes back after `usd` more of pings, as the ledger counts it: a cold resume
    less a warm one, less all pings of the idle period, those already sent too. Below zero it has cost as much more.
    None where it is not known, or nobody pays it.

    Worked out from amounts as they read, so that it is what the lines beside it leave; nothing where that turns a gain
    into a loss, or the other way round.
    """
    cold = session.cache.cold_usd
    if usd is None or cold is None or facts.on_plan(session):
        return None
    parts = (cold, -(warm(session) or 0.0), -paid(session), -usd)
    left, read = sum(parts), round(sum(round(part, 2) for part in parts), 2)
    return read if abs(left) > 0.005 and left * read > 0 else 0.0


def over(session: SessionView, usd: float | None) -> float | None:
    """How many dollars more that is than what it avoids; None where it is not, or nobody pays them."""
    left = saving(session, usd)
    return -left if left is not None and left < 0 else None


def price(session: SessionView) -> float | None:
    """What a ping costs: as planned, else a read of what a cold resume would write."""
    planned = session.keepalive.next_ping_usd
    return session.cache.warm_usd if planned is None else planned


def _row(session: SessionView, budget: Budget, wanted: int, now: float, day: DayLeft | None) -> caps.Row:
    ttl, expires = facts.ttl_seconds(session) or 0.0, session.cache.expires_at
    due = now if expires is None else max(now, expires - margin(ttl, 0.0))
    left = _left(budget, session, day)
    return caps.row(
        wanted,
        left,
        at=due,
        step=_step(session),
        read=price(session) or 0.0,
        write=session.cache.cold_usd or 0.0,
    )


def _left(budget: Budget, session: SessionView, day: DayLeft | None) -> caps.Left:
    keep = session.keepalive
    return caps.Left(
        None if budget.pings is None else max(0, budget.pings - keep.idle_pings),
        None if budget.usd is None else max(0.0, budget.usd - (keep.usd or 0.0)),
        day,
    )


def _step(session: SessionView) -> float:
    """Seconds between two pings, as the policy has them but for what answers take to begin."""
    ttl = facts.ttl_seconds(session) or 0.0
    return ttl - margin(ttl, 0.0)


def _before(session: SessionView, budget: Budget) -> int | None:
    """Pings that fall before the budget's end; None without one, or without a known lifetime."""
    expires, ttl = session.cache.expires_at, facts.ttl_seconds(session)
    if budget.until is None or expires is None or not ttl:
        return None
    # A hold has to reach its end; otherwise only pings that are due before the end are sent.
    first = expires if budget.mode is BudgetMode.HOLD else expires - margin(ttl, 0.0)
    return max(0, math.ceil((budget.until - first) / _step(session)))


def _is_present(session: SessionView, budget: Budget) -> bool:
    """Whether it is what the keeper's plan was made with."""
    keep = session.keepalive
    if (budget.mode, budget.pings, budget.usd) != (keep.mode, keep.max_pings, keep.max_usd):
        return False
    if budget.until is None or keep.until is None:
        return budget.until is keep.until
    return abs(budget.until - keep.until) < SAME_END_SECONDS


def _break_even(session: SessionView) -> int | None:
    """The policy's own ceiling: pings of an idle period that cost no more than the rewrite which they spare."""
    a_ping, cold = price(session), session.cache.cold_usd
    if a_ping is None or cold is None or a_ping <= 0:
        return None
    return math.floor(max(0.0, cold - a_ping) / a_ping)
