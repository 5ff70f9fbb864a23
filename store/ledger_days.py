"""The ledger by day, for people who would rather look than read: a span's money, and tokens where nobody is billed.

It differs from `ledger` in one thing: a loss stands on the day on which it was spent. Most losses come out a day later,
when an idle period is given up, and a bar must not show more lost than spent.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from store import ledger_hour
from store.database import snapshot
from store.ledger_cells import DOLLARS, LOST, TOKENS, Amounts, Cell, Cells, cells, local_date, local_midnight
from store.ledger_models import RESULTS, DayLedger, SpanLedger, SpanLine
from store.row import row_of


def start(now: float, days: int | None) -> float:
    """The midnight that begins a span of so many local days, today's included; None is all time."""
    if days is None:
        return 0.0
    today = local_midnight(now)
    # From noon: days have 23 hours, 24 or 25.
    return local_midnight(today - (days - 1) * 86_400 + 43_200) if days > 1 else today


def read(connection: sqlite3.Connection, now: float, days: int | None) -> DayLedger:
    """The last so many local days, today's included; None is all time."""
    since, hours = start(now, days), days == 1
    with snapshot(connection):
        billed = _span(connection, since, f"session_id NOT IN ({_ON_PLAN})", DOLLARS, hours=hours)
        return DayLedger(
            since=since,
            today=local_date(now),
            slot="hour" if hours else "day",
            billed=billed,
            plan=_span(connection, since, f"session_id IN ({_ON_PLAN})", TOKENS, hours=hours),
            ever=connection.execute("SELECT 1 FROM pings LIMIT 1").fetchone() is not None,
            hour_less_usd=ledger_hour.less_usd(connection, since) if billed.total.pings else None,
        )


_ON_PLAN = "SELECT id FROM sessions WHERE login = 'subscription'"


def _hour(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment):%H}"


def _span(connection: sqlite3.Connection, since: float, where: str, amounts: Amounts, *, hours: bool) -> SpanLedger:
    found = cells(connection, since, where, amounts=amounts, slot_of=_hour if hours else None)
    if not found:
        return SpanLedger()
    projects = dict(connection.execute("SELECT id, project FROM sessions").fetchall())
    by_slot = _lines(found, ((cell, cell.slot) for cell in found))
    by_project = _lines(found, ((cell, projects[cell.session_id]) for cell in found))
    by_result = _lines(found, ((cell, cell.result) for cell in found))
    return SpanLedger(
        total=_lines(found, ((cell, "") for cell in found))[""],
        by_slot=tuple(by_slot[key] for key in sorted(by_slot)),
        by_project=tuple(sorted(by_project.values(), key=lambda line: (-line.spent, -line.saved, line.key))),
        by_result=tuple(by_result[result] for result in RESULTS if result in by_result),
    )


def _lines(found: Cells, keys: Iterable[tuple[Cell, str]]) -> dict[str, SpanLine]:
    """The cells' sums under their keys."""
    sums = defaultdict[str, dict[str, float]](lambda: dict.fromkeys(_PARTS, 0))
    for cell, key in keys:
        tally, kept, lost = found[cell], cell.result == "kept", cell.result in LOST
        parts = (
            *(tally.pings, tally.hits, tally.pings * kept, tally.pings * lost),
            *(tally.spent, tally.spent * lost, tally.saved, tally.closed),
        )
        for name, part in zip(_PARTS, parts, strict=True):
            sums[key][name] += part
    return {key: row_of(SpanLine, {"key": key, **parts}) for key, parts in sums.items()}


_PARTS = ("pings", "hits", "kept_pings", "lost_pings", "spent", "lost", "saved", "closed")
