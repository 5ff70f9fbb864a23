"""The ledger: what keep-alive spent, what it provably saved, what it lost. Derived, never stored.

A saving counts only when the next real request came after the original expiry and read the prefix; the rule itself
is in the view `idle_money`. What was spent on an idle period that closed without one is lost. Pings are booked on the
day they were reserved, as the day cap counts them; a saving and a loss on the day that the period closed.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec.structs import asdict

from store.database import snapshot
from store.ledger_cells import Cells, Tally, cells, joined, result_of, total
from store.ledger_cells import local_date as local_date  # noqa: PLC0414 (handed on)
from store.ledger_cells import local_midnight as local_midnight  # noqa: PLC0414 (handed on)
from store.ledger_models import RESULTS, IdlePeriod, LedgerPeriods, LedgerView, SessionLedger
from store.models import LedgerLine
from store.row import row_of
from store.session_filter import EVERY_SESSION, SessionFilter

SESSION_PERIODS = 60
"""Of one session, the newest: about what a person scrolls through."""


def read(connection: sqlite3.Connection, since: float = 0.0, chosen: SessionFilter = EVERY_SESSION) -> LedgerView:
    """Totals: pings sent, and idle periods with pings that closed, at or after `since`."""
    with snapshot(connection):
        return _view(connection, since, chosen)


def with_periods(
    connection: sqlite3.Connection, since: float = 0.0, chosen: SessionFilter = EVERY_SESSION, *, limit: int
) -> LedgerPeriods:
    """The totals and the newest idle periods behind them: those that are open, or closed at or after `since`."""
    where, values = _of(chosen)
    with snapshot(connection):
        view = _view(connection, since, chosen)
        periods = _periods(
            connection,
            f"(closed_at IS NULL OR closed_at >= :since) AND {where}",
            {**values, "since": since, "limit": limit},
        )
    return LedgerPeriods(**asdict(view), periods=periods)


def of_session(connection: sqlite3.Connection, session_id: str, limit: int = SESSION_PERIODS) -> SessionLedger:
    """One session's totals and its newest idle periods."""
    values = {"session": session_id}
    with snapshot(connection):
        found = cells(connection, 0.0, "session_id = :session", values)
        periods = _periods(connection, "session_id = :session", {**values, "limit": limit})
    return SessionLedger(total=total(found).line(session_id), by_result=_by_result(found), periods=periods)


def today(connection: sqlite3.Connection, now: float) -> tuple[LedgerLine, LedgerLine]:
    """The header's line: what this local day's pings cost, and what came of the idle periods that closed on it. First
    of sessions that are billed by token, then of those under a plan's login, where it is only what an API key would
    have paid."""
    found = cells(connection, local_midnight(now))
    plan = (
        {row[0] for row in connection.execute("SELECT id FROM sessions WHERE login = 'subscription'")} if found else {}
    )
    billed, free = (
        total({cell: tally for cell, tally in found.items() if (cell.session_id in plan) is on_plan}).line(
            local_date(now)
        )
        for on_plan in (False, True)
    )
    return billed, free


# -- totals ----------------------------------------------------------------------------------------------------------


def _view(connection: sqlite3.Connection, since: float, chosen: SessionFilter) -> LedgerView:
    found = cells(connection, since, *_of(chosen))
    whose = {
        row[0]: (row[1], row[2], row[3] or "")
        for row in connection.execute("SELECT id, project, agent, login FROM sessions")
    }
    by_session = joined(found, lambda cell: cell.session_id)
    newest = sorted(by_session, key=lambda key: (by_session[key].newest, key), reverse=True)
    by_day = joined(found, lambda cell: cell.slot)
    return LedgerView(
        **_sums(total(found).line("")),
        by_session=tuple(by_session[key].line(key, whose[key][0]) for key in newest),
        by_day=tuple(by_day[key].line(key) for key in sorted(by_day)),
        by_project=_dearest(joined(by_session, lambda session_id: whose[session_id][0])),
        by_agent=_dearest(joined(by_session, lambda session_id: whose[session_id][1])),
        by_login=_dearest(joined(by_session, lambda session_id: whose[session_id][2])),
        by_result=_by_result(found),
    )


def _sums(line: LedgerLine) -> dict[str, Any]:
    return {name: part for name, part in asdict(line).items() if name not in ("key", "label")}


def _dearest(tallies: dict[str, Tally]) -> tuple[LedgerLine, ...]:
    keys = sorted(tallies, key=lambda key: (-tallies[key].spent, key))
    return tuple(tallies[key].line(key) for key in keys)


def _by_result(found: Cells) -> tuple[LedgerLine, ...]:
    tallies = joined(found, lambda cell: cell.result)
    return tuple(tallies[result].line(result) for result in RESULTS if result in tallies)


# -- rows ------------------------------------------------------------------------------------------------------------


def _of(chosen: SessionFilter) -> tuple[str, dict[str, str]]:
    """The condition for rows that have a `session_id`."""
    condition, values = chosen.condition()
    return (f"session_id IN (SELECT id FROM sessions WHERE {condition})" if condition else "1"), values  # noqa: S608


def _periods(
    connection: sqlite3.Connection, where: str, values: dict[str, str | float | int]
) -> tuple[IdlePeriod, ...]:
    cursor = connection.execute(_NEWEST.format(where), values)
    names = [column[0] for column in cursor.description]
    return tuple(_period(dict(zip(names, row, strict=True))) for row in cursor)


def _period(row: dict[str, Any]) -> IdlePeriod:
    result = result_of(
        row["closed_at"], row["closed_by"], row["original_expires_at"], row.pop("lapsed"), row["saved_usd"]
    )
    lost = 0.0 if result in ("open", "kept") else row["spent_usd"]
    return row_of(IdlePeriod, {**row, "result": result, "lost_usd": lost})


# The newest are chosen before their money is reckoned.
_NEWEST = """
SELECT m.session_id AS session, s.project, s.agent, m.opened_at, m.original_expires_at, m.closed_at, m.closed_by,
    m.lapsed, m.waiting_for, i.ttl_class AS ttl, m.prefix_tokens,
    (SELECT warmer FROM pings WHERE idle_id = m.id ORDER BY id DESC LIMIT 1) AS warmer,
    m.pings, m.hits, m.spent_usd, m.saved_usd
FROM idle_money m JOIN idle_periods i ON i.id = m.id JOIN sessions s ON s.id = m.session_id
WHERE m.id IN (SELECT id FROM idle_periods WHERE pinged = 1 AND {0} ORDER BY opened_at DESC, id DESC LIMIT :limit)
ORDER BY m.opened_at DESC, m.id DESC
"""
