"""What the ledger adds up: pings and closed idle periods, summed once by session, slot of time and outcome.

A saving counts only when the next real request came after the original expiry and read the prefix; the rule itself
is in the view `idle_money`. Pings are booked in the slot in which they were reserved, as the day cap counts them; a
saving and a loss in the slot in which the period closed. Amounts are dollars, or tokens where nobody is billed.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeAlias, TypeVar

from store.ledger_models import Result
from store.models import LedgerLine


def local_midnight(now: float) -> float:
    """The last midnight in this machine's time zone, seconds since the epoch."""
    # A naive local time: with an offset attached, midnight would be an hour off on the day the clocks change.
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def local_date(moment: float) -> str:
    """The local calendar day as YYYY-MM-DD."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d")


class Amounts(NamedTuple):
    """What is added up: SQL over a row of `ping_money`, and over one of `idle_money` whose prefix was kept."""

    spent: str
    saved: str


DOLLARS = Amounts("coalesce(usd, 0)", "coalesce(saved_usd, 0)")
TOKENS = Amounts(
    "(SELECT input + output + cache_read + cache_write_5m + cache_write_1h FROM pings WHERE id = ping_money.id)",
    "(SELECT min(read_tokens, prefix_tokens) FROM idle_periods WHERE id = idle_money.id)",
)
"""What pings sent and received, and what was read although it would have gone cold."""
LOST: frozenset[Result] = frozenset({"early", "too_late", "unread", "replaced", "never_back"})
"""What was spent on these came to nothing."""


class Tally:
    """A sum over pings and closed idle periods."""

    __slots__ = ("closed", "hits", "lost", "newest", "pings", "saved", "spent")

    def __init__(self) -> None:
        self.pings = self.hits = self.closed = 0
        self.spent = self.saved = self.lost = 0.0
        self.newest = float("-inf")

    def ping(self, at: float, hit: int, spent: float) -> None:
        """One more ping."""
        self.pings += 1
        self.hits += hit
        self.spent += spent
        if at > self.newest:
            self.newest = at

    def close(self, at: float, saved: float, lost: float) -> None:
        """One more idle period that closed."""
        self.closed += 1
        self.saved += saved
        self.lost += lost
        if at > self.newest:
            self.newest = at

    def join(self, other: Tally) -> None:
        """All of another sum."""
        self.pings += other.pings
        self.hits += other.hits
        self.spent += other.spent
        self.saved += other.saved
        self.lost += other.lost
        self.closed += other.closed
        self.newest = max(self.newest, other.newest)

    def line(self, key: str, label: str = "") -> LedgerLine:
        """As it is handed out."""
        return LedgerLine(
            key=key,
            label=label,
            pings=self.pings,
            hits=self.hits,
            spent_usd=self.spent,
            saved_usd=self.saved,
            lost_usd=self.lost,
            net_usd=self.saved - self.spent,
            closed=self.closed,
        )


class Cell(NamedTuple):
    """What pings and periods are first summed by: they are many, and each is to be touched once."""

    session_id: str
    slot: str
    result: Result


Cells: TypeAlias = dict[Cell, Tally]
_Key = TypeVar("_Key")


def joined(tallies: dict[_Key, Tally], key: Callable[[_Key], str]) -> dict[str, Tally]:
    """The sums by another key, each sum touched once."""
    found = defaultdict[str, Tally](Tally)
    for each, tally in tallies.items():
        found[key(each)].join(tally)
    return found


def total(cells: Cells) -> Tally:
    """The sum of all."""
    return joined(cells, lambda cell: "").get("", Tally())


class Days:
    """Local days of moments that come more or less in order."""

    def __init__(self) -> None:
        self._start = self._end = 0.0
        self._day = ""

    def of(self, moment: float) -> str:
        """`local_date`, without asking for the zone each time."""
        if not self._start <= moment < self._end:
            self._start, self._day = local_midnight(moment), local_date(moment)
            self._end = local_midnight(self._start + 1.5 * 86_400)
        return self._day


def cells(
    connection: sqlite3.Connection,
    since: float,
    where: str = "1",
    values: dict[str, str] | None = None,
    *,
    amounts: Amounts = DOLLARS,
    slot_of: Callable[[float], str] | None = None,
) -> Cells:
    """Everything at or after `since`. A ping counts for what came of its period, whenever that closed; what a period
    lost is all that was spent on it, whenever that was. `slot_of` a moment is its local day, if not given."""
    given = {**(values or {}), "since": since}
    slot, found = slot_of or Days().of, defaultdict[Cell, Tally](Tally)
    closed = _OUTCOMES.format(where, saved=amounts.saved)
    outcomes = {row[0]: (result_of(*row[2:7]), row) for row in connection.execute(closed, given)}
    spent_on = dict.fromkeys(outcomes, 0.0)
    for idle_id, session_id, at, hit, spent in connection.execute(_PINGS.format(where, spent=amounts.spent), given):
        result: Result = "open"
        if idle_id in outcomes:
            result = outcomes[idle_id][0]
            spent_on[idle_id] += spent
        elif idle_id is not None:
            result = "never_back"  # given up before `since`, and pinged on by a hold
        found[Cell(session_id, slot(at), result)].ping(at, hit, spent)
    if since > 0.0:
        for idle_id, spent in connection.execute(_EARLIER_PINGS.format(where, spent=amounts.spent), given):
            spent_on[idle_id] += spent
    for result, (idle_id, session_id, closed_at, *_, saved) in outcomes.values():
        if closed_at is not None:
            kept = result == "kept"
            lost = 0.0 if kept else spent_on[idle_id]
            found[Cell(session_id, slot(closed_at), result)].close(closed_at, saved if kept else 0.0, lost)
    return found


def result_of(
    closed_at: float | None, closed_by: str, original_expires_at: float, lapsed: int, saved_usd: float | None
) -> Result:
    """What came of a period."""
    if closed_at is None:
        return "open"
    if closed_by == "replaced":
        return "replaced"
    if closed_by != "request":
        return "never_back"
    if saved_usd != 0:
        return "kept"  # None too: something was saved, only its price is unknown
    if closed_at <= original_expires_at:
        return "early"
    return "too_late" if lapsed else "unread"


_CLOSED = "SELECT id FROM idle_periods WHERE pinged = 1 AND closed_at >= :since AND {0}"
# Without the view's own sums: they would price every ping once more.
_OUTCOMES = f"""
SELECT id, session_id, closed_at, closed_by, original_expires_at, lapsed, saved_usd, {{saved}}
FROM idle_money WHERE id IN (
    {_CLOSED} UNION ALL SELECT id FROM idle_periods WHERE pinged = 1 AND closed_at IS NULL AND {{0}})
"""  # noqa: S608
_PINGS = """
SELECT idle_id, session_id, reserved_at, outcome = 'hit', {spent} FROM ping_money
WHERE reserved_at >= :since AND {0}
"""
_EARLIER_PINGS = f"""
SELECT idle_id, {{spent}} FROM ping_money WHERE reserved_at < :since AND idle_id IN ({_CLOSED})
"""  # noqa: S608
