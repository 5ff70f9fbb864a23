"""Whether forks have ever been seen to keep an hour's entry.

A fork is another request than the client's own: that its read renews the entry which the next real request will look
for is the client's business, and on a 1h entry it takes an hour of waiting to find out. Until one did, forks on 1h
sessions are a trial.
"""

from __future__ import annotations

import sqlite3


def proven(connection: sqlite3.Connection) -> bool:
    """Whether an idle period on a 1h entry with a fork that hit was ever closed by a real request that came after the
    original expiry and read at least 95 % of the prefix."""
    return bool(connection.execute(_PROVEN).fetchone()[0])


# By its own index of forks that hit: there are few of them while this is asked, and one proof ends it.
_PROVEN = """
SELECT EXISTS (
    SELECT 1 FROM pings g CROSS JOIN idle_periods i ON i.id = g.idle_id
    WHERE g.warmer = 'fork' AND g.outcome = 'hit' AND g.ttl_class = '1h' AND i.ttl_class = '1h'
      AND i.closed_by = 'request' AND i.closed_at > i.original_expires_at AND i.read_tokens >= 0.95 * i.prefix_tokens)
"""
