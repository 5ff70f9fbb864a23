"""Step 11: why a cache broke, and what a client says of its own cache."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m011_cache_truth(db: Database) -> None:
    """What the gateway found out about a break is kept, so that it can be read when the request is long forgotten.

    Sizes and digests alone: no content of a request is ever stored.
    """
    script(
        db,
        """
CREATE TABLE breaks (
    message_id TEXT PRIMARY KEY,    -- the request that paid for it
    session_id TEXT NOT NULL,
    agent_id TEXT NOT NULL DEFAULT '',
    at REAL NOT NULL,
    cause TEXT NOT NULL,            -- reason code: tool_added, system_changed, message_edited, expired, ...
    part TEXT NOT NULL DEFAULT '',  -- tools, system, messages, settings
    position INTEGER,               -- index in its part, from 0
    name TEXT NOT NULL DEFAULT '',  -- of the tool, the role, the setting
    field TEXT NOT NULL DEFAULT '', -- which field of it changed
    size_before INTEGER,            -- bytes of the block
    size_after INTEGER,
    hash_before TEXT NOT NULL DEFAULT '',
    hash_after TEXT NOT NULL DEFAULT '',
    expected_read INTEGER NOT NULL, -- tokens that an unbroken prefix would have read
    read INTEGER NOT NULL,          -- what it did read
    written INTEGER NOT NULL,       -- what it wrote again
    ttl_class TEXT                  -- of that write: its price
) STRICT, WITHOUT ROWID;
CREATE INDEX breaks_session ON breaks(session_id, at);
ALTER TABLE turns ADD COLUMN resumed INTEGER /* left and opened again before the next turn */ NOT NULL DEFAULT 0;
CREATE TABLE client_reports (
    session_id TEXT PRIMARY KEY,    -- the client's own report of its cache, from its statusline: the newest alone
    reported_at REAL NOT NULL,
    warm INTEGER,
    ttl_class TEXT,
    expires_at REAL,
    misses INTEGER,
    last_miss_at REAL,
    last_miss_cause TEXT NOT NULL DEFAULT '',
    cold_tokens INTEGER             -- recache_tokens_if_cold
) STRICT, WITHOUT ROWID;
        """,
    )
