"""What a request beside the conversation (a side question, a fork) does to the idle period that it falls into.

It ends no wait, since nobody went on with the conversation; but it read or wrote the entry, and from then on the entry
would have lived that much longer without any ping. A saving counts only past that moment.
"""

from __future__ import annotations

import sqlite3


def postpone_expiry(
    connection: sqlite3.Connection, lineage_id: int, *, at: float, ttl_seconds: float, read: bool
) -> None:
    """Move the open period's original expiry to a lifetime after `at`, when the aside was sent.

    `read`: it read the prefix; else it paid for writing it. The expiry stays where pings alone had kept the entry for
    it to read: without them the aside would have paid the write, and that is what they saved.
    """
    connection.execute(
        "UPDATE idle_periods SET original_expires_at = max(original_expires_at, :at + :ttl)"
        " WHERE lineage_id = :id AND closed_at IS NULL"
        " AND (NOT :read OR :at <= original_expires_at"
        " OR NOT EXISTS (SELECT 1 FROM pings g WHERE g.idle_id = idle_periods.id AND g.outcome = 'hit'))",
        {"id": lineage_id, "at": at, "ttl": ttl_seconds, "read": read},
    )
