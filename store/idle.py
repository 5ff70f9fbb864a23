"""Idle periods: from one request of a lineage to its next one, the unit in which keep-alive is paid and judged."""

from __future__ import annotations

import sqlite3

from store.models import TTLClass, WaitingFor

GIVE_UP_AFTER = 24 * 3600.0
"""Seconds after which an idle period counts as one from which nobody came back."""


def open_period(
    connection: sqlite3.Connection,
    lineage_id: int,
    session_id: str,
    *,
    at: float,
    ttl_class: TTLClass | None,
    ttl_seconds: float,
    prefix_tokens: int,
) -> None:
    """A request was answered; from its start on the lineage is idle."""
    connection.execute(
        "INSERT INTO idle_periods (lineage_id, session_id, opened_at, ttl_class, prefix_tokens, original_expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (lineage_id, session_id, at, ttl_class, prefix_tokens, at + ttl_seconds),
    )


def open_passive(connection: sqlite3.Connection, session_id: str, now: float) -> bool:
    """Where no gateway sees a session's requests: its last one, as its transcript tells, opened an idle period. Returns
    whether one was opened now.

    Only of an open session, and only while the entry lives: afterwards there is nothing left to keep. One that closed
    already (the session ended and was opened again) stays closed until the next request.
    """
    cursor = connection.execute(_OPEN_PASSIVE, {"id": session_id, "now": now})
    return cursor.rowcount > 0


_OPEN_PASSIVE = """
INSERT INTO idle_periods (lineage_id, session_id, opened_at, ttl_class, prefix_tokens, original_expires_at, waiting_for)
SELECT l.id, s.id, l.last_request_at, l.ttl_class, l.prefix_tokens, l.last_request_at + l.ttl_seconds, s.waiting_for
FROM sessions s JOIN lineages l ON l.id = (SELECT max(id) FROM lineages WHERE session_id = s.id AND agent_id = '')
WHERE s.id = :id AND s.ended_at IS NULL AND s.launch_id IS NULL AND l.replaced = ''
  AND :now < l.last_request_at + l.ttl_seconds
  AND NOT EXISTS (SELECT 1 FROM idle_periods WHERE lineage_id = l.id AND opened_at >= l.last_request_at)
"""


def close_by_request(connection: sqlite3.Connection, lineage_id: int, *, at: float, read_tokens: int) -> None:
    """The next request came: what it read of the prefix decides between kept and lapsed."""
    connection.execute(
        "UPDATE idle_periods SET closed_at = :at, closed_by = 'request', read_tokens = :read,"
        " lapsed = (:at > original_expires_at AND :read < 0.5 * prefix_tokens)"
        " WHERE lineage_id = :id AND closed_at IS NULL",
        {"at": at, "read": read_tokens, "id": lineage_id},
    )


def close_unreturned(connection: sqlite3.Connection, lineage_id: int, *, at: float, by: str) -> None:
    """Nobody came back (by: end, timeout, replaced): what was spent is lost."""
    connection.execute(
        "UPDATE idle_periods SET closed_at = ?, closed_by = ? WHERE lineage_id = ? AND closed_at IS NULL",
        (at, by, lineage_id),
    )


def close_ended(connection: sqlite3.Connection, now: float) -> None:
    """Close the periods of sessions that ended and those that nobody came back from in a day."""
    connection.execute(
        "UPDATE idle_periods SET closed_at = :now,"
        " closed_by = CASE WHEN opened_at <= :old THEN 'timeout' ELSE 'end' END"
        " WHERE closed_at IS NULL AND (opened_at <= :old OR session_id IN"
        " (SELECT id FROM sessions WHERE ended_at IS NOT NULL))",
        {"now": now, "old": now - GIVE_UP_AFTER},
    )


def current(connection: sqlite3.Connection, lineage_id: int) -> tuple[int, float] | None:
    """Id and opening time of the idle period that the lineage is in.

    One that was given up after a day still counts, until the next request opens another: a hold may go on pinging,
    and its pings stay inside the period's cap.
    """
    row = connection.execute(
        "SELECT id, opened_at FROM idle_periods WHERE closed_by IN ('', 'timeout')"
        " AND id = (SELECT max(id) FROM idle_periods WHERE lineage_id = ?)",
        (lineage_id,),
    ).fetchone()
    return (int(row[0]), float(row[1])) if row else None


def note_waiting(connection: sqlite3.Connection, session_id: str, waiting_for: WaitingFor | None) -> None:
    """Remember what the open period's session waits for (its kind decides the odds of a return)."""
    if waiting_for is not None:
        connection.execute(
            "UPDATE idle_periods SET waiting_for = ? WHERE session_id = ? AND closed_at IS NULL",
            (waiting_for, session_id),
        )
