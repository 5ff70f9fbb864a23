"""Whether forks have ever been seen to keep an hour's entry.

A fork is another request than the client's own: that its read renews the entry which the next real request will look
for is the client's business, and on a 1h entry it takes an hour of waiting to find out. Until one did, forks on 1h
sessions are a trial.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from store.rows import LineageRow


def proven(connection: sqlite3.Connection) -> bool:
    """Whether an idle period on a 1h entry with a fork that hit was ever closed by a real request that came after the
    original expiry and read at least 95 % of the prefix."""
    return bool(connection.execute(_PROVEN).fetchone()[0])


def unproven(connection: sqlite3.Connection, rows: Iterable[LineageRow]) -> frozenset[int]:
    """Lineages on 1h entries that by now live on a fork's word alone, while none was ever seen to keep one."""
    kept = [
        row.id
        for row in rows
        if row.ttl_class == "1h"
        and row.ttl_seconds is not None
        and None is not row.last_request_at != row.last_touch_at
    ]
    if not kept or proven(connection):
        return frozenset()
    found = connection.execute(_KEPT_BY_FORK, (json.dumps(kept),))
    return frozenset(int(row[0]) for row in found)


_KEPT_BY_FORK = """
SELECT g.lineage_id FROM pings g JOIN lineages l ON l.id = g.lineage_id
WHERE g.lineage_id IN (SELECT value FROM json_each(?)) AND g.warmer = 'fork' AND g.outcome = 'hit'
  AND g.ttl_class = '1h' AND g.sent_at = l.last_touch_at
"""
# By its own index of forks that hit: there are few of them while this is asked, and one proof ends it.
_PROVEN = """
SELECT EXISTS (
    SELECT 1 FROM pings g CROSS JOIN idle_periods i ON i.id = g.idle_id
    WHERE g.warmer = 'fork' AND g.outcome = 'hit' AND g.ttl_class = '1h' AND i.ttl_class = '1h'
      AND i.closed_by = 'request' AND i.closed_at > i.original_expires_at AND i.read_tokens >= 0.95 * i.prefix_tokens)
"""
