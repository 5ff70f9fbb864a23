"""Budgets: what each session may spend on keep-alive, as its owner set it. The row under '' is the stored default.

What is in force is decided elsewhere, from these rows and the configuration; readers bring that decision along.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from store import lineages, sessions, settings
from store.models import BudgetMode, TTLClass
from store.row import fetch_all, fetch_one
from store.rows import BudgetRow, LineageRow, SessionRow

DEFAULT = ""
PAUSED_UNTIL = "keepalive.paused_until"
"""Setting: until when no ping is sent for anybody, seconds since the epoch."""
CHANGES = "budgets.changes"
"""Setting: how often a row was set or dropped. Two changes may cancel out, and a plan may have been made in between."""


class Standing(NamedTuple):
    """Everything about a session that decides what it may spend, but for the configuration."""

    own: BudgetRow | None = None
    default: BudgetRow | None = None
    """The stored default."""
    project: str = ""
    agent: str = ""
    ttl_class: TTLClass | None = None
    last_request_at: float | None = None
    """Of its main thread: a mode that ends with the next prompt has ended if this is later than the row."""


class Allowed(Protocol):
    """What is in force for a session; None is no cap, or no end."""

    @property
    def mode(self) -> BudgetMode: ...
    @property
    def pings(self) -> int | None: ...
    @property
    def usd(self) -> float | None: ...
    @property
    def until(self) -> float | None: ...


BudgetOf = Callable[[Standing], Allowed]
"""How rows and configuration become what is in force."""


def get(connection: sqlite3.Connection, session_id: str) -> BudgetRow | None:
    """The session's own budget, if it has one."""
    return fetch_one(BudgetRow, connection.execute("SELECT * FROM budgets WHERE session_id = ?", (session_id,)))


def every(connection: sqlite3.Connection) -> dict[str, BudgetRow]:
    """All of them, by session."""
    return _by_session(connection.execute("SELECT * FROM budgets"))


def among(connection: sqlite3.Connection, session_ids: Sequence[str]) -> dict[str, BudgetRow]:
    """Those of these sessions, and the default, by session."""
    ids = json.dumps([DEFAULT, *session_ids])  # one parameter: their number has no limit
    query = "SELECT * FROM budgets WHERE session_id IN (SELECT value FROM json_each(?))"
    return _by_session(connection.execute(query, (ids,)))


def _by_session(cursor: sqlite3.Cursor) -> dict[str, BudgetRow]:
    return {row.session_id: row for row in fetch_all(BudgetRow, cursor)}


def standing(connection: sqlite3.Connection, session_id: str) -> Standing:
    """Where one session stands now; an unknown one (or `DEFAULT`) stands under the stored default alone."""
    rows = among(connection, [session_id])
    session = None if session_id == DEFAULT else sessions.get(connection, session_id)
    if session is None:
        return Standing(default=rows.get(DEFAULT))
    lineage = lineages.current(connection, session_id)
    return standing_of(session, lineage, rows)


def standing_of(session: SessionRow, lineage: LineageRow | None, rows: Mapping[str, BudgetRow]) -> Standing:
    """The same from what was read already; `rows` as `among` has them."""
    return Standing(
        rows.get(session.id),
        rows.get(DEFAULT),
        session.project,
        session.agent,
        lineage.ttl_class if lineage else None,
        lineage.last_request_at if lineage else None,
    )


def put(
    connection: sqlite3.Connection,
    session_id: str,
    *,
    mode: BudgetMode | None,
    pings: int | None,
    usd: float | None,
    until: float | None,
    now: float,
    usd_per_ping: float | None = None,
    until_back: bool = False,
) -> None:
    """Replace a session's budget as a whole; it holds from the keeper's next look (within a second). Without a mode,
    that of the defaults goes on to count."""
    connection.execute(
        "INSERT INTO budgets (session_id, mode, pings, usd, usd_per_ping, until, until_back, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (session_id) DO UPDATE SET mode = excluded.mode, pings = excluded.pings, usd = excluded.usd,"
        " usd_per_ping = excluded.usd_per_ping, until = excluded.until, until_back = excluded.until_back,"
        " updated_at = excluded.updated_at",
        (session_id, mode or "", pings, usd, usd_per_ping, until, until_back, now),
    )
    _count_change(connection)


def forget(connection: sqlite3.Connection, session_id: str) -> None:
    """Drop a session's own budget: the defaults hold again. One without a budget is no error."""
    connection.execute("DELETE FROM budgets WHERE session_id = ?", (session_id,))
    _count_change(connection)


def changes(connection: sqlite3.Connection) -> int:
    """How often rows were set or dropped so far."""
    value = settings.get(connection, CHANGES)
    return value if isinstance(value, int) else 0


def _count_change(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO settings (key, value) VALUES (?, '1') ON CONFLICT (key) DO UPDATE SET value = value + 1",
        (CHANGES,),
    )


def pause(connection: sqlite3.Connection, until: float | None) -> None:
    """Send no ping for anybody until then; None goes on at once."""
    if until is None:
        settings.delete(connection, PAUSED_UNTIL)
    else:
        settings.put(connection, PAUSED_UNTIL, until)


def paused_until(connection: sqlite3.Connection) -> float | None:
    """The end of the pause, which may be over; None without one."""
    value = settings.get(connection, PAUSED_UNTIL)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
