"""Lineages: the chains of requests that share a growing prefix, and what keep-alive decided about each."""

from __future__ import annotations

import json
import sqlite3

from store.models import Evidence, ReasonArgs, TTLClass
from store.row import fetch_all, fetch_one
from store.rows import LineageRow


def get(connection: sqlite3.Connection, lineage_id: int) -> LineageRow | None:
    """One lineage."""
    return fetch_one(LineageRow, connection.execute("SELECT * FROM lineages WHERE id = ?", (lineage_id,)))


def current(connection: sqlite3.Connection, session_id: str, agent_id: str = "") -> LineageRow | None:
    """The lineage that the next request of this thread would read: the newest of its own."""
    return fetch_one(
        LineageRow,
        connection.execute(
            "SELECT * FROM lineages WHERE session_id = ? AND agent_id = ? ORDER BY id DESC LIMIT 1",
            (session_id, agent_id),
        ),
    )


def open_main(connection: sqlite3.Connection) -> list[LineageRow]:
    """The main lineages of all open sessions that nothing has replaced: everything that a ping might be for."""
    return fetch_all(
        LineageRow,
        connection.execute(
            "SELECT l.* FROM lineages l JOIN sessions s ON s.id = l.session_id"
            " WHERE s.ended_at IS NULL AND l.agent_id = '' AND l.replaced = ''"
        ),
    )


def start(
    connection: sqlite3.Connection,
    session_id: str,
    agent_id: str,
    *,
    model: str,
    evidence: Evidence,
    at: float,
) -> int:
    """Begin a new chain; the caller says with `replace` what became of the one before."""
    cursor = connection.execute(
        "INSERT INTO lineages (session_id, agent_id, model, evidence, first_request_at) VALUES (?, ?, ?, ?, ?)",
        (session_id, agent_id, model, evidence, at),
    )
    return int(cursor.lastrowid or 0)


def touch_by_request(
    connection: sqlite3.Connection,
    lineage_id: int,
    *,
    at: float,
    prefix_tokens: int,
    ttl_class: TTLClass | None,
    ttl_seconds: float | None,
    model: str,
    evidence: Evidence,
    held: bool,
    thinking: bool,
    replayable: str,
    requests: int = 1,
) -> None:
    """A real request of this lineage was answered: its start is the entry's new clock, and old stops are void.

    (Where several are learned of at once, `requests` of them, the values are the last one's.)
    """
    connection.execute(
        "UPDATE lineages SET requests = requests + :count, last_request_at = :at, last_touch_at = :at,"
        " prefix_tokens = :prefix, ttl_class = coalesce(:ttl, ttl_class),"
        " ttl_seconds = coalesce(:seconds, ttl_seconds),"
        " model = :model, evidence = :evidence, held = :held, thinking = :thinking, replayable = :replayable,"
        " stop = '', stop_args = '{}', stop_until = NULL WHERE id = :id",
        {
            "id": lineage_id,
            "count": requests,
            "at": at,
            "prefix": prefix_tokens,
            "ttl": ttl_class,
            "seconds": ttl_seconds,
            "model": model,
            "evidence": evidence,
            "held": held,
            "thinking": thinking,
            "replayable": replayable,
        },
    )


def touch_by_ping(connection: sqlite3.Connection, lineage_id: int, at: float) -> None:
    """A ping's hit was verified, or an aside's read: the entry lives a TTL longer from its start."""
    connection.execute("UPDATE lineages SET last_touch_at = ? WHERE id = ? AND last_touch_at < ?", (at, lineage_id, at))


def replace(connection: sqlite3.Connection, lineage_id: int, reason: str, broke_tokens: int | None = None) -> None:
    """Another prefix took over (replaced, cleared, compacted, ...): never pinged again."""
    connection.execute(
        "UPDATE lineages SET replaced = ?, broke_tokens = ?, held = 0, next_ping_at = NULL"
        " WHERE id = ? AND replaced = ''",
        (reason, broke_tokens, lineage_id),
    )


def note_break(connection: sqlite3.Connection, lineage_id: int, broke_tokens: int) -> None:
    """What was written again, where a chain was replaced before the request that wrote it was known."""
    connection.execute(
        "UPDATE lineages SET broke_tokens = ? WHERE id = ? AND replaced != '' AND broke_tokens IS NULL",
        (broke_tokens, lineage_id),
    )


def stop(
    connection: sqlite3.Connection, lineage_id: int, reason: str, args: ReasonArgs, until: float | None = None
) -> None:
    """No more pings for this lineage, until its next real request or until a time."""
    connection.execute(
        "UPDATE lineages SET stop = ?, stop_args = ?, stop_until = ? WHERE id = ?",
        (reason, json.dumps(args), until, lineage_id),
    )


def plan(
    connection: sqlite3.Connection,
    lineage_id: int,
    *,
    why: str,
    args: ReasonArgs,
    next_ping_at: float | None,
    max_idle_pings: int | None,
) -> None:
    """Store the decision that the row shows. Unchanged plans are not written: each write wakes every reader."""
    values = (why, json.dumps(args), next_ping_at, max_idle_pings)
    connection.execute(
        "UPDATE lineages SET why = ?, why_args = ?, next_ping_at = ?, max_idle_pings = ? WHERE id = ?"
        " AND (why IS NOT ? OR why_args IS NOT ? OR next_ping_at IS NOT ? OR max_idle_pings IS NOT ?)",
        (*values, lineage_id, *values),
    )


def release_all(connection: sqlite3.Connection) -> None:
    """A new worker holds no bytes yet: *no prefix held until the next message*."""
    connection.execute("UPDATE lineages SET held = 0, next_ping_at = NULL WHERE held != 0 OR next_ping_at IS NOT NULL")


def ttfb_p95(connection: sqlite3.Connection, lineage_id: int, last: int = 50) -> float:
    """95th percentile of the time to first byte over the lineage's last requests, seconds; 0 without data."""
    rows = connection.execute(
        "SELECT first_byte_seconds FROM requests WHERE lineage_id = ? AND first_byte_seconds IS NOT NULL"
        " ORDER BY started_at DESC LIMIT ?",
        (lineage_id, last),
    ).fetchall()
    if not rows:
        return 0.0
    values = sorted(float(row[0]) for row in rows)
    return values[min(len(values) - 1, int(0.95 * len(values)))]
