"""What the budget sheet holds, whether it is valid, and what it would cost: pure, recomputed at every key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple, TypeVar

from store.models import BudgetMode, SessionView
from tui import facts, parse
from tui.format import clock_time, cut, money, plural
from tui.lines import BLANK, Line, Piece, spread

T = TypeVar("T")

MODES = (BudgetMode.OFF, BudgetMode.AUTO, BudgetMode.HOLD)
FIELDS = ("pings", "money", "until")
HOLD_SECONDS = 2 * 3600.0
"""How long a hold lasts when no time is given."""


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
        "" if keep.max_usd is None else _typed_money(keep.max_usd),
        until,
    )


def _typed_money(usd: float) -> str:
    """An amount that parse.usd reads back as it is: nothing that was not typed may change a cap."""
    text = f"{usd:.4f}".rstrip("0")
    return "$" + (text + "0" * max(0, 2 - len(text.partition(".")[2])))


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


def consequence(session: SessionView, budget: Budget, now: float, zone: tzinfo | None, width: int) -> tuple[Line, ...]:
    """Three lines: the next ping, what all of them may cost, and what they may save."""

    def row(label: str, *right: Piece) -> Line:
        return spread((Piece(label, "dim"),), right, width)

    cache, keep = session.cache, session.keepalive
    at = "" if cache.expires_at is None else f"cold {clock_time(cache.expires_at, now, zone)}, "
    cold = row("no pings", Piece(f"{at}then {facts.cold_cost(session)}"))
    if budget.errors:
        return ((Piece(cut(next(iter(budget.errors.values())), width), "bad"),), BLANK, BLANK)
    if budget.mode is BudgetMode.OFF:
        return (cold, BLANK, BLANK)
    left = None if budget.pings is None else max(0, budget.pings - keep.idle_pings)
    price = keep.next_ping_usd
    money_left = None if budget.usd is None else max(0.0, budget.usd - (keep.usd or 0.0))
    if left == 0 or money_left == 0 or (price is not None and money_left is not None and price > money_left):
        return (cold, BLANK, BLANK)
    due = "when it is due" if keep.next_ping_at is None else clock_time(keep.next_ping_at, now, zone)
    lines = [row("next ping", Piece(f"{due}  ", "dim"), Piece(money(price)))]
    most = money_left
    if left is not None and price is not None:
        most = min(left * price, float("inf") if money_left is None else money_left)
    count = f"{plural(left, 'ping')} more" if left is not None else "all of them"
    lines.append(row(f"{count}, at most", Piece(money(most)) if most is not None else Piece("no limit", "dim")))
    if cache.cold_usd is not None and most is not None and cache.cold_usd > most:
        lines.append(row("if you come back", Piece(f"saves {money(cache.cold_usd - most)}", "good")))
    return tuple((*lines, BLANK, BLANK)[:3])
