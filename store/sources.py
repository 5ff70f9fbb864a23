"""What the transcripts of a session say as a whole, from the facts that were kept of each file."""

from __future__ import annotations

import sqlite3

_COUNTS = ("prompts", "queued", "notifications", "slash_commands", "shell_commands", "interrupts")


def told(connection: sqlite3.Connection, session_id: str) -> dict[str, object]:
    """Values for `SessionDetail`; a session without a transcript has none of the times."""
    names = ("malformed", "compactions", "first_at", "last_at", "forked_from", "last_write", *_COUNTS)
    # Of several copies of the main thread's transcript the longest speaks, as for the turns.
    main = connection.execute(
        f"SELECT {', '.join(names)} FROM sources WHERE session_id = ? AND agent_id = ''"  # noqa: S608
        " ORDER BY lines DESC, path LIMIT 1",
        (session_id,),
    ).fetchone()
    said = dict(zip(names, main or [None] * len(names), strict=True))
    in_subagents = connection.execute(
        # (SQLite takes the other column from the row of the maximum.)
        "SELECT coalesce(sum(malformed), 0) FROM (SELECT malformed, max(lines) FROM sources"
        " WHERE session_id = ? AND agent_id != '' GROUP BY agent_id)",
        (session_id,),
    ).fetchone()[0]
    noticed = connection.execute(
        "SELECT count(*) FROM lineages WHERE session_id = ? AND agent_id = '' AND replaced = 'compacted'", (session_id,)
    ).fetchone()[0]
    models = connection.execute(
        "SELECT DISTINCT model FROM requests WHERE model != '' AND (session_id = :id OR message_id IN"
        " (SELECT message_id FROM request_copies WHERE session_id = :id)) ORDER BY model",
        {"id": session_id},
    )
    return {
        "compactions": max(said["compactions"] or 0, noticed),
        "models": tuple(row[0] for row in models),
        **{name: said[name] for name in ("first_at", "last_at") if said[name] is not None},
        "malformed_lines": (said["malformed"] or 0) + in_subagents,
        **{name: said[name] or 0 for name in _COUNTS},
        "last_write": said["last_write"],
        "copied_requests": connection.execute(
            "SELECT count(DISTINCT message_id) FROM request_copies c WHERE session_id = :id AND NOT EXISTS"
            " (SELECT 1 FROM requests r WHERE r.message_id = c.message_id AND r.session_id = :id)",
            {"id": session_id},
        ).fetchone()[0],
        "forked_from": said["forked_from"],
        "transcripts": tuple(
            row[0]
            for row in connection.execute("SELECT path FROM sources WHERE session_id = ? ORDER BY path", (session_id,))
        ),
    }
