"""The ledger: what keep-alive spent, what it provably saved, what it lost. Derived, never stored.

A saving counts only when the next real request came after the original expiry and read the prefix; the rule itself
is in the view `idle_money`. What was spent on an idle period that closed without one is lost. Pings are booked on the
day they were reserved, as the day cap counts them; a saving and a loss on the day that the period closed.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.database import snapshot
from store.models import LedgerLine, LedgerView


def local_midnight(now: float) -> float:
    """The last midnight in this machine's time zone, seconds since the epoch."""
    # A naive local time: with an offset attached, midnight would be an hour off on the day the clocks change.
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def local_date(moment: float) -> str:
    """The local calendar day as YYYY-MM-DD."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One ping, or the outcome of one idle period."""

    session_id: str
    project: str
    at: float
    pings: int = 0
    hits: int = 0
    spent: float = 0.0
    saved: float = 0.0
    lost: float = 0.0


def _entries(connection: sqlite3.Connection, since: float) -> list[_Entry]:
    pings = connection.execute(
        "SELECT m.session_id, s.project, m.reserved_at, m.outcome = 'hit', coalesce(m.usd, 0)"
        " FROM ping_money m JOIN sessions s ON s.id = m.session_id WHERE m.reserved_at >= ?",
        (since,),
    )
    entries = [_Entry(row[0], row[1], row[2], pings=1, hits=row[3], spent=row[4]) for row in pings]
    closed = connection.execute(
        "SELECT i.session_id, s.project, i.closed_at, i.spent_usd, coalesce(i.saved_usd, 0)"
        " FROM idle_money i JOIN sessions s ON s.id = i.session_id"
        " WHERE i.closed_at >= ? AND i.pings > 0",
        (since,),
    )
    entries += [_Entry(row[0], row[1], row[2], saved=row[4], lost=0.0 if row[4] else row[3]) for row in closed]
    return entries


def read(connection: sqlite3.Connection, since: float = 0.0) -> LedgerView:
    """Totals by session and by local day: pings sent, and idle periods with pings that closed, at or after `since`."""
    with snapshot(connection):
        entries = _entries(connection, since)
    by_session: dict[str, list[_Entry]] = defaultdict(list)
    by_day: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_session[entry.session_id].append(entry)
        by_day[local_date(entry.at)].append(entry)
    return LedgerView(
        **_sum("", "", entries).model_dump(exclude={"key", "label"}),
        by_session=tuple(_sum(key, group[0].project, group) for key, group in by_session.items()),
        by_day=tuple(_sum(key, "", by_day[key]) for key in sorted(by_day)),
    )


def today(connection: sqlite3.Connection, now: float) -> LedgerLine:
    """The header's line: what this local day's pings cost, and what came of the idle periods that closed on it."""
    return _sum(local_date(now), "", _entries(connection, local_midnight(now)))


def _sum(key: str, label: str, entries: Iterable[_Entry]) -> LedgerLine:
    chosen = list(entries)
    spent, saved = sum(entry.spent for entry in chosen), sum(entry.saved for entry in chosen)
    return LedgerLine(
        key=key,
        label=label,
        pings=sum(entry.pings for entry in chosen),
        hits=sum(entry.hits for entry in chosen),
        spent_usd=spent,
        saved_usd=saved,
        lost_usd=sum(entry.lost for entry in chosen),
        net_usd=saved - spent,
    )
