"""The end of a session, whoever noticed it: its row, its idle period, and its prefix where it was cleared."""

from __future__ import annotations

import sqlite3

from store import idle, lineages, sessions


def end(connection: sqlite3.Connection, session_id: str, reason: str, now: float) -> None:
    """Store it; `reason` is `ended`, `dead` or `cleared`."""
    lineage = lineages.current(connection, session_id)
    sessions.end(connection, session_id, reason, now)
    if lineage is not None:
        idle.close_unreturned(connection, lineage.id, at=now, by="end")
        if reason == "cleared":
            lineages.replace(connection, lineage.id, "cleared")
