"""OpenCode's database: which sessions it holds, their lines, and that it is left as it was, whatever state it is in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.transcripts.clients import Claim, Found
from store.transcripts.events import TokenCounts
from store.transcripts.opencode_client import OPENCODE
from store.transcripts.reading import Reading
from store.transcripts.turns import Turn
from store.turn_memory import ChangedFile, FailedCommand

SCRIPT = Path(__file__).parent / "fixtures" / "opencode" / "sessions.sql"
HOME = Path("/home/ana")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "data dir #1" / "opencode.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCRIPT.read_text(encoding="utf-8"))
    return path


@pytest.fixture
def writer(database: Path) -> Iterator[sqlite3.Connection]:
    """The client itself, with the database open."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        yield connection


def sessions(path: Path) -> dict[str, Found]:
    assert OPENCODE.sessions_in
    return {found.path.rpartition("#")[2]: found for found in OPENCODE.sessions_in(path)}


def lines(found: Found) -> list[bytes]:
    assert OPENCODE.lines
    return list(OPENCODE.lines(found))


def reading(found: Found) -> Reading:
    known = Reading(OPENCODE)
    known.feed(lines(found))
    return known


def test_where_the_database_is() -> None:
    assert OPENCODE.roots({}, HOME) == (HOME / ".local/share/opencode/opencode.db",)
    assert OPENCODE.roots({"XDG_DATA_HOME": "/data"}, HOME) == (Path("/data/opencode/opencode.db"),)
    assert OPENCODE.roots({"OPENCODE_DB": "mine.db"}, HOME) == (HOME / ".local/share/opencode/mine.db",)
    assert OPENCODE.roots({"OPENCODE_DB": "/elsewhere/opencode.db"}, HOME) == (Path("/elsewhere/opencode.db"),)
    assert OPENCODE.roots({"OPENCODE_DB": ":memory:"}, HOME) == (HOME / ".local/share/opencode/opencode.db",)


@pytest.mark.parametrize(
    ("name", "claimed"),
    [("opencode.db", True), ("opencode-dev.db", True), ("opencode.db-wal", False), ("other.db", False)],
)
def test_which_files_are_databases(name: str, claimed: bool) -> None:
    assert OPENCODE.claim(Path("/data") / name) == (Claim("") if claimed else None)


def test_every_session_is_found_and_a_subagents_is_its_main_threads(database: Path) -> None:
    found = sessions(database)
    assert found["ses_main"] == Found(
        "opencode", f"{database}#ses_main", "ses_main", "", 28, 1_795_600_050_000 * 1_000_000
    )
    assert (found["ses_child"].session_id, found["ses_child"].agent_id) == ("ses_main", "ses_child")
    assert (found["ses_fork"].session_id, found["ses_fork"].agent_id) == ("ses_fork", "")


def test_a_subagents_subagent_an_orphan_and_a_circle(database: Path, writer: sqlite3.Connection) -> None:
    for session, parent in (("deep", "ses_child"), ("orphan", "gone"), ("one", "two"), ("two", "one"), ("me", "me")):
        writer.execute("INSERT INTO session VALUES (?, ?, '/', '', '', 0, 1, 1)", (session, parent))
    found = sessions(database)
    assert (found["deep"].session_id, found["deep"].agent_id) == ("ses_main", "deep")
    assert (found["orphan"].session_id, found["orphan"].agent_id) == ("orphan", "")
    assert (found["me"].session_id, found["me"].agent_id) == ("me", "")
    assert {found["one"].session_id, found["two"].session_id} == {"one", "two"}


def test_a_session_as_a_whole(database: Path) -> None:
    known = reading(sessions(database)["ses_main"])
    facts, changes = known.facts, known.take_changes()
    assert (facts.session_id, facts.cwd, facts.title, facts.client_version) == (
        "ses_main",
        "/home/ana/shop",
        "Fix the till",
        "1.18.33",
    )
    assert (facts.prompts, facts.malformed, facts.interrupts, facts.compacted_at) == (2, 0, 1, [1_795_600_035.0])
    first, second = changes.turns
    assert (first.prompt, first.prompt_id, first.answer) == ("Fix the till", "msg_a1", "The till works.")
    assert first.files_changed == (
        ChangedFile("/home/ana/shop/new.py", "A"),
        ChangedFile("/home/ana/shop/till.py", "M"),
    )
    assert first.failed_commands == (FailedCommand("pytest -q; exit 3", 3),)
    assert (second.prompt, second.compactions) == ("Look around", 1)
    usages = {request.message_id: request.usage for request in changes.requests}
    assert usages["opencode:msg_a2"] == TokenCounts(
        input=1002, output=57, cache_read=200, cache_write_5m=73, reasoning=7
    )
    assert list(usages) == [f"opencode:msg_{name}" for name in ("a2", "a3", "b2", "b4", "b6")]


def test_a_forks_copies_are_known_as_such(database: Path) -> None:
    known = reading(sessions(database)["ses_fork"])
    changes = known.take_changes()
    assert known.facts.forked_from == "ses_main"
    assert [turn.prompt_id for turn in changes.turns] == ["msg_a1", "msg_f3"]
    assert [request.message_id for request in changes.requests] == ["opencode:msg_a2", "opencode:msg_f4"]


def test_two_messages_of_one_millisecond_are_told_apart(database: Path, writer: sqlite3.Connection) -> None:
    other = '{"role":"user","time":{"created":1795600001000},"agent":"plan"}'
    writer.execute("INSERT INTO session VALUES ('ses_aside', NULL, '/', '', '', 0, 1795600000000, 1)")
    writer.execute("INSERT INTO message VALUES ('msg_00', 'ses_aside', 1795600001000, 1, ?)", (other,))
    assert reading(sessions(database)["ses_fork"]).take_changes().turns[0].prompt_id == "msg_a1"


def test_damaged_copies_are_compared_as_they_are(database: Path, writer: sqlite3.Connection) -> None:
    writer.execute("INSERT INTO session VALUES ('ses_aside', NULL, '/', '', '', 0, 1795600000000, 1)")
    writer.execute("INSERT INTO message VALUES ('msg_00', 'ses_aside', 1795600001000, 1, 'torn')")
    writer.execute("UPDATE message SET data = 'torn too' WHERE id = 'msg_f1'")
    assert b'"original"' not in next(line for line in lines(sessions(database)["ses_fork"]) if b"msg_f1" in line)
    writer.execute("UPDATE message SET data = 'torn' WHERE id = 'msg_f1'")
    assert b'"id":"msg_00"' in next(
        line for line in lines(sessions(database)["ses_fork"]) if b'"msg_f1"' in line and b'"table":"message"' in line
    )


def test_forks_of_a_deleted_session_share_one_id(database: Path, writer: sqlite3.Connection) -> None:
    writer.execute("INSERT INTO session VALUES ('ses_twin', NULL, '/', '', '', 0, 1795600200000, 1)")
    writer.execute(
        "INSERT INTO message SELECT 'msg_g' || substr(id, 6), 'ses_twin', time_created, time_updated, data"
        " FROM message WHERE id IN ('msg_f1', 'msg_f2')"
    )
    for table, column in (("part", "session_id"), ("message", "session_id"), ("session", "id")):
        writer.execute(f"DELETE FROM {table} WHERE {column} = 'ses_main'")  # noqa: S608 - constants
    ids = [
        [request.message_id for request in reading(sessions(database)[name]).take_changes().requests]
        for name in ("ses_fork", "ses_twin")
    ]
    assert ids == [["opencode:msg_f2", "opencode:msg_f4"], ["opencode:msg_f2"]]


def test_a_tool_that_ends_changes_what_is_said_of_its_session(database: Path, writer: sqlite3.Connection) -> None:
    before = sessions(database)["ses_main"]
    writer.execute("UPDATE part SET time_updated = 1795600060000 WHERE id = 'prt_i2'")
    assert sessions(database)["ses_main"].mtime_ns == 1_795_600_060_000 * 1_000_000 > before.mtime_ns
    writer.execute("INSERT INTO part VALUES ('prt_z', 'msg_a3', 'ses_main', 1, 1, '{}')")
    assert sessions(database)["ses_main"].size == before.size + 1


def test_reading_leaves_nothing_behind(database: Path) -> None:
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}
    for found in sessions(database).values():
        lines(found)
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before
    assert list(before) == ["opencode.db"]


def test_what_a_running_client_has_not_checkpointed_is_read(database: Path, writer: sqlite3.Connection) -> None:
    writer.execute("UPDATE session SET title = 'Newer' WHERE id = 'ses_main'")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE session SET title = 'Not yet' WHERE id = 'ses_main'")
    assert reading(sessions(database)["ses_main"]).facts.title == "Newer"
    writer.execute("ROLLBACK")


def test_a_locked_database_is_an_error_of_its_own(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.transcripts.opencode_client._PATIENCE_SECONDS", 0.01)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("UPDATE session SET cost = 1")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            sessions(database)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_another_file_of_that_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "opencode.db"
    path.write_bytes(content)
    with pytest.raises(sqlite3.Error):
        sessions(path)


def test_a_damaged_name_in_the_schema_is_an_error_of_the_database(database: Path) -> None:
    whole = database.read_bytes()
    assert whole.count(b"directory text NOT NULL") == 1
    database.write_bytes(whole.replace(b"directory text NOT NULL", b"d\xffrectory text NOT NULL"))
    with pytest.raises(sqlite3.Error):
        turns_of(database)


def test_no_file_and_no_such_session(tmp_path: Path, database: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sessions(tmp_path / "opencode.db")
    assert lines(Found("opencode", f"{database}#ses_none", "ses_none", "", 0, 0)) == []


def test_damaged_rows_are_malformed_lines_and_cost_nothing_else(database: Path, writer: sqlite3.Connection) -> None:
    writer.execute("UPDATE message SET data = '{\"role\":\n torn' WHERE id = 'msg_a3'")
    writer.execute("UPDATE part SET data = x'ff00fe' WHERE id = 'prt_b4'")
    writer.execute("UPDATE session SET title = x'ff' WHERE id = 'ses_main'")
    found = sessions(database)["ses_main"]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines(found))
    known = reading(found)
    assert known.facts.malformed == 2
    assert [turn.prompt for turn in known.take_changes().turns] == ["Fix the till", "Look around"]


def test_every_line_is_an_object_of_its_table(database: Path) -> None:
    loaded = [json.loads(line) for line in lines(sessions(database)["ses_main"])]
    assert {line["table"] for line in loaded} == {"session", "message", "part"}
    assert loaded[0]["data"]["directory"] == "/home/ana/shop"


def turns_of(path: Path) -> list[Turn]:
    return [turn for found in sessions(path).values() for turn in reading(found).take_changes().turns]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 60_000), st.binary(min_size=1, max_size=400), st.booleans())
def test_a_damaged_database_is_read_or_is_an_error(
    database: Path, tmp_path: Path, place: int, garbage: bytes, cut: bool
) -> None:
    whole = database.read_bytes()
    place %= len(whole)
    path = tmp_path / "opencode.db"
    path.write_bytes(whole[:place] + garbage + (b"" if cut else whole[place + len(garbage) :]))
    with suppress(OSError, sqlite3.Error):
        turns_of(path)
