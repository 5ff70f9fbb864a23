"""Steps 1 to 7: sessions, requests, turns, money, and the bus between the processes."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m001_sessions_and_launches(db: Database) -> None:
    script(
        db,
        """
CREATE TABLE launches (
    id TEXT PRIMARY KEY,            -- launch-xxxxxxxx: names the session of a client that names none
    token_hash TEXT NOT NULL UNIQUE,-- sha256 of the 128-bit path token: the token itself is never on disk
    agent TEXT NOT NULL,            -- which adapter started it (claude, other)
    pid INTEGER NOT NULL,           -- run replaces itself with the client, so this is the client's pid
    pid_started_at REAL,            -- tells a reused pid from ours
    cwd TEXT NOT NULL,              -- project of a session that does not name its own
    upstream TEXT NOT NULL,         -- where this launch's requests go, whatever the keeper's default is
    proxy TEXT,                     -- HTTPS_PROXY of the launch, without user name and password
    ca_file TEXT,                   -- CA bundle of the launch (companies with their own roots)
    started_at REAL NOT NULL,
    ended_at REAL                   -- process gone: nothing more is sent for it
) STRICT;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,            -- the agent's own id, or the launch's until matched
    agent TEXT NOT NULL,
    launch_id TEXT REFERENCES launches(id), -- attached: its requests pass our gateway
    cwd TEXT NOT NULL DEFAULT '',
    project TEXT NOT NULL DEFAULT '',       -- last part of cwd: the row's name
    title TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'unknown', -- busy, idle, ended, unknown: as the client says
    waiting_for TEXT,               -- you, permission, tool, background; NULL works
    waiting_since REAL,             -- "your turn since"
    pid INTEGER,
    pid_started TEXT,               -- start time in the client's own unit: tells a reused pid
    tmux_pane TEXT,                 -- where `g` jumps to
    client_version TEXT NOT NULL DEFAULT '',
    login TEXT,                     -- api_key or subscription: decides whether a replay is allowed
    model TEXT,
    context_tokens INTEGER,         -- prompt of the last main request
    transcript TEXT,                -- path of the client's own record, while it exists
    opened_at REAL,
    last_activity_at REAL,
    ended_at REAL,
    end_reason TEXT NOT NULL DEFAULT ''     -- ended (client left), dead (process gone), cleared (/clear)
) STRICT;
CREATE INDEX sessions_open ON sessions(ended_at, last_activity_at);
        """,
    )


@migrations()
def m002_lineages_and_requests(db: Database) -> None:
    script(
        db,
        """
CREATE TABLE lineages (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    agent_id TEXT NOT NULL DEFAULT '',      -- '' is the main thread; a subagent has its own prefix
    model TEXT NOT NULL,
    ttl_class TEXT,                 -- as seen on the wire or in usage, never guessed
    ttl_seconds REAL,               -- lifetime in force when last seen (config scales it)
    evidence TEXT NOT NULL,         -- gateway, client, transcript, assumed
    requests INTEGER NOT NULL DEFAULT 0,    -- a lineage with one request is not pinged
    prefix_tokens INTEGER NOT NULL DEFAULT 0,
    first_request_at REAL,
    last_request_at REAL,           -- start of the last real request: original expiry = this + TTL
    last_touch_at REAL,             -- start of the last request or verified ping: the entry's clock
    replaced TEXT NOT NULL DEFAULT '',      -- reason code once another prefix took over
    broke_tokens INTEGER,           -- how much the break wrote again
    held INTEGER NOT NULL DEFAULT 0,        -- the running worker holds its bytes (0 after a restart)
    thinking INTEGER NOT NULL DEFAULT 0,    -- thinking: enabled cannot be replayed
    replayable TEXT NOT NULL DEFAULT '',    -- reason code why the API would refuse a replay
    stop TEXT NOT NULL DEFAULT '',  -- reason code of a stop after a ping; a stop is per lineage and has an end
    stop_args TEXT NOT NULL DEFAULT '{}',
    stop_until REAL,
    why TEXT NOT NULL DEFAULT '',   -- the scheduler's last decision, for the row's reason line
    why_args TEXT NOT NULL DEFAULT '{}',
    next_ping_at REAL,              -- NULL: none planned
    max_idle_pings INTEGER          -- what the decision allows in this idle period
) STRICT;
CREATE INDEX lineages_session ON lineages(session_id, agent_id);
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    message_id TEXT UNIQUE,         -- the provider's id: a request counts once per store
    session_id TEXT NOT NULL REFERENCES sessions(id),
    agent_id TEXT NOT NULL DEFAULT '',
    lineage_id INTEGER REFERENCES lineages(id), -- NULL: side calls and transcripts' older requests
    evidence TEXT NOT NULL,
    model TEXT NOT NULL DEFAULT '',
    started_at REAL NOT NULL,       -- the TTL runs from here, not from the answer's end
    first_byte_seconds REAL,        -- p95 of it widens the margin
    ended_at REAL,
    status INTEGER,
    input INTEGER NOT NULL DEFAULT 0,       -- uncached
    output INTEGER NOT NULL DEFAULT 0,
    cache_read INTEGER NOT NULL DEFAULT 0,
    cache_write_5m INTEGER NOT NULL DEFAULT 0,
    cache_write_1h INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX requests_session ON requests(session_id, started_at);
CREATE INDEX requests_lineage ON requests(lineage_id, started_at);
        """,
    )


@migrations()
def m003_turns(db: Database) -> None:
    script(
        db,
        """
CREATE TABLE turns (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id),
    n INTEGER NOT NULL,             -- 0 is what lies before the first prompt
    started_at REAL,
    ended_at REAL,
    prompt TEXT NOT NULL DEFAULT '',        -- kept, since clients delete transcripts after weeks
    answer TEXT NOT NULL DEFAULT '',
    files TEXT NOT NULL DEFAULT '[]',       -- [[path, kind]]: the turn memory
    commands TEXT NOT NULL DEFAULT '[]',    -- [[command, exit_code]]
    requests INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL DEFAULT '',
    input INTEGER NOT NULL DEFAULT 0,
    output INTEGER NOT NULL DEFAULT 0,
    cache_read INTEGER NOT NULL DEFAULT 0,
    cache_write_5m INTEGER NOT NULL DEFAULT 0,
    cache_write_1h INTEGER NOT NULL DEFAULT 0,
    UNIQUE (session_id, n)
) STRICT;
CREATE TABLE sources (
    path TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    size INTEGER NOT NULL,          -- a file that shrank was replaced
    mtime_ns INTEGER NOT NULL,
    offset INTEGER NOT NULL,        -- behind the last whole line
    lines INTEGER NOT NULL DEFAULT 0,
    malformed INTEGER NOT NULL DEFAULT 0
) STRICT;
        """,
    )


@migrations()
def m004_money(db: Database) -> None:
    script(
        db,
        """
CREATE TABLE prices (
    model TEXT NOT NULL,            -- the name as requests carry it, so that a join needs no rule
    valid_from REAL NOT NULL,       -- a request is priced with its own day's row
    above_tokens INTEGER NOT NULL DEFAULT 0, -- price tier by prompt size
    input REAL NOT NULL,            -- $ per million tokens
    output REAL NOT NULL,
    cache_read REAL NOT NULL,
    cache_write_5m REAL NOT NULL,
    cache_write_1h REAL NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (model, valid_from, above_tokens)
) STRICT, WITHOUT ROWID;
CREATE TABLE idle_periods (
    id INTEGER PRIMARY KEY,
    lineage_id INTEGER NOT NULL REFERENCES lineages(id),
    session_id TEXT NOT NULL REFERENCES sessions(id),
    opened_at REAL NOT NULL,        -- start of the request that opened it
    waiting_for TEXT,               -- what the session waited for when it was last seen in this period
    ttl_class TEXT,
    prefix_tokens INTEGER NOT NULL,
    original_expires_at REAL NOT NULL,      -- a saving is credited only past this
    closed_at REAL,
    closed_by TEXT NOT NULL DEFAULT '',     -- request, end, timeout, replaced
    read_tokens INTEGER NOT NULL DEFAULT 0, -- what the closing request read of the prefix
    lapsed INTEGER NOT NULL DEFAULT 0       -- it came after expiry and wrote again
) STRICT;
CREATE INDEX idle_open ON idle_periods(lineage_id, closed_at);
CREATE TABLE pings (
    id INTEGER PRIMARY KEY,
    lineage_id INTEGER NOT NULL REFERENCES lineages(id),
    session_id TEXT NOT NULL REFERENCES sessions(id),
    idle_id INTEGER REFERENCES idle_periods(id),
    warmer TEXT NOT NULL,           -- replay or fork
    model TEXT NOT NULL,
    ttl_class TEXT NOT NULL,
    prefix_tokens INTEGER NOT NULL, -- reserved: read price against idle and session, write price against the day
    manual INTEGER NOT NULL DEFAULT 0,      -- asked for by a person
    reserved_at REAL NOT NULL,      -- recorded before it is sent, so that a crash cannot hide it
    expires_at REAL NOT NULL,       -- the entry's expiry that it has to beat
    sent_at REAL,
    settled_at REAL,                -- NULL: reservation stands
    outcome TEXT NOT NULL DEFAULT '',       -- hit, miss, refused, limited, provider_error, timeout, too_late, ...
    status INTEGER,
    input INTEGER NOT NULL DEFAULT 0,
    output INTEGER NOT NULL DEFAULT 0,
    cache_read INTEGER NOT NULL DEFAULT 0,
    cache_write_5m INTEGER NOT NULL DEFAULT 0,
    cache_write_1h INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX pings_session ON pings(session_id);
CREATE INDEX pings_day ON pings(reserved_at);
        """,
    )


@migrations()
def m005_bus(db: Database) -> None:
    script(
        db,
        """
CREATE TABLE budgets (
    session_id TEXT PRIMARY KEY,    -- '' is the default for new sessions
    mode TEXT NOT NULL,             -- off, auto, hold
    pings INTEGER,                  -- an idle period; NULL: the policy's count
    usd REAL,                       -- the session; NULL: no cap
    until REAL,                     -- end of a hold
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE intents (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,             -- ping: "ping now" alone; modes and holds are budget rows
    session_id TEXT NOT NULL,
    created_at REAL NOT NULL,       -- void 5 s later
    closed_at REAL,
    result TEXT NOT NULL DEFAULT '' -- reason code, shown to who asked
) STRICT;
CREATE TABLE settings (
    key TEXT PRIMARY KEY,           -- port, keeper, frontend.<pid>, ...
    value TEXT NOT NULL             -- JSON
) STRICT, WITHOUT ROWID;
        """,
    )


@migrations()
def m006_money_views(db: Database) -> None:
    """Money is a join: tokens of the row, price of its model on its day and for its prompt size.

    A settled ping costs what its usage says. Until then its reservation stands: the read price against the smaller
    caps (`usd`), the price of a whole write against the day (`day_usd`), so that no crash can hide a paid write.
    """
    script(
        db,
        """
CREATE VIEW request_money AS
SELECT r.id, r.session_id, r.lineage_id, r.started_at,
       (r.input * p.input + r.output * p.output + r.cache_read * p.cache_read
        + r.cache_write_5m * p.cache_write_5m + r.cache_write_1h * p.cache_write_1h) / 1e6 AS usd
FROM requests r LEFT JOIN prices p ON p.model = r.model
 AND p.valid_from = (SELECT max(valid_from) FROM prices WHERE model = r.model AND valid_from <= r.started_at)
 AND p.above_tokens = (SELECT max(above_tokens) FROM prices WHERE model = r.model AND valid_from = p.valid_from
     AND above_tokens <= r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h);
CREATE VIEW ping_money AS
SELECT g.id, g.session_id, g.lineage_id, g.idle_id, g.reserved_at, g.outcome, g.settled_at,
       CASE WHEN g.settled_at IS NULL THEN g.prefix_tokens * p.cache_read / 1e6 ELSE
       (g.input * p.input + g.output * p.output + g.cache_read * p.cache_read
        + g.cache_write_5m * p.cache_write_5m + g.cache_write_1h * p.cache_write_1h) / 1e6 END AS usd,
       CASE WHEN g.settled_at IS NULL THEN g.prefix_tokens
         * CASE g.ttl_class WHEN '1h' THEN p.cache_write_1h ELSE p.cache_write_5m END / 1e6 ELSE
       (g.input * p.input + g.output * p.output + g.cache_read * p.cache_read
        + g.cache_write_5m * p.cache_write_5m + g.cache_write_1h * p.cache_write_1h) / 1e6 END AS day_usd
FROM pings g LEFT JOIN prices p ON p.model = g.model
 AND p.valid_from = (SELECT max(valid_from) FROM prices WHERE model = g.model AND valid_from <= g.reserved_at)
 AND p.above_tokens = (SELECT max(above_tokens) FROM prices WHERE model = g.model AND valid_from = p.valid_from
     AND above_tokens <= g.prefix_tokens);
CREATE VIEW idle_money AS
SELECT i.id, i.lineage_id, i.session_id, i.opened_at, i.closed_at, i.closed_by, i.waiting_for, i.lapsed,
       i.prefix_tokens, i.original_expires_at,
       (SELECT count(*) FROM pings g WHERE g.idle_id = i.id) AS pings,
       (SELECT count(*) FROM pings g WHERE g.idle_id = i.id AND g.outcome = 'hit') AS hits,
       (SELECT coalesce(sum(m.usd), 0) FROM ping_money m WHERE m.idle_id = i.id) AS spent_usd,
       CASE WHEN i.closed_by = 'request' AND i.closed_at > i.original_expires_at
                 AND i.read_tokens >= 0.95 * i.prefix_tokens
                 AND EXISTS (SELECT 1 FROM pings g WHERE g.idle_id = i.id AND g.outcome = 'hit')
            THEN min(i.read_tokens, i.prefix_tokens)
                 * (CASE i.ttl_class WHEN '1h' THEN p.cache_write_1h ELSE p.cache_write_5m END - p.cache_read) / 1e6
            ELSE 0 END AS saved_usd
FROM idle_periods i JOIN lineages l ON l.id = i.lineage_id
LEFT JOIN prices p ON p.model = l.model
 AND p.valid_from = (SELECT max(valid_from) FROM prices WHERE model = l.model AND valid_from <= i.opened_at)
 AND p.above_tokens = (SELECT max(above_tokens) FROM prices WHERE model = l.model AND valid_from = p.valid_from
     AND above_tokens <= i.prefix_tokens);
        """,
    )


@migrations()
def m007_indexes_for_the_board(db: Database) -> None:
    """The board is read again after every commit, so none of its queries may scan what a year has left behind."""
    script(
        db,
        """
CREATE INDEX idle_closed ON idle_periods(closed_at);                -- the few open ones; what closed today
CREATE INDEX pings_idle ON pings(idle_id);                          -- money of an idle period
CREATE INDEX pings_unanswered ON pings(lineage_id) WHERE outcome = ''; -- one ping at a time
CREATE INDEX sessions_recent ON sessions(coalesce(last_activity_at, opened_at)); -- the newest hundred
CREATE INDEX sources_session ON sources(session_id);                -- malformed lines of one session
        """,
    )
