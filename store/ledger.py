"""The ledger: what keep-alive spent, what it provably saved, what it lost. Derived, never stored.

A saving counts only when the next real request came after the original expiry and read the prefix; the rule itself
is in the view `idle_money`. What was spent on an idle period that closed without one is lost.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.models import LedgerLine, LedgerView


def local_midnight(now: float) -> float:
    """The last midnight in this machine's time zone, seconds since the epoch."""
    local = datetime.fromtimestamp(now).astimezone()
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def local_date(moment: float) -> str:
    """The local calendar day as YYYY-MM-DD."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class _Period:
    session_id: str
    project: str
    day: str
    pings: int
    hits: int
    spent: float
    saved: float
    lost: float


def _periods(connection: sqlite3.Connection, since: float) -> list[_Period]:
    # Pings are booked on the day they were sent; a saving and a loss on the day that the period closed.
    rows = connection.execute(
        "SELECT i.session_id, s.project, i.opened_at, i.closed_at, i.pings, i.hits, i.spent_usd, i.saved_usd"
        " FROM idle_money i JOIN sessions s ON s.id = i.session_id"
        " WHERE i.pings > 0 AND coalesce(i.closed_at, i.opened_at) >= ?",
        (since,),
    )
    return [
        _Period(
            session_id=row[0],
            project=row[1],
            day=local_date(row[3] or row[2]),
            pings=row[4],
            hits=row[5],
            spent=row[6],
            saved=row[7] or 0.0,
            lost=row[6] if row[3] is not None and not row[7] else 0.0,
        )
        for row in rows
    ]


def read(connection: sqlite3.Connection, since: float = 0.0) -> LedgerView:
    """Totals by session and by local day of all idle periods with pings that were open at or after `since`."""
    periods = _periods(connection, since)
    by_session: dict[str, list[_Period]] = defaultdict(list)
    by_day: dict[str, list[_Period]] = defaultdict(list)
    for period in periods:
        by_session[period.session_id].append(period)
        by_day[period.day].append(period)
    total = _sum("", "", periods)
    return LedgerView(
        **total.model_dump(exclude={"key", "label"}),
        by_session=tuple(_sum(key, group[0].project, group) for key, group in by_session.items()),
        by_day=tuple(_sum(key, "", by_day[key]) for key in sorted(by_day)),
    )


def today(connection: sqlite3.Connection, now: float) -> LedgerLine:
    """The header's line: this local day's idle periods."""
    day = local_date(now)
    # A period that closed today may have been opened before midnight, never more than a day before.
    return _sum(day, "", [p for p in _periods(connection, _midnight_before(now)) if p.day == day])


def _midnight_before(now: float) -> float:
    return (datetime.fromtimestamp(local_midnight(now)) - timedelta(days=1)).timestamp()


def _sum(key: str, label: str, periods: Iterable[_Period]) -> LedgerLine:
    chosen = list(periods)
    spent, saved = sum(p.spent for p in chosen), sum(p.saved for p in chosen)
    return LedgerLine(
        key=key,
        label=label,
        pings=sum(p.pings for p in chosen),
        hits=sum(p.hits for p in chosen),
        spent_usd=spent,
        saved_usd=saved,
        lost_usd=sum(p.lost for p in chosen),
        net_usd=saved - spent,
    )
