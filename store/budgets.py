"""Budgets: what each session may spend on keep-alive, as its owner set it. The row under '' is the default."""

from __future__ import annotations

import sqlite3

from store.models import BudgetMode
from store.rows import BudgetRow, fetch_one

DEFAULT = ""


def get(connection: sqlite3.Connection, session_id: str) -> BudgetRow | None:
    """The session's own budget, if it has one."""
    return fetch_one(BudgetRow, connection.execute("SELECT * FROM budgets WHERE session_id = ?", (session_id,)))


def effective(connection: sqlite3.Connection, session_id: str) -> BudgetRow | None:
    """The session's own budget, else the stored default, else None (the config decides)."""
    return get(connection, session_id) or get(connection, DEFAULT)


def put(
    connection: sqlite3.Connection,
    session_id: str,
    *,
    mode: BudgetMode,
    pings: int | None,
    usd: float | None,
    until: float | None,
    now: float,
) -> None:
    """Replace a session's budget; it holds from the keeper's next look (within a second)."""
    connection.execute(
        "INSERT INTO budgets (session_id, mode, pings, usd, until, updated_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (session_id) DO UPDATE SET mode = excluded.mode, pings = excluded.pings, usd = excluded.usd,"
        " until = excluded.until, updated_at = excluded.updated_at",
        (session_id, mode, pings, usd, until, now),
    )


def changed_since(connection: sqlite3.Connection, moment: float) -> list[tuple[str, float]]:
    """Sessions ('' for the default) whose budget was set after `moment`, with the time of the change."""
    rows = connection.execute("SELECT session_id, updated_at FROM budgets WHERE updated_at > ?", (moment,))
    return [(row[0], row[1]) for row in rows]
