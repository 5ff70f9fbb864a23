"""Requests: what each call to the provider cost, counted once per provider message id over the whole store."""

from __future__ import annotations

import sqlite3

from store.models import Evidence, Usage


def last_output(connection: sqlite3.Connection, session_id: str) -> int | None:
    """Tokens of the main thread's last answer; None before the first one. What the gateway saw beside the conversation
    (a title, an aside) is none of it."""
    row = connection.execute(
        "SELECT output FROM requests WHERE session_id = ? AND agent_id = ''"
        " AND (lineage_id IS NOT NULL OR evidence != 'gateway') ORDER BY started_at DESC, id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    return None if row is None else int(row[0])


def record(
    connection: sqlite3.Connection,
    *,
    message_id: str,
    session_id: str,
    agent_id: str,
    lineage_id: int | None,
    evidence: Evidence,
    model: str,
    started_at: float,
    usage: Usage,
    status: int | None = None,
    first_byte_seconds: float | None = None,
    ended_at: float | None = None,
) -> bool:
    """Store a request, or improve the one that is there; returns whether it was new.

    The gateway knows times and sees the true usage, so its rows are never overwritten by a transcript's; a
    transcript's row takes whatever came last, but the greatest output: streaming placeholders are smaller than the
    final figure, whichever is read first. A copy in a forked session's transcript leaves the request where it is.
    """
    new = (
        connection.execute("SELECT 1 FROM requests WHERE message_id = ?", (message_id,)).fetchone() is None
    )  # within the caller's transaction
    connection.execute(
        "INSERT INTO requests (message_id, session_id, agent_id, lineage_id, evidence, model, started_at,"
        " first_byte_seconds, ended_at, status, input, output, cache_read, cache_write_5m, cache_write_1h)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (message_id) DO UPDATE SET evidence = excluded.evidence, model = excluded.model,"
        " session_id = CASE excluded.evidence WHEN 'gateway' THEN excluded.session_id ELSE session_id END,"
        " agent_id = CASE excluded.evidence WHEN 'gateway' THEN excluded.agent_id ELSE agent_id END,"
        " lineage_id = coalesce(excluded.lineage_id, lineage_id), started_at = excluded.started_at,"
        " first_byte_seconds = excluded.first_byte_seconds, ended_at = excluded.ended_at, status = excluded.status,"
        " input = excluded.input, cache_read = excluded.cache_read,"
        " output = CASE evidence WHEN excluded.evidence THEN max(output, excluded.output) ELSE excluded.output END,"
        " cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h"
        " WHERE requests.evidence != 'gateway' OR excluded.evidence = 'gateway'",
        (
            message_id,
            session_id,
            agent_id,
            lineage_id,
            evidence,
            model,
            started_at,
            first_byte_seconds,
            ended_at,
            status,
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write_5m,
            usage.cache_write_1h,
        ),
    )
    return new
