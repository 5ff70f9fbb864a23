"""The schema as a literal, and migrations that may run twice and at once."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from store import turns
from store.database import connect, data_version, immediate
from store.migrations import STEPS, open_store, open_to_read
from store.schema import core, history, truth, wallet, worth, yielded, yore
from store.schema.registry import migrations, script
from tests.store.made_up import NOW, add_session
from tests.store.stored_facts import search_is_whole
from tests.store.written_turns import add_turn

TABLES = {
    "assignments": ["idle_id", "assigned_at", "arm", "probability"],
    "breaks": [
        *("message_id", "session_id", "agent_id", "at", "cause", "part", "position", "name", "field", "size_before"),
        *("size_after", "hash_before", "hash_after", "expected_read", "read", "written", "ttl_class"),
    ],
    "budgets": ["session_id", "mode", "pings", "usd", "until", "updated_at", "usd_per_ping", "until_back"],
    "client_reports": [
        *("session_id", "reported_at", "warm", "ttl_class", "expires_at", "misses", "last_miss_at", "last_miss_cause"),
        "cold_tokens",
    ],
    "forgotten": ["session_id", "forgotten_at"],
    "idle_periods": [
        *("id", "lineage_id", "session_id", "opened_at", "waiting_for", "ttl_class", "prefix_tokens"),
        *("original_expires_at", "closed_at", "closed_by", "read_tokens", "lapsed", "pinged", "agent"),
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
        *("cache_write_1h", "reasoning", "source", "turn"),
    ],
    "request_copies": ["message_id", "source", "session_id", "turn"],
    "sessions": [
        *("id", "agent", "launch_id", "cwd", "project", "title", "status", "waiting_for", "waiting_since", "pid"),
        *("pid_started", "tmux_pane", "client_version", "login", "model", "context_tokens", "transcript"),
        *("opened_at", "last_activity_at", "ended_at", "end_reason", "seen_by"),
    ],
    "settings": ["key", "value"],
    "sources": [
        *("id", "path", "agent", "session_id", "agent_id", "size", "mtime_ns", "offset", "lines", "malformed"),
        *("first_at", "last_at", "client_version", "forked_from", "last_write", "compactions", "prompts", "queued"),
        *("notifications", "slash_commands", "shell_commands", "interrupts", "error"),
    ],
    "turns": [
        *("id", "session_id", "n", "started_at", "ended_at", "prompt", "answer", "model", "prompt_id", "background"),
        *("compactions", "paths", "path_kinds", "failed", "exit_codes", "resumed"),
    ],
    "unkept_files": ["path_hash", "size", "mtime_ns", "rule"],
    "turns_fts": ["prompt", "answer", "paths", "failed"],
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
    *("requests_source", "copies_source", "turns_time", "turns_prompt", "breaks_session"),
    *("idle_pinged", "idle_pinged_closed", "idle_pinged_session", "pings_forked"),
    *("idle_session", "pings_lineage", "turns_failed"),
}
TRIGGERS = {"turns_fts_insert", "turns_fts_update", "turns_fts_delete", "pings_mark"}
NAMES = [
    *("m001_sessions_and_launches", "m002_lineages_and_requests", "m003_turns", "m004_money", "m005_bus"),
    *("m006_money_views", "m007_indexes_for_the_board", "m008_history", "m009_search"),
    *("m010_indexes_for_the_search", "m011_cache_truth"),
    *("m012_budgets_and_trials", "m013_pinged_periods", "m014_forgotten", "m015_failed_turns"),
]
FTS_OWN = ("turns_fts_config", "turns_fts_data", "turns_fts_docsize", "turns_fts_idx")
"""Tables that SQLite keeps the search index in."""


def columns(db: sqlite3.Connection, kind: str) -> dict[str, list[str]]:
    names = db.execute("SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE '%sqlite%'", (kind,)).fetchall()
    ours = [name for (name,) in names if name not in FTS_OWN]
    return {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")] for name in ours}


def schema(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()


def applied(db: sqlite3.Connection) -> list[str]:
    return [migration.name for migration in migrations.applied(Database(db))]


def test_the_schema_is_this(db: sqlite3.Connection) -> None:
    assert columns(db, "table") == TABLES
    assert columns(db, "view") == VIEWS
    named = db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql NOT LIKE '%sqlite%'")
    assert {row[0] for row in named} == INDEXES
    triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    assert {row[0] for row in triggers} == TRIGGERS


def test_the_steps_are_named_where_they_are_not_loaded() -> None:
    """A step that is registered and not named would never run; one that is named and not registered, each time."""
    assert core
    assert history
    assert truth
    assert wallet
    assert worth
    assert yielded
    assert yore
    assert list(STEPS) == NAMES == [step.name for step in migrations.pending(Database(memory=True))]


def test_types_are_checked(db: sqlite3.Connection) -> None:
    plain = TABLES.keys() - {"turns_fts"}
    loose = [name for name, sql in schema(db) if name in plain and not re.search(r"\)\s*STRICT\b", sql)]
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
        add_old_session(old, "kept")
    with closing(open_store(store_file)) as db:
        assert columns(db, "table") == TABLES
        assert db.execute("SELECT id FROM sessions").fetchall() == [("kept",)]


@pytest.mark.parametrize("stop", [NAMES[8], NAMES[-1]])
def test_an_older_store_that_may_not_be_written_is_read_through_a_copy(store_file: Path, stop: str) -> None:
    with closing(connect(store_file)) as old:
        migrations.apply(Database(old), stop_before=stop)
        add_old_session(old, "kept")
    before = store_file.read_bytes()
    with closing(open_to_read(store_file)) as db:
        assert columns(db, "table") == TABLES
        assert db.execute("SELECT id FROM sessions").fetchall() == [("kept",)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            db.execute("DELETE FROM sessions")
    assert store_file.read_bytes() == before


def test_an_up_to_date_store_is_read_as_it_is(store_file: Path) -> None:
    with closing(open_store(store_file)) as writer, closing(open_to_read(store_file)) as db:
        add_session(writer)
        assert db.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


UP_TO_DATE = """
import sys
from pathlib import Path
from store.migrations import open_store
open_store(Path(sys.argv[1])).close()
print(*sorted({"sqlite_utils", "store.schema.core", "pydantic"} & sys.modules.keys()))
"""


def test_an_up_to_date_store_is_opened_without_loading_the_steps(store_file: Path) -> None:
    def loaded() -> str:
        command = [sys.executable, "-c", UP_TO_DATE, str(store_file)]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
        ).stdout.strip()

    assert "sqlite_utils store.schema.core" in loaded()
    assert loaded() == ""


def test_a_store_of_a_later_version_is_left_as_it_is(store_file: Path) -> None:
    with closing(open_store(store_file)) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('warmside', 'm999_later', '2027')"
        )
    with closing(open_store(store_file)) as db:
        assert applied(db) == [*NAMES, "m999_later"]


@pytest.fixture
def before_history(store_file: Path) -> Iterator[sqlite3.Connection]:
    """A store as it was before step 8, with a session."""
    with closing(connect(store_file)) as old:
        migrations.apply(Database(old), stop_before="m008_history")
        add_old_session(old, "s1")
        yield old


def add_old_session(old: sqlite3.Connection, session_id: str) -> None:
    old.execute("INSERT INTO sessions (id, agent) VALUES (?, 'claude')", (session_id,))


def add_old_turn(old: sqlite3.Connection, n: int, files: object, commands: object, prompt: str = "") -> None:
    old.execute(
        "INSERT INTO turns (session_id, n, started_at, prompt, answer, files, commands, requests, model, input)"
        " VALUES ('s1', ?, ?, ?, 'an answer', ?, ?, 3, 'made-up', 70)",
        (n, NOW + n, prompt, json.dumps(files), json.dumps(commands)),
    )


def test_turns_of_an_older_store_are_kept_and_found(before_history: sqlite3.Connection, store_file: Path) -> None:
    many = [[f"/src/{number}.py", "AMDR"[number % 4]] for number in range(40)]
    add_old_turn(before_history, 1, many, [["make", 2], ["make", 2], ["", -9]], prompt="mend the pier")
    add_old_turn(before_history, 2, [], [])
    add_old_turn(before_history, 3, [["", "M"]], [["a\x1eb", 1]])
    before_history.execute("INSERT INTO sources VALUES ('/t/s1.jsonl', 's1', 10, 1, 10, 3, 0)")
    with closing(open_store(store_file)) as db:
        first, second, third = turns.read(db, "s1")
        assert [[file.path, file.kind] for file in first.files_changed] == many
        assert [(entry.command, entry.exit_code) for entry in first.failed_commands] == [
            ("make", 2),
            ("make", 2),
            ("", -9),
        ]
        assert (first.n, first.prompt, first.answer, first.started_at) == (1, "mend the pier", "an answer", NOW + 1)
        assert (second.files_changed, second.failed_commands, second.memory) == ((), (), "")
        assert [(file.path, file.kind) for file in third.files_changed] == [("", "M")]
        assert [entry.command for entry in third.failed_commands] == ["a b"]
        assert db.execute("SELECT count(*) FROM sources").fetchone() == (0,)  # everything is read again
        found = "SELECT n FROM turns_fts f JOIN turns t ON t.id = f.rowid WHERE turns_fts MATCH ?"
        assert db.execute(found, ("pier",)).fetchall() == [(1,)]
        assert db.execute(found, ("paths:39",)).fetchall() == [(1,)]
        assert search_is_whole(db)


def test_requests_of_an_older_store_are_kept(before_history: sqlite3.Connection, store_file: Path) -> None:
    before_history.execute(
        "INSERT INTO requests (message_id, session_id, evidence, started_at, input)"
        " VALUES ('m1', 's1', 'gateway', ?, 7)",
        (NOW + 1,),
    )
    add_old_turn(before_history, 1, [], [])
    with closing(open_store(store_file)) as db:
        row = db.execute("SELECT message_id, evidence, input, reasoning, source, turn FROM requests").fetchone()
        assert row == ("m1", "gateway", 7, 0, None, None)
        assert [(view.requests, view.usage.input) for view in turns.read(db, "s1")] == [(1, 7)]


def test_idle_periods_of_an_older_store_know_whether_they_were_pinged(store_file: Path) -> None:
    with closing(connect(store_file)) as old:
        migrations.apply(Database(old), stop_before="m013_pinged_periods")
        add_old_session(old, "s1")
        old.execute("INSERT INTO lineages (id, session_id, model, evidence) VALUES (1, 's1', 'made-up', 'gateway')")
        for idle_id in (1, 2, 3):
            old.execute(
                "INSERT INTO idle_periods (id, lineage_id, session_id, opened_at, prefix_tokens, original_expires_at)"
                " VALUES (?, 1, 's1', 0, 0, 0)",
                (idle_id,),
            )
        add_bare_ping(old, 2)
        add_bare_ping(old, None)
    with closing(open_store(store_file)) as db:
        assert db.execute("SELECT pinged FROM idle_periods ORDER BY id").fetchall() == [(0,), (1,), (0,)]
        add_bare_ping(db, 3)
        add_bare_ping(db, None)
        assert db.execute("SELECT pinged FROM idle_periods ORDER BY id").fetchall() == [(0,), (1,), (1,)]


def add_bare_ping(db: sqlite3.Connection, idle_id: int | None) -> None:
    db.execute(
        "INSERT INTO pings (lineage_id, session_id, idle_id, warmer, model, ttl_class, prefix_tokens, reserved_at,"
        " expires_at) VALUES (1, 's1', ?, 'replay', 'made-up', '5m', 0, 0, 0)",
        (idle_id,),
    )


def test_a_step_that_fails_leaves_the_store_as_it_was(store_file: Path, before_history: sqlite3.Connection) -> None:
    before_history.execute("CREATE TABLE request_copies (x)")  # in the way of step 8
    before = schema(before_history)
    with pytest.raises(sqlite3.OperationalError, match="request_copies already exists"):
        open_store(store_file)
    assert schema(before_history) == before


def test_a_step_is_whole_statements() -> None:
    with closing(sqlite3.connect(":memory:")) as db, pytest.raises(ValueError, match="middle of a statement"):
        script(Database(db), "CREATE TABLE a (x);\nCREATE TABLE b (x)")


# --- the search index ------------------------------------------------------------------------------------------------


def test_the_index_follows_the_turns(db: sqlite3.Connection) -> None:
    def found(query: str) -> list[int]:
        assert search_is_whole(db)
        cursor = db.execute(
            "SELECT n FROM turns_fts f JOIN turns t ON t.id = f.rowid WHERE turns_fts MATCH ? ORDER BY 1", (query,)
        )
        return [row[0] for row in cursor]

    add_session(db)
    for n in (1, 2, 3):
        add_turn(db, n, prompt=f"pier {n}", answer="jetty", files=[("src/quay.py", "M")], failed=[("make lock", 2)])
    for query in ("pier", "answer:jetty", "paths:quay", "failed:lock", "qua*"):
        assert found(query) == [1, 2, 3]
    add_turn(db, 2, prompt="mole", answer="jetty")
    assert (found("pier"), found("mole"), found("quay")) == ([1, 3], [2], [1, 3])
    db.execute("UPDATE turns SET answer = 'breakwater' WHERE n = 3")
    assert (found("jetty"), found("breakwater")) == ([1, 2], [3])
    db.execute("DELETE FROM turns WHERE n = 1")
    assert (found("pier"), found("jetty")) == ([3], [2])
    db.execute("BEGIN")
    db.execute("DELETE FROM turns")
    assert found("jetty") == []
    db.execute("ROLLBACK")
    assert found("jetty") == [2]


def test_an_update_that_changes_no_text_leaves_the_index_alone(db: sqlite3.Connection) -> None:
    add_session(db)
    add_turn(db, prompt="pier")
    before = db.execute("SELECT id, block FROM turns_fts_data ORDER BY id").fetchall()
    add_turn(db, prompt="pier", at=NOW + 60)
    assert db.execute("SELECT id, block FROM turns_fts_data ORDER BY id").fetchall() == before


def test_a_locked_store_fails_without_a_connection_left(
    before_history: sqlite3.Connection, store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.database.BUSY_TIMEOUT_MS", 20)
    made: list[sqlite3.Connection] = []

    def remember(path: Path) -> sqlite3.Connection:
        made.append(connect(path))
        return made[-1]

    monkeypatch.setattr("store.migrations.connect", remember)
    before_history.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        open_store(store_file)
    before_history.execute("ROLLBACK")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


def test_an_up_to_date_store_is_opened_beside_a_writer(
    db: sqlite3.Connection, store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.database.BUSY_TIMEOUT_MS", 20)
    with immediate(db), closing(open_store(store_file)) as another:
        assert applied(another) == NAMES


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
