"""What the transcripts of a session say as a whole, from the facts that were kept of each file."""

from __future__ import annotations

import sqlite3

_COUNTS = ("prompts", "queued", "notifications", "slash_commands", "shell_commands", "interrupts")


def told(connection: sqlite3.Connection, session_id: str) -> dict[str, object]:
    """Values for `SessionDetail`; a session without a transcript has none of the times."""
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in ("malformed", "compactions", *_COUNTS))
    malformed, compactions, *counts = connection.execute(
        f"SELECT {sums} FROM sources WHERE session_id = ?",  # noqa: S608
        (session_id,),
    ).fetchone()
    main = connection.execute(
        "SELECT min(first_at), max(last_at), max(forked_from) FROM sources WHERE session_id = ? AND agent_id = ''",
        (session_id,),
    ).fetchone()
    last_write = connection.execute(
        "SELECT last_write FROM sources WHERE session_id = ? AND agent_id = '' ORDER BY lines DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    noticed = connection.execute(
        "SELECT count(*) FROM lineages WHERE session_id = ? AND agent_id = '' AND replaced = 'compacted'", (session_id,)
    ).fetchone()[0]
    models = connection.execute(
        "SELECT DISTINCT model FROM requests WHERE model != '' AND (session_id = :id OR message_id IN"
        " (SELECT message_id FROM request_copies WHERE session_id = :id)) ORDER BY model",
        {"id": session_id},
    )
    return {
        "compactions": max(compactions, noticed),
        "models": tuple(row[0] for row in models),
        **{name: at for name, at in (("first_at", main[0]), ("last_at", main[1])) if at is not None},
        "malformed_lines": malformed,
        **dict(zip(_COUNTS, counts, strict=True)),
        "last_write": last_write[0] if last_write else None,
        "copied_requests": connection.execute(
            "SELECT count(DISTINCT message_id) FROM request_copies c WHERE session_id = :id AND NOT EXISTS"
            " (SELECT 1 FROM requests r WHERE r.message_id = c.message_id AND r.session_id = :id)",
            {"id": session_id},
        ).fetchone()[0],
        "forked_from": main[2],
        "transcripts": tuple(
            row[0]
            for row in connection.execute("SELECT path FROM sources WHERE session_id = ? ORDER BY path", (session_id,))
        ),
    }
