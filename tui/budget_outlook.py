"""What a budget would do for a session: the keeper's view of the next ping, and what all pings may cost against what
they may save. Pure; every line fits its width, by a shorter label where the long one does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from keepalive.state import margin
from store.models import BudgetMode, CacheStateName, SessionView, WaitingFor
from tui import facts
from tui.budget_form import LABEL_CELLS, Budget
from tui.format import NOTHING, age, clock_time, cut, money, plural, wrap
from tui.lines import BLANK, Line, Piece, spread, width_of

CONSEQUENCE_ROWS = 4
AT_API_PRICES = "at API prices"
"""Of money that nobody pays: under a plan's login."""
SAME_END_SECONDS = 60.0
"""Ends are typed to the minute."""
_NO_WAY = frozenset(
    {
        "dead",
        "no_consent",
        "no_keeper",
        "no_price",
        "not_replayable",
        "plan_login",
        "plugin_silent",
        "silent",
        "thinking",
        "too_small",
        "watch_only",
    }
)
"""Reasons that no budget does away with."""


def policy_view(session: SessionView, now: float, zone: tzinfo | None, width: int, *, roomy: bool) -> tuple[Line, ...]:
    """What the keeper makes of the session now: the reason in one line, or where there is room in two, with the bet
    behind it as far as it is known: the chance that the next ping is read, and the chance from which on it pays."""
    said = reason(session, now, zone, width - LABEL_CELLS, 2 if roomy else 1)
    labels = ["now".ljust(LABEL_CELLS), *[" " * LABEL_CELLS] * (len(said) - 1)]
    lines: list[Line] = [(Piece(label, "dim"), Piece(text)) for label, text in zip(labels, said, strict=True)]
    return (*lines, *bet(session, width)) if roomy else tuple(lines)


def reason(session: SessionView, now: float, zone: tzinfo | None, width: int, rows: int) -> list[str]:
    """Why there is a ping or none, in at most so many lines; in its short form rather than cut."""
    told = facts.reason(session, now, zone)[1]
    for text in (told.full, told.short):
        lines = wrap(text, width, rows + 1)
        if lines and len(lines) <= rows:
            return lines
    return [cut(told.short, width)] if told.short else [NOTHING]


def bet(session: SessionView, width: int) -> list[Line]:
    """`you are back within 5m  23%` over `worth a ping from  8.7%`; without the keeper's word the price alone."""
    lines: list[Line] = []
    chance, share, seconds = (session.keepalive.why_args.get(name) for name in ("chance", "price", "seconds"))
    if isinstance(chance, int | float) and isinstance(seconds, int | float):
        within = f"within {age(seconds)}"
        events = ("you are back", "back") if session.waiting_for is WaitingFor.YOU else ("it ends", "ends")
        lines.append(_row([f"{event} {within}" for event in events], width, Piece(_share(chance))))
    if isinstance(share, int | float):
        lines.append(_row(("worth a ping from",), width, Piece(_share(share))))
        return lines
    price, cold = _price(session), session.cache.cold_usd
    if price is not None and cold is not None and cold > price:
        lines.append(_row(("a ping costs", "a ping"), width, Piece(f"{_share(price / (cold - price))} of a rewrite")))
    return lines


def consequence(
    session: SessionView,
    budget: Budget,
    now: float,
    zone: tzinfo | None,
    width: int,
    rows: int = CONSEQUENCE_ROWS,
    day_left: float | None = None,
    *,
    at_api_prices: bool = True,
) -> tuple[Line, ...]:
    """The next ping, what all of them cost, what a cold resume costs, and what they may save: in `rows` lines, the most
    important ones where there are fewer; nothing where a field is wrong.

    `day_left`: dollars that the day's cap leaves. `at_api_prices`: under a plan, say that money is.
    """
    cache, keep = session.cache, session.keepalive
    if budget.errors:
        return (BLANK,) * rows
    price, ahead = _price(session), _ahead(session, budget, now, zone)
    money_left = None if budget.usd is None else max(0.0, budget.usd - (keep.usd or 0.0))
    limits = [left for left in (money_left, day_left) if left is not None]
    too_dear = any(left == 0 or (price is not None and price > left) for left in limits)
    gone = facts.state(session, now) in (CacheStateName.EXPIRED, CacheStateName.CHANGED)
    if budget.mode is BudgetMode.OFF or ahead.pings == 0 or too_dear or gone:
        return _filled(rows, _no_pings(session, now, zone, width))
    following: Line = (Piece("none for now"),)
    if keep.next_ping_at is not None or keep.why not in _NO_WAY:
        due = "when it is due" if keep.next_ping_at is None else clock_time(keep.next_ping_at, now, zone)
        following = (Piece(f"{due}  ", "dim"), Piece(money(price)))
    if ahead.pings is not None and price is not None:
        limits.append(ahead.pings * price)
    most = min(limits, default=None)
    total = Piece(money(most)) if most is not None else Piece("no limit", "dim")
    found: list[tuple[int, Line]] = [  # (rank, line): the lowest ranks stay
        (2, _row(("next ping",), width, *following)),
        (0, _row(ahead.words, width, total)),
        (3, _row(("a cold resume",), width, Piece(facts.cold_cost(session)))),
    ]
    if facts.on_plan(session):
        if at_api_prices:
            found.append((1, (Piece(f"money {AT_API_PRICES}", "dim"),)))
    elif cache.cold_usd is not None and most is not None and cache.cold_usd > most:
        saved = Piece(f"saves {money(cache.cold_usd - most)}", "good")
        found.append((1, _row(("if you come back", "if back"), width, saved)))
    kept = {rank for rank, _ in sorted(found, key=lambda one: one[0])[:rows]}
    return _filled(rows, *(line for rank, line in found if rank in kept))


class _Ahead(NamedTuple):
    """Pings that would be sent if nobody comes back; None where nothing limits them."""

    pings: int | None
    words: tuple[str, ...]
    """The longest first."""


def _ahead(session: SessionView, budget: Budget, now: float, zone: tzinfo | None) -> _Ahead:
    """By the caps, by the end, by break-even, or by the keeper's plan where the budget is the one it planned with."""
    keep = session.keepalive
    left = None if budget.pings is None else max(0, budget.pings - keep.idle_pings)
    by_end = _before(session, budget)
    if budget.mode is BudgetMode.HOLD and by_end is not None:
        if left is None or by_end <= left:
            pings = plural(by_end, "ping")
            return _Ahead(by_end, (f"{pings} to hold it", pings))
        pings, ttl = plural(left, "ping"), facts.ttl_seconds(session) or 0.0
        to = clock_time((session.cache.expires_at or now) + left * (ttl - margin(ttl, 0.0)), now, zone)
        return _Ahead(left, (f"{pings}, held to {to}", f"{pings}, to {to}", pings))
    if _is_present(session, budget) and keep.next_ping_at is not None and keep.idle_max_pings is not None:
        planned = max(1, keep.idle_max_pings - keep.idle_pings)
        words = f"{plural(planned, 'planned ping')}"
        return _Ahead(planned, (f"all {words}" if planned > 1 else words, words, plural(planned, "ping")))
    even = _break_even(session)
    ceilings = [left, by_end, None if even is None else max(0, even - keep.idle_pings)]
    count_or_none = min((one for one in ceilings if one is not None), default=None)
    if count_or_none is None:
        return _Ahead(None, ("all of them, at most", "all, at most"))
    pings = plural(count_or_none, "ping")
    return _Ahead(count_or_none, (f"{pings} more, at most", f"{pings} at most", pings))


def _before(session: SessionView, budget: Budget) -> int | None:
    """Pings that fall before the budget's end; None without one, or without a known lifetime."""
    expires, ttl = session.cache.expires_at, facts.ttl_seconds(session)
    if budget.until is None or expires is None or not ttl:
        return None
    # A hold has to reach its end; otherwise only pings that are due before the end are sent.
    first = expires if budget.mode is BudgetMode.HOLD else expires - margin(ttl, 0.0)
    return max(0, math.ceil((budget.until - first) / (ttl - margin(ttl, 0.0))))


def _is_present(session: SessionView, budget: Budget) -> bool:
    """Whether it is what the keeper's plan was made with."""
    keep = session.keepalive
    if (budget.mode, budget.pings, budget.usd) != (keep.mode, keep.max_pings, keep.max_usd):
        return False
    if budget.until is None or keep.until is None:
        return budget.until is keep.until
    return abs(budget.until - keep.until) < SAME_END_SECONDS


def _break_even(session: SessionView) -> int | None:
    """The policy's own ceiling: pings of an idle period that cost no more than the rebuild which they spare."""
    price, cold = _price(session), session.cache.cold_usd
    if price is None or cold is None or price <= 0:
        return None
    return math.floor(max(0.0, cold - price) / price)


def _price(session: SessionView) -> float | None:
    """What a ping costs: as planned, else a read of what a cold resume would write."""
    planned = session.keepalive.next_ping_usd
    return session.cache.warm_usd if planned is None else planned


def _no_pings(session: SessionView, now: float, zone: tzinfo | None, width: int) -> Line:
    at, cost = session.cache.expires_at, facts.cold_cost(session)
    cold = "" if at is None else f"cold {clock_time(at, now, zone)}, "
    for right in (f"{cold}then {cost}", f"then {cost}"):
        if len("no pings ") + len(right) <= width:
            break
    return _row(("no pings",), width, Piece(right))


def _share(share: float) -> str:
    """Small ones with a digit behind the point: that is where bets are decided."""
    percent = 100 * share
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


def _row(labels: Sequence[str], width: int, *right: Piece) -> Line:
    """The first label that leaves the number its room; with none of them the last part of `right` alone."""
    for number in (right, right[-1:]):
        for label in labels:
            if len(label) + 1 + width_of(number) <= width:
                return spread((Piece(label, "dim"),), number, width)
    return (Piece(cut(labels[-1], width), "dim"),)


def _filled(rows: int, *lines: Line) -> tuple[Line, ...]:
    """Always as many, so that the sheet keeps its height while somebody types."""
    return (*lines, *[BLANK] * rows)[:rows]
