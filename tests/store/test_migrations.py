"""The schema as a literal, and migrations that may run twice and at once."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from store.database import connect, data_version
from store.migrations import migrations, open_store
from tests.store.conftest import Connect
from tests.store.made_up import add_session

TABLES = {
    "budgets": ["session_id", "mode", "pings", "usd", "until", "updated_at"],
    "idle_periods": [
        *("id", "lineage_id", "session_id", "opened_at", "waiting_for", "ttl_class", "prefix_tokens"),
        *("original_expires_at", "closed_at", "closed_by", "read_tokens", "lapsed"),
    ],
    "intents": ["id", "kind", "session_id", "created_at", "closed_at", "result"],
    "launches": [
        *("id", "token_hash", "agent", "pid", "pid_started_at", "cwd", "upstream", "proxy", "ca_file"),
        *("started_at", "ended_at"),
    ],
    "lineages": [
        *("id", "session_id", "agent_id", "model", "ttl_class", "ttl_seconds", "evidence", "requests"),
        *("prefix_tokens", "first_request_at", "last_request_at", "last_touch_at", "replaced", "broke_tokens"),
        *("held", "thinking", "replayable", "stop", "stop_args", "stop_until", "why", "why_args"),
        *("next_ping_at", "max_idle_pings"),
    ],
    "pings": [
        *("id", "lineage_id", "session_id", "idle_id", "warmer", "model", "ttl_class", "prefix_tokens", "manual"),
        *("reserved_at", "expires_at", "sent_at", "settled_at", "outcome", "status", "input", "output"),
        *("cache_read", "cache_write_5m", "cache_write_1h"),
    ],
    "prices": [
        *("model", "valid_from", "above_tokens", "input", "output", "cache_read", "cache_write_5m"),
        *("cache_write_1h", "source"),
    ],
    "requests": [
        *("id", "message_id", "session_id", "agent_id", "lineage_id", "evidence", "model", "started_at"),
        *("first_byte_seconds", "ended_at", "status", "input", "output", "cache_read", "cache_write_5m"),
        "cache_write_1h",
    ],
    "sessions": [
        *("id", "agent", "launch_id", "cwd", "project", "title", "status", "waiting_for", "waiting_since", "pid"),
        *("pid_started", "tmux_pane", "client_version", "login", "model", "context_tokens", "transcript"),
        *("opened_at", "last_activity_at", "ended_at", "end_reason"),
    ],
    "settings": ["key", "value"],
    "sources": ["path", "session_id", "size", "mtime_ns", "offset", "lines", "malformed"],
    "turns": [
        *("id", "session_id", "n", "started_at", "ended_at", "prompt", "answer", "files", "commands", "requests"),
        *("model", "input", "output", "cache_read", "cache_write_5m", "cache_write_1h"),
    ],
}
VIEWS = {
    "idle_money": [
        *("id", "lineage_id", "session_id", "opened_at", "closed_at", "closed_by", "waiting_for", "lapsed"),
        *("prefix_tokens", "original_expires_at", "pings", "hits", "spent_usd", "saved_usd"),
    ],
    "ping_money": [
        *("id", "session_id", "lineage_id", "idle_id", "reserved_at", "outcome", "settled_at", "usd", "day_usd"),
    ],
    "request_money": ["id", "session_id", "lineage_id", "started_at", "usd"],
}
INDEXES = {
    *("sessions_open", "lineages_session", "requests_session", "requests_lineage", "idle_open", "pings_session"),
    *("pings_day", "idle_closed", "pings_idle", "pings_unanswered", "sessions_recent", "sources_session"),
}
NAMES = [
    *("m001_sessions_and_launches", "m002_lineages_and_requests", "m003_turns", "m004_money", "m005_bus"),
    *("m006_money_views", "m007_indexes_for_the_board"),
]


def columns(db: sqlite3.Connection, kind: str) -> dict[str, list[str]]:
    names = db.execute("SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE '%sqlite%'", (kind,)).fetchall()
    return {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")] for (name,) in names}


def schema(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()


def applied(db: sqlite3.Connection) -> list[str]:
    return [migration.name for migration in migrations.applied(Database(db))]


def test_the_schema_is_this(db: sqlite3.Connection) -> None:
    assert columns(db, "table") == TABLES
    assert columns(db, "view") == VIEWS
    named = db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT LIKE '%sqlite%'")
    assert {row[0] for row in named} == INDEXES


def test_types_are_checked(db: sqlite3.Connection) -> None:
    loose = [name for name, sql in schema(db) if name in TABLES and not re.search(r"\)\s*STRICT\b", sql)]
    assert loose == []


def test_migrating_twice_changes_nothing(store_file: Path) -> None:
    with closing(open_store(store_file)) as first:
        assert applied(first) == NAMES
        add_session(first)
        before = schema(first)
        version = data_version(first)
        with closing(open_store(store_file)) as second:
            assert schema(second) == before
            assert applied(second) == NAMES
            assert second.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
        assert data_version(first) == version  # opening an up-to-date store wakes no reader


@pytest.mark.parametrize("stop", NAMES[1:])
def test_an_older_store_is_brought_up_to_date(store_file: Path, stop: str) -> None:
    with closing(connect(store_file)) as old:
        migrations.apply(Database(old), stop_before=stop)
        assert applied(old) == NAMES[: NAMES.index(stop)]
        add_session(old, "kept")
    with closing(open_store(store_file)) as db:
        assert columns(db, "table") == TABLES
        assert db.execute("SELECT id FROM sessions").fetchall() == [("kept",)]


def test_a_locked_store_fails_without_a_connection_left(
    db: sqlite3.Connection, another: Connect, store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.database.BUSY_TIMEOUT_MS", 20)
    made: list[sqlite3.Connection] = []

    def remember(path: Path) -> sqlite3.Connection:
        made.append(connect(path))
        return made[-1]

    monkeypatch.setattr("store.migrations.connect", remember)
    db.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_store(store_file)
    db.execute("ROLLBACK")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


OPEN_AT_ONCE = """
import sys
from pathlib import Path
from store.migrations import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(Path(sys.argv[1])).close()
print("done")
"""


def test_programs_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "warmside.db"
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AT_ONCE, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(3)
    ]
    try:
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("\n")
            program.stdin.flush()
        said = [program.communicate(timeout=30) for program in programs]
    finally:
        for program in programs:
            program.kill()
    assert said == [("done\n", "")] * 3
    with closing(connect(path)) as db:
        assert columns(db, "table") == TABLES
        assert applied(db) == NAMES
