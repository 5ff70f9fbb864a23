"""`forget`: shows what goes, asks, deletes for good, and says what stays."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import click
import pytest

from keepalive import keeper
from store import sessions
from store.migrations import open_store
from store.models import KeeperView
from tests.store.made_up import NOW, add_lineage, add_ping, add_prices
from tests.store.quirk_lines import Claude, conversation, uuid
from tests.tui.cli_home import FIRST, SECOND, Cli
from tui import cli_context, cli_forget

READ = uuid(7)


@pytest.fixture
def store(cli: Cli, db: sqlite3.Connection) -> sqlite3.Connection:
    """An open session (FIRST), one that is over (SECOND), and one that was read from a transcript."""
    folder = cli.paths.claude_dir / "projects" / "-src"
    folder.mkdir(parents=True)
    (folder / f"{READ}.jsonl").write_bytes(conversation(Claude(7), turns=2, name="m").bytes())
    assert cli("import").code == 0
    return db


def there(db: sqlite3.Connection) -> set[str]:
    return {row[0] for row in db.execute("SELECT id FROM sessions")}


def answers(monkeypatch: pytest.MonkeyPatch, answer: bool) -> list[str]:
    asked: list[str] = []

    def confirm(text: str) -> bool:
        asked.append(text)
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    return asked


def test_it_shows_asks_and_deletes(cli: Cli, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, True)
    said = cli("forget", READ[:8])
    assert (said.code, said.err, asked) == (0, "", ["Delete for good?"])
    lines = said.out.splitlines()
    assert lines[0] == "These go for good: 1 session"
    assert lines[3].split() == ["00000007", "claude", "harbour", "2026-05-28", "2", "6", "0"]
    assert lines[5].startswith("The client's own transcripts stay, and are not read again: ")
    assert lines[-2:] == [
        "Deleted: 1 session, 2 turns, 6 requests.",
        "`warmside forget --undo ID` lets a session's transcript be read again.",
    ]
    assert there(store) == {FIRST, SECOND}
    assert cli("import").out == "Nothing new: 0 transcripts are as they were; 1 left out, forgotten or to be ignored.\n"
    assert there(store) == {FIRST, SECOND}


def test_a_no_leaves_everything(cli: Cli, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, False)
    said = cli("forget", READ, SECOND)
    assert (said.code, said.out.splitlines()[-1]) == (1, "Nothing was deleted.")
    assert there(store) == {FIRST, SECOND, READ}


def test_without_a_terminal_it_needs_a_yes(cli: Cli, store: sqlite3.Connection) -> None:
    said = cli("forget", READ)
    assert (said.code, said.err) == (1, "warmside: nothing was deleted: there is no terminal to ask on, and no --yes\n")
    assert cli("forget", READ, "--yes").code == 0
    assert there(store) == {FIRST, SECOND}


def test_as_json(cli: Cli, store: sqlite3.Connection) -> None:
    would = cli("forget", READ, "--dry-run", "--json").object()
    did = cli("forget", READ, "--yes", "--json").object()
    path = str(cli.paths.claude_dir / "projects" / "-src" / f"{READ}.jsonl")
    same = {
        **{"sessions": [READ], "turns": 2, "requests": 6, "passed_on": 0, "pings": 0, "left_open": []},
        **{"copied_in": [], "transcripts": [path]},
    }
    assert would == {"deleted": False, **same, "swept": False}
    assert did == {"deleted": True, **same, "swept": True}
    assert there(store) == {FIRST, SECOND}


def test_by_project_and_time_open_sessions_are_left_alone(cli: Cli, store: sqlite3.Connection) -> None:
    said = cli("forget", "--before", "2100-01-01", "--dry-run").out.splitlines()
    assert said[:2] == ["1 open session left alone: 0b1c2d3e", "These go for good: 2 sessions"]
    assert said[-3].split() == ["all", "2", "6", "0"]
    assert cli("forget", "--before", "2026-01-01", "--project", "docs", "--yes").code == 0
    assert there(store) == {FIRST, READ}
    assert cli("forget", "--before", "2020-01-01", "--yes").out == "No session like that.\n"
    left = cli("forget", "--project", "/src", "--yes", "--json").object()
    assert (left["deleted"], left["sessions"], left["left_open"]) == (False, [], [FIRST])
    assert cli("forget", "--project", "/src", "--yes").out.splitlines()[-1] == "No other session like that."


def test_an_open_session_is_refused(cli: Cli, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    said = cli("forget", FIRST, "--yes")
    assert (said.code, said.err) == (1, f"warmside: session {FIRST} is open: end it first\n")
    running = KeeperView(pid=1, port=1, url="", upstream="", sessions=0, since=0.0, supervised=True)
    with monkeypatch.context() as patch:
        patch.setattr(keeper, "status", lambda connection: running)
        assert "keeper to be away" in cli("forget", FIRST, "--force", "--yes").refused()
    assert cli("forget", FIRST, "--force", "--yes").code == 0
    assert there(store) == {SECOND, READ}


def test_pings_are_said_to_stay(cli: Cli, store: sqlite3.Connection) -> None:
    add_prices(store)
    add_ping(store, add_lineage(store, SECOND), SECOND, at=NOW)
    before = cli("ledger", "--json").object()
    assert "Pings stay in the ledger, without a name" in cli("forget", SECOND, "--yes").out
    after = cli("ledger", "--json").object()
    assert [after[key] for key in ("pings", "spent_usd")] == [before[key] for key in ("pings", "spent_usd")] != [0, 0]
    told = cli("ledger").out
    assert told.count("\nforgotten sessions ") == 2, "as a project and in the place of a session"
    assert sessions.NAMELESS not in told.replace(sessions.FORGOTTEN, "")
    for listed in (cli("sessions", "--json").out, cli("export", "--all", "--json").out):
        assert sessions.NAMELESS not in listed
    assert "names nobody" in cli("forget", sessions.NAMELESS, "--yes").err


def test_many_are_counted_and_named_in_json(cli: Cli, store: sqlite3.Connection) -> None:
    for number in range(20):
        sessions.save(store, f"old-{number:02}", agent="claude", opened_at=1.0, ended_at=2.0, cwd="/src/old/\x1b[31mx")
    said = cli("forget", "--project", "/src/old", "--dry-run").out
    assert said.replace("\n", "").isprintable()
    assert "6 more: --dry-run --json has all" in said
    assert len(str(cli("forget", "--project", "/src/old", "--dry-run", "--json").object()["sessions"]).split(",")) == 20


def test_many_go_in_parts(cli: Cli, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_forget, "AT_A_TIME", 1)
    path = cli.paths.claude_dir / "projects" / "-src" / f"{uuid(8)}.jsonl"
    path.write_bytes((path.parent / f"{READ}.jsonl").read_bytes())  # a fork: everything in it is a copy
    assert cli("import").code == 0
    did = cli("forget", READ, uuid(8), "--yes", "--json").object()
    assert (did["sessions"], did["turns"], did["requests"], did["passed_on"]) == ([READ, uuid(8)], 4, 6, 0)
    assert there(store) == {FIRST, SECOND}


def test_it_is_undone_by_id(cli: Cli, store: sqlite3.Connection) -> None:
    assert cli("forget", READ, SECOND, "--yes").code == 0
    assert cli("forget", "--undo", "0").refused() == "'0' names more than one forgotten session"
    assert cli("forget", "--undo", "x").refused() == "no forgotten session 'x'"
    assert cli("forget", "--undo", SECOND, "--json").object() == {"session": SECOND, "forgotten": False}
    assert "warmside import" in cli("forget", "--undo", READ[:8]).out
    assert cli("import", "--json").object()["files"] == 1
    assert there(store) == {FIRST, READ}


def test_a_file_in_use_is_told_and_swept_later(
    cli: Cli, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.database.BUSY_TIMEOUT_MS", 20)
    reader = open_store(cli.paths.store_file)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sessions").fetchone()
    said = cli("forget", READ, "--yes")
    assert (said.code, there(store)) == (1, {FIRST, SECOND})
    assert said.err.startswith("warmside: bytes of what was deleted may still lie in the store's file (somebody reads")
    assert said.err.count("\n") == 1
    assert cli("forget", "--sweep", "--json").object() == {"swept": False}
    reader.close()
    assert cli("forget", "--sweep").out == "Written anew: nothing that was deleted is left in the store's file.\n"
    assert b"look at part" not in b"".join(one.read_bytes() for one in cli.paths.store_file.parent.glob("*.db*"))


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["x", "--before", "7d"],
        ["x", "--undo", "y"],
        ["--sweep", "x"],
        ["--before", "soon"],
        [FIRST, "--json"],
    ],
)
def test_wrong_usage_is_exit_code_2(cli: Cli, store: sqlite3.Connection, wrong: list[str]) -> None:
    assert cli("forget", *wrong).code == 2
    assert cli("forget", "nobody").refused() == "no session 'nobody'"
    assert len(there(store)) == 3


def test_a_store_that_may_only_be_read(cli: Cli, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("readonly")

    monkeypatch.setattr(cli_context, "open_store", refuse)
    assert "readonly" in cli("forget", SECOND, "--yes").err
    assert len(there(store)) == 3
