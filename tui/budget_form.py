"""What the budget sheet holds, whether it is valid, and what it would cost: pure, recomputed at every key."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple, TypeVar

from keepalive.state import margin
from store.models import BudgetMode, SessionView
from tui import facts, parse
from tui.format import NOTHING, age, clock_time, cut, money, plural, wrap
from tui.lines import BLANK, Line, Piece, spread

T = TypeVar("T")

MODES = (BudgetMode.OFF, BudgetMode.AUTO, BudgetMode.HOLD)
FIELDS = ("pings", "money", "until")
HOLD_SECONDS = 2 * 3600.0
"""How long a hold lasts when no time is given."""
LABEL_CELLS = 8
CONSEQUENCE_ROWS = 4


class Form(NamedTuple):
    """What is typed."""

    mode: BudgetMode
    pings: str = ""
    money: str = ""
    until: str = ""


class Budget(NamedTuple):
    """What it means; `errors` by field. Money in dollars, `until` epoch seconds, None no limit of its own."""

    mode: BudgetMode
    pings: int | None
    usd: float | None
    until: float | None
    errors: dict[str, str]


def form_of(session: SessionView, now: float, zone: tzinfo | None) -> Form:
    """The session's present budget as text."""
    keep = session.keepalive
    until = "" if keep.until is None or keep.until <= now else _typed_time(keep.until, now, zone)
    return Form(
        keep.mode,
        "" if keep.max_pings is None else str(keep.max_pings),
        "" if keep.max_usd is None else parse.usd_text(keep.max_usd),
        until,
    )


def _typed_time(at: float, now: float, zone: tzinfo | None) -> str:
    """A time in a form that parse.until reads back to the minute."""
    text = clock_time(at, now, zone)
    if " " not in text:
        return text
    if at - now < 48 * 3600 and clock_time(at, now + 24 * 3600, zone) == text.partition(" ")[2].zfill(5):
        return "tomorrow " + text.partition(" ")[2]
    return f"{int(at - now) // 3600}h"


def read(form: Form, now: float, zone: tzinfo | None) -> Budget:
    """The budget that is typed; a hold without a time lasts two hours."""
    errors: dict[str, str] = {}

    def field(name: str, make: Callable[[], T | None]) -> T | None:
        try:
            return make()
        except ValueError as error:
            errors[name] = str(error)
            return None

    pings = field("pings", lambda: parse.pings(form.pings))
    usd = field("money", lambda: parse.usd(form.money))
    until = field("until", lambda: parse.until(form.until, now, zone))
    if form.mode is BudgetMode.HOLD and until is None:
        until = now + HOLD_SECONDS
    return Budget(form.mode, pings, usd, until, errors)


def policy_view(session: SessionView, now: float, zone: tzinfo | None, width: int, *, roomy: bool) -> tuple[Line, ...]:
    """What the keeper makes of the session now, in one line; where there is room in two, with the bet behind it as far
    as it is known: the chance that the next ping is read, and its price as a share of what it can save."""
    said = wrap(facts.reason(session, now, zone)[1].full, width - LABEL_CELLS, 2 if roomy else 1) or [NOTHING]
    labels = ["now".ljust(LABEL_CELLS), *[" " * LABEL_CELLS] * (len(said) - 1)]
    lines: list[Line] = [(Piece(label, "dim"), Piece(text)) for label, text in zip(labels, said, strict=True)]
    if not roomy:
        return tuple(lines)
    chance, share, seconds = (session.keepalive.why_args.get(name) for name in ("chance", "price", "seconds"))
    if isinstance(chance, int | float) and isinstance(seconds, int | float):
        event = "you are back" if facts.waits_for_person(session) else "it ends"
        lines.append(_row(f"{event} within {age(seconds)}", width, Piece(_share(chance))))
    price, cold = _price(session), session.cache.cold_usd
    if not isinstance(share, int | float) and price is not None and cold is not None and cold > price:
        share = price / (cold - price)
    if isinstance(share, int | float):
        lines.append(_row("a ping costs", width, Piece(f"{_share(share)} of a rewrite")))
    return tuple(lines)


def consequence(
    session: SessionView, budget: Budget, now: float, zone: tzinfo | None, width: int, rows: int = CONSEQUENCE_ROWS
) -> tuple[Line, ...]:
    """The next ping, what all of them cost, what a cold resume costs (not in three `rows`), and what they may save."""
    cache, keep = session.cache, session.keepalive
    if budget.errors:
        return _filled(rows, (Piece(cut(next(iter(budget.errors.values())), width), "bad"),))
    price, ahead = _price(session), _ahead(session, budget)
    money_left = None if budget.usd is None else max(0.0, budget.usd - (keep.usd or 0.0))
    too_dear = money_left is not None and (money_left == 0 or (price is not None and price > money_left))
    if budget.mode is BudgetMode.OFF or ahead.pings == 0 or too_dear:
        return _filled(rows, _no_pings(session, now, zone, width))
    due = "when it is due" if keep.next_ping_at is None else clock_time(keep.next_ping_at, now, zone)
    lines = [_row("next ping", width, Piece(f"{due}  ", "dim"), Piece(money(price)))]
    most = money_left
    if ahead.pings is not None and price is not None:
        most = min(ahead.pings * price, float("inf") if money_left is None else money_left)
    lines.append(_row(ahead.words, width, Piece(money(most)) if most is not None else Piece("no limit", "dim")))
    if rows >= CONSEQUENCE_ROWS:
        lines.append(_row("a cold resume", width, Piece(facts.cold_cost(session))))
    if cache.cold_usd is not None and most is not None and cache.cold_usd > most:
        lines.append(_row("if you come back", width, Piece(f"saves {money(cache.cold_usd - most)}", "good")))
    return _filled(rows, *lines)


class _Ahead(NamedTuple):
    """Pings that would be sent if nobody comes back; None where nothing limits them."""

    pings: int | None
    words: str


def _ahead(session: SessionView, budget: Budget) -> _Ahead:
    """By the cap, by the end of a hold, or by the keeper's plan where the caps are those that it planned with."""
    cache, keep = session.cache, session.keepalive
    left = None if budget.pings is None else max(0, budget.pings - keep.idle_pings)
    ttl = facts.ttl_seconds(session)
    if budget.mode is BudgetMode.HOLD and budget.until and cache.expires_at and ttl:
        held = max(0, math.ceil((budget.until - cache.expires_at) / (ttl - margin(ttl, 0.0))))
        count = held if left is None else min(held, left)
        return _Ahead(count, f"{plural(count, 'ping')} to hold it")
    unchanged = (budget.mode, budget.pings, budget.usd) == (keep.mode, keep.max_pings, keep.max_usd)
    if unchanged and keep.next_ping_at is not None and keep.idle_max_pings is not None:
        planned = max(1, keep.idle_max_pings - keep.idle_pings)
        return _Ahead(planned, f"all {plural(planned, 'planned ping')}" if planned > 1 else "1 planned ping")
    return _Ahead(left, "all of them, at most" if left is None else f"{plural(left, 'ping')} more, at most")


def _price(session: SessionView) -> float | None:
    """What a ping costs: as planned, else a read of what a cold resume would write."""
    planned = session.keepalive.next_ping_usd
    return session.cache.warm_usd if planned is None else planned


def _no_pings(session: SessionView, now: float, zone: tzinfo | None, width: int) -> Line:
    at, cost = session.cache.expires_at, facts.cold_cost(session)
    cold = "" if at is None else f"cold {clock_time(at, now, zone)}, "
    label = "no pings"
    return _row(label, width, Piece((cold if len(label + cold + cost) + 6 <= width else "") + f"then {cost}"))


def _share(share: float) -> str:
    """Small ones with a digit behind the point: that is where bets are decided."""
    percent = 100 * share
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


def _row(label: str, width: int, *right: Piece) -> Line:
    return spread((Piece(label, "dim"),), right, width)


def _filled(rows: int, *lines: Line) -> tuple[Line, ...]:
    """Always as many, so that the sheet keeps its height while somebody types."""
    return (*lines, *[BLANK] * rows)[:rows]
