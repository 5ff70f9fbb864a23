"""What a budget would do for a session: the keeper's view of the next ping, and what all pings may cost against what
they may save. Pure; every line fits its width, by a shorter label where the long one does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from keepalive.caps import DayLeft, End
from store.models import BudgetMode, CacheStateName, SessionView, WaitingFor
from tui import facts
from tui.budget_ahead import ENDS, Ahead, ahead, most, paid, price, saving, warm
from tui.budget_form import LABEL_CELLS, Budget
from tui.format import NOTHING, age, clock_time, cut, money, plural, wrap
from tui.lines import BLANK, Line, Piece, spread, width_of
from tui.reasons import LEAST_WITHIN

CONSEQUENCE_ROWS = 4
AT_API_PRICES = "at API prices"
"""Of money that nobody pays: under a plan's login."""
NOW = "as is"
"""The label of what holds before anything is applied."""
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
    labels = [NOW.ljust(LABEL_CELLS), *[" " * LABEL_CELLS] * (len(said) - 1)]
    lines: list[Line] = [(Piece(label, "dim"), Piece(text)) for label, text in zip(labels, said, strict=True)]
    return (*lines, *bet(session, width)) if roomy and not _is_gone(session, now) else tuple(lines)


def reason(session: SessionView, now: float, zone: tzinfo | None, width: int, rows: int) -> list[str]:
    """Why there is a ping or none, in at most so many lines; in its short form rather than cut."""
    told = facts.reason(session, now, zone)[1]
    for text in (told.full, told.short):
        lines = wrap(text, width, rows + 1)
        if lines and len(lines) <= rows:
            return lines
    return [cut(told.short, width)] if told.short else [NOTHING]


def bet(session: SessionView, width: int) -> list[Line]:
    """`you are back within 5m  23%` over `a ping pays from  8.7%`; without the keeper's word what a ping costs."""
    lines: list[Line] = []
    chance, share, seconds = (session.keepalive.why_args.get(name) for name in ("chance", "price", "seconds"))
    if isinstance(chance, int | float) and isinstance(seconds, int | float):
        within = f"within {age(max(LEAST_WITHIN, seconds))}"
        events = ("you are back", "back") if session.waiting_for is WaitingFor.YOU else ("it ends", "ends")
        lines.append(_row([f"{event} {within}" for event in events], width, Piece(_share(chance))))
    if isinstance(share, int | float):
        lines.append(
            _row(("a ping pays from a chance of", "a ping pays from", "pays from"), width, Piece(_share(share)))
        )
        return lines
    a_ping, cold = price(session), session.cache.cold_usd
    if a_ping is not None and cold is not None and cold > a_ping:
        share_of = f"{_share(a_ping / cold)} of a rewrite"
        lines.append(_row(("a ping costs", "a ping"), width, Piece(share_of)))
    return lines


def consequence(
    session: SessionView,
    budget: Budget,
    now: float,
    zone: tzinfo | None,
    width: int,
    rows: int = CONSEQUENCE_ROWS,
    day_left: DayLeft | None = None,
    *,
    at_api_prices: bool = True,
) -> tuple[Line, ...]:
    """The next ping, what all of them cost, what a cold resume costs, and what they may save: in `rows` lines, the most
    important ones where there are fewer; nothing where a field is wrong.

    `day_left`: what the day's cap leaves. `at_api_prices`: under a plan, say that money is.
    """
    keep = session.keepalive
    if budget.errors:
        return (BLANK,) * rows
    a_ping, seen = price(session), ahead(session, budget, now, day_left)
    usd = most(session, budget, seen, day_left)
    too_dear = usd == 0 or (usd is not None and a_ping is not None and a_ping > usd)
    gone = _is_gone(session, now)
    if budget.mode is BudgetMode.OFF or seen.pings == 0 or too_dear or gone:
        why = "" if gone or budget.mode is BudgetMode.OFF or seen.pings != 0 else seen.ends
        return _filled(rows, _no_pings(session, now, zone, width, why))
    following: Line = (Piece("none for now"),)
    if keep.next_ping_at is not None or keep.why not in _NO_WAY:
        due = "when it is due" if keep.next_ping_at is None else clock_time(keep.next_ping_at, now, zone)
        following = (Piece(f"{due}  ", "dim"), Piece(money(a_ping)))
    total = Piece(money(usd)) if usd is not None else Piece("no limit", "dim")
    found: list[tuple[int, Line]] = [  # (rank, line): the lowest ranks stay
        (2, _row(("next ping",), width, *following)),
        (0, _row(_words(seen, now, zone), width, total)),
        (3, _resumes(session, width)),
    ]
    if facts.on_plan(session):
        if at_api_prices:
            found.append((1, (Piece(f"money {AT_API_PRICES}", "dim"),)))
    elif (left := saving(session, usd)) is not None:
        found.append((1, (Piece(dearer(-left, width), "bad"),) if left < 0 else _saves(session, left, width)))
    kept = {rank for rank, _ in sorted(found, key=lambda one: one[0])[:rows]}
    return _filled(rows, *(line for rank, line in found if rank in kept))


def _words(seen: Ahead, now: float, zone: tzinfo | None) -> tuple[str, ...]:
    """The pings ahead in words, the longest first, with the limit that ends a hold too early."""
    if seen.pings is None:
        return ("all of them, at most", "all, at most")
    pings = plural(seen.pings, "ping")
    if seen.to is not None and not seen.ends:
        return (f"{pings} to hold it", pings)
    if seen.to is not None:
        to, (full, short) = clock_time(seen.to, now, zone), ENDS[seen.ends]
        told = f"{pings}, held to {to}: {full}"
        if seen.ends == "pings":
            return (told, f"{pings}, held to {to}", f"{pings}, to {to}", pings)
        return (told, f"{pings} to {to}: {short} ends it", f"{pings}, to {to}: {short}", f"{pings}, to {to}", pings)
    if seen.planned:
        words = plural(seen.pings, "planned ping")
        return (f"all {words}" if seen.pings > 1 else words, words, pings)
    return (f"{pings} more, at most", f"{pings} at most", pings)


def _resumes(session: SessionView, width: int) -> Line:
    """What the next prompt pays, on either side where both are money."""
    read, cost = warm(session), facts.cold_cost(session)
    labels: tuple[str, ...] = ("a cold resume",)
    if read is not None and facts.cold_price(session)[0] is not None:
        labels = (f"resume: warm {money(read)}, cold", f"warm {money(read)}, cold", *labels)
    return _row(labels, width, Piece(cost))


def _saves(session: SessionView, left: float, width: int) -> Line:
    """What is left once the pings are paid, those that were sent already too."""
    labels: tuple[str, ...] = ("if you come back, pings paid",)
    if sent := paid(session):
        spent = f"{money(sent)} spent"
        labels = (f"if you come back, {spent} too", f"back, {spent} too", f"back, {spent}")
    said = Piece(f"saves {money(left)}", "good") if left else Piece("saves nothing", "dim")
    return _row((*labels, "if you come back", "if back"), width, said)


def dearer(more: float, width: int) -> str:
    """That a budget costs so much more than what it avoids, in the longest form that fits."""
    more_than = f"{money(more)} more than"
    forms = (f"costs {more_than} a cold resume", f"costs {more_than} cold", f"{more_than} cold")
    return next((form for form in forms if len(form) <= width), cut(forms[-1], width))


def _is_gone(session: SessionView, now: float) -> bool:
    """Whether there is nothing left that a ping could keep."""
    return facts.state(session, now) in (CacheStateName.EXPIRED, CacheStateName.CHANGED)


def _no_pings(session: SessionView, now: float, zone: tzinfo | None, width: int, ends: End) -> Line:
    at, cost = session.cache.expires_at, facts.cold_cost(session)
    if _is_gone(session, now):
        verb = "pays" if facts.cold_price(session)[0] is not None else "rewrites"
        forms = [f"{front}{verb} {cost}" for front in ("the next prompt ", "next prompt ", "")]
        return _row(("no pings",), width, Piece(next((form for form in forms if len(form) + 9 <= width), cost)))
    cold = "" if at is None else f"cold {clock_time(at, now, zone)}, "
    for label in (f"no pings: {ENDS[ends][1]}", "no pings") if ends else ("no pings",):
        for right in (f"{cold}then {cost}", f"then {cost}"):
            if len(label) + 2 + len(right) <= width:
                return _row((label,), width, Piece(right))
    return _row(("no pings",), width, Piece(f"then {cost}"))


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
