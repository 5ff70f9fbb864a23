"""What came of idle periods, in words: one sentence of totals, and a label for each outcome. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from store.ledger_models import IdlePeriod, LedgerView
from store.models import LedgerLine
from tui.format import NOTHING, duration, money, plural

LABELS: dict[str, str] = {
    "kept": "kept",
    "early": "back early",
    "too_late": "back too late",
    "unread": "nothing proven",
    "replaced": "other prefix",
    "never_back": "never back",
    "open": "open",
}
"""The same words wherever an outcome stands, so none longer than fourteen cells."""
LABEL_CELLS = 25
"""Of the column that they share with what was saved."""

_LOST_ON: dict[str, str] = {
    "never_back": "never came back",
    "early": "came back early",
    "too_late": "came back too late",
    "replaced": "came back with another prefix",
    "unread": "came back without a proof of a saving",
}
"""After `$0.18 on 3 that`, in the order in which they are told."""


def outcome(period: IdlePeriod) -> str:
    """What came of one period: `saved $1.60`, `never came back`."""
    return f"saved {money(period.saved_usd)}" if period.result == "kept" else LABELS[period.result]


def idle_time(period: IdlePeriod, now: float) -> str:
    """How long it was; nothing where nobody came back: its end is when that was noticed."""
    if period.result == "never_back":
        return NOTHING
    return duration((now if period.closed_at is None else period.closed_at) - period.opened_at)


def waited_for(period: IdlePeriod) -> str:
    """Whom or what the session waited for; nothing while it worked by itself."""
    return NOTHING if period.waiting_for is None else period.waiting_for.value


def ping_count(period: IdlePeriod) -> str:
    """`2`, and where not all hit `3 (2)`."""
    return str(period.pings) if period.hits == period.pings else f"{period.pings} ({period.hits})"


def when(at: float, now: float, zone: tzinfo | None) -> str:
    """`today 14:14`, `23 Nov 18:12`, in another year `23 Nov 2025`; at most twelve cells."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    if moment.date() == today.date():
        return f"today {moment:%H:%M}"
    return f"{moment.day} {moment:%b} " + (f"{moment:%H:%M}" if moment.year == today.year else f"{moment.year}")


def totals(total: LedgerLine | LedgerView, by_result: Sequence[LedgerLine]) -> str:
    """`Spent $0.42 on 31 pings, saved $3.10 by 6 pauses that were read after expiry; $0.18 of it lost: ...`"""
    if not total.pings and not total.closed:
        return "No ping sent: nothing spent, nothing saved."
    lines = {line.key: line for line in by_result}
    said = f"Spent {money(total.spent_usd)} on {plural(total.pings, 'ping')}"
    if kept := lines.get("kept"):
        said += f", saved {money(kept.saved_usd)} in {_pauses(kept.closed)} read after expiry"
    else:
        said += ", saved nothing yet"
    lost = [
        f"{money(lines[result].lost_usd)} on {lines[result].closed} that {words}"
        for result, words in _LOST_ON.items()
        if result in lines and lines[result].closed
    ]
    if lost:
        said += f"; {money(total.lost_usd)} of it lost: {', '.join(lost)}"
    return said + "."


def under_plan(by_login: Sequence[LedgerLine]) -> str:
    """What of the totals nobody was billed for; '' where there is none."""
    plan = next((line for line in by_login if line.key == "subscription"), None)
    if plan is None:
        return ""
    saved = f" and {money(plan.saved_usd)} of the saved" if plan.saved_usd else ""
    return (
        f"Under a plan login nobody is billed by token: {money(plan.spent_usd)} of the spent{saved} is what an API key"
        " would have paid."
    )


def _pauses(count: int) -> str:
    return f"{plural(count, 'idle period')} that {'was' if count == 1 else 'were'}"
