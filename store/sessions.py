"""Sessions as they are learned: from requests through the gateway, from the clients' own files, from their end.

Each writer says only what it knows; a field that a writer leaves out keeps its value.
"""

from __future__ import annotations

import sqlite3
from pathlib import PurePath

from store.database import immediate
from store.models import Status, WaitingFor
from store.row import fetch_all, fetch_one
from store.rows import SessionRow

NAMELESS = "forgotten"
"""Id of the row that holds the money of sessions that were forgotten: for the ledger, and a session nowhere else."""
FORGOTTEN = "forgotten sessions"
"""What the ledger calls it; its project and its agent."""
NAMED = f"id != '{NAMELESS}'"
"""The condition for rows that are sessions."""

_FIELDS = frozenset(SessionRow.__struct_fields__) - {"id"}


def save(connection: sqlite3.Connection, session_id: str, **known: str | int | float | None) -> None:
    """Create the session or update the given columns of it (`agent` is needed on the first call).

    A session that speaks again after its end (`--resume`) is open again when `ended_at=None` is passed.
    """
    unknown = known.keys() - _FIELDS
    if unknown:
        raise ValueError(f"no such session columns: {', '.join(sorted(unknown))}")
    if known.get("cwd"):
        known.setdefault("project", PurePath(str(known["cwd"])).name)
    # No upsert: its INSERT half would ask for `agent` each time.
    with immediate(connection):
        if get(connection, session_id) is None:
            names = ["id", *known]
            connection.execute(
                f"INSERT INTO sessions ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608
                (session_id, *known.values()),
            )
        elif known:
            updates = ", ".join(f"{name} = ?" for name in known)
            connection.execute(f"UPDATE sessions SET {updates} WHERE id = ?", (*known.values(), session_id))  # noqa: S608


def set_state(
    connection: sqlite3.Connection, session_id: str, status: Status, waiting_for: WaitingFor | None, now: float
) -> None:
    """What the session does now; `waiting_since` moves only when that changed."""
    connection.execute(
        "UPDATE sessions SET status = :status, waiting_for = :waiting,"
        " waiting_since = CASE WHEN status IS :status AND waiting_for IS :waiting THEN waiting_since ELSE :now END"
        " WHERE id = :id AND ended_at IS NULL",
        {"status": status, "waiting": waiting_for, "now": now, "id": session_id},
    )


def end(connection: sqlite3.Connection, session_id: str, reason: str, now: float) -> None:
    """The session is over (reason: ended, dead, cleared); nothing more is sent for it."""
    connection.execute(
        "UPDATE sessions SET ended_at = ?, status = 'ended', end_reason = ?, waiting_for = NULL"
        " WHERE id = ? AND ended_at IS NULL",
        (now, reason, session_id),
    )


def get(connection: sqlite3.Connection, session_id: str) -> SessionRow | None:
    """One session."""
    return fetch_one(SessionRow, connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)))


def open_sessions(connection: sqlite3.Connection) -> list[SessionRow]:
    """Sessions that have not ended."""
    return fetch_all(SessionRow, connection.execute("SELECT * FROM sessions WHERE ended_at IS NULL"))


class UnknownSession(LookupError):
    """No session, or more than one, has this id or prefix; the message is one line for a person."""


def resolve(connection: sqlite3.Connection, prefix: str) -> str:
    """The full id for an id or a unique prefix of one."""
    rows = connection.execute(
        "SELECT id FROM sessions WHERE substr(id, 1, ?) = ? ORDER BY id = ? DESC LIMIT 3", (len(prefix), prefix, prefix)
    ).fetchall()
    if not rows or not prefix:
        raise UnknownSession(f"no session {prefix!r}")
    if rows[0][0] != prefix and len(rows) > 1:
        raise UnknownSession(f"{prefix!r} names more than one session: {rows[0][0]}, {rows[1][0]} …")
    return str(rows[0][0])


def adopt_launch_name(connection: sqlite3.Connection, launch_id: str, session_id: str) -> None:
    """A launch that went by its own name turns out to be this session: move what was stored under it."""
    with immediate(connection):
        if get(connection, launch_id) is None:
            return
        for table in ("lineages", "requests", "turns", "pings", "idle_periods"):
            connection.execute(f"UPDATE {table} SET session_id = ? WHERE session_id = ?", (session_id, launch_id))  # noqa: S608
        # What the owner allowed under the launch's name still holds, unless the session has its own budget.
        connection.execute("UPDATE OR IGNORE budgets SET session_id = ? WHERE session_id = ?", (session_id, launch_id))
        connection.execute("DELETE FROM budgets WHERE session_id = ?", (launch_id,))
        connection.execute("DELETE FROM sessions WHERE id = ?", (launch_id,))
