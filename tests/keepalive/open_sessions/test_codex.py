"""Codex: whose lock it is, what the table says of the thread, and which terminal shows a daemon's thread."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keepalive.open_sessions.client_processes import CODEX_DAEMON
from keepalive.open_sessions.codex import CodexSessions
from keepalive.open_sessions.types import OpenSession, SeenBy
from tests.keepalive.claude_folder import T0
from tests.keepalive.open_sessions.client_folders import CWD, CodexFolder
from tests.keepalive.open_sessions.fake_machine import FakeMachine, client, running

A, B, C = "thread-a", "thread-b", "thread-c"
DAEMON = client(CODEX_DAEMON, running(40, "codex", "app-server", cwd="/"))


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(root=tmp_path)


@pytest.fixture
def codex(machine: FakeMachine) -> CodexFolder:
    return CodexFolder(machine)


@pytest.fixture
def sessions(machine: FakeMachine) -> CodexSessions:
    return CodexSessions(machine.folders.codex, machine, machine)


def pids(found: list[OpenSession]) -> dict[str, int]:
    return {session.session_id: session.pid for session in found}


def at(seconds: float) -> str:
    """An id that was made this long after T0."""
    digits = f"{int((T0 + seconds) * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def test_no_folder_and_no_lock_are_no_session(machine: FakeMachine) -> None:
    assert CodexSessions(machine.folders.codex, machine, machine).look([]) == []
    CodexFolder(machine)
    assert CodexSessions(machine.folders.codex, machine, machine).look([]) == []


def test_a_held_lock_is_a_session_with_what_the_table_says(codex: CodexFolder, sessions: CodexSessions) -> None:
    codex.thread(A, title="fix it\nand more", updated=1010.5)
    codex.lock(A, 51)
    launcher, own = running(50, "node", "/bin/codex"), running(51, "codex", cwd="/elsewhere", ancestors=(50, 9))
    (found,) = sessions.look([client("codex", launcher, own)])
    assert (found.agent, found.session_id, found.seen_by, found.pid) == ("codex", A, SeenBy.LOCK, 51)
    assert (found.cwd, found.name, found.version) == (CWD, "fix it", "0.169.0")
    assert (found.started_at, found.status_updated_at) == (T0 + 1000, T0 + 1010.5)
    assert (found.proc_start, found.ancestors, found.shared) == ("0", (50, 9), False)


def test_a_lock_that_nobody_holds_is_no_session_and_tells_a_killed_client(
    codex: CodexFolder, sessions: CodexSessions
) -> None:
    codex.thread(A)
    codex.lock(A, 51)
    codex.machine.locks.clear()
    assert sessions.look([]) == []
    assert sessions.left_behind(A)
    (codex.locks / f"{A}.lock").unlink()
    assert not sessions.left_behind(A)
    assert not sessions.left_behind("../state")


def test_threads_that_no_person_started_are_left_out(codex: CodexFolder, sessions: CodexSessions) -> None:
    for name, source in ((A, "thread_title"), (B, None), (C, "user")):
        codex.thread(name, source=source)
        codex.lock(name, 51)
    assert pids(sessions.look([client("codex", running(51, "codex"))])) == {B: 51, C: 51}


def test_a_holder_that_looks_like_no_client_is_asked_for(codex: CodexFolder, sessions: CodexSessions) -> None:
    codex.thread(A)
    codex.lock(A, 77)
    assert sessions.look([]) == [], "not one of ours"
    codex.machine.runs(77, "codex-nightly")
    assert pids(sessions.look([])) == {A: 77}


def test_a_daemons_thread_takes_folder_from_the_table_and_pid_from_its_terminal(
    codex: CodexFolder, sessions: CodexSessions
) -> None:
    codex.thread(A)
    codex.thread(B, cwd="/src/other")
    codex.lock(A, 40)
    codex.lock(B, 40)
    terminal = client("codex", running(50, "node", "/bin/codex", ancestors=(9,)), running(51, "codex"))
    one, other = sessions.look([DAEMON, terminal])
    assert (one.session_id, one.pid, one.cwd, one.ancestors, one.shared) == (A, 50, CWD, (9,), False)
    assert (other.session_id, other.pid, other.cwd, other.ancestors, other.shared) == (B, 40, "/src/other", (), True)


def test_of_two_terminals_in_one_folder_each_has_the_thread_that_began_after_it(
    codex: CodexFolder, sessions: CodexSessions
) -> None:
    first, second = running(50, "codex", started=100), running(60, "codex", started=200)
    codex.thread(A, created=103)
    codex.thread(B, created=204)
    codex.lock(A, 40)
    codex.lock(B, 40)
    assert pids(sessions.look([DAEMON, client("codex", first), client("codex", second)])) == {A: 50, B: 60}


def test_what_was_told_once_stays(codex: CodexFolder, sessions: CodexSessions) -> None:
    first, second = running(50, "codex", started=100), running(60, "codex", started=200)
    codex.thread(A, created=103)
    codex.lock(A, 40)
    codex.lock(at(203), 40)
    assert pids(sessions.look([DAEMON, client("codex", first), client("codex", second)])) == {A: 50, at(203): 60}
    # The first terminal leaves: its thread is still held, and the other terminal is not its own.
    found = sessions.look([DAEMON, client("codex", second)])
    assert pids(found) == {A: 40, at(203): 60}


def test_a_thread_before_its_first_prompt_is_known_by_its_terminal_alone(
    codex: CodexFolder, sessions: CodexSessions
) -> None:
    name = at(103)
    codex.lock(name, 40)
    assert sessions.look([DAEMON]) == []
    (found,) = sessions.look([DAEMON, client("codex", running(50, "codex", cwd="/src/here", started=100))])
    assert (found.pid, found.cwd, found.started_at) == (50, "/src/here", T0 + 103)
    (left,) = sessions.look([DAEMON])
    assert (left.pid, left.cwd, left.shared) == (40, "/src/here", True)


def test_a_resumed_thread_is_in_the_only_terminal_of_its_folder(codex: CodexFolder, sessions: CodexSessions) -> None:
    codex.thread(A, created=10)
    codex.lock(A, 40)
    assert pids(sessions.look([DAEMON, client("codex", running(50, "codex", started=500))])) == {A: 50}


def test_two_threads_of_one_terminal_are_both_in_it(codex: CodexFolder, sessions: CodexSessions) -> None:
    terminal = client("codex", running(50, "codex", started=100))
    codex.thread(A, created=103)
    codex.lock(A, 40)
    sessions.look([DAEMON, terminal])
    codex.thread(B, created=400)
    codex.lock(B, 40)
    assert pids(sessions.look([DAEMON, terminal])) == {A: 50, B: 50}


def test_the_table_is_read_again_when_it_changed_and_only_then(
    codex: CodexFolder, sessions: CodexSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = client("codex", running(51, "codex"))
    codex.thread(A, title="first")
    codex.lock(A, 51)
    assert sessions.look([terminal])[0].name == "first"
    with monkeypatch.context() as patch:
        patch.setattr("keepalive.open_sessions.codex.reading", None)
        assert sessions.look([terminal])[0].name == "first"
    codex.thread(A, title="a second, longer title that surely changes the file" * 200)
    assert (sessions.look([terminal])[0].name or "").startswith("a second")


@pytest.mark.parametrize("harm", ["garbage", "locked", "no such table", "gone"])
def test_a_table_that_cannot_be_read_hides_no_session(
    codex: CodexFolder, sessions: CodexSessions, harm: str, tmp_path: Path
) -> None:
    terminal = client("codex", running(51, "codex"))
    codex.thread(A, title="kept")
    codex.lock(A, 51)
    assert sessions.look([terminal])[0].name == "kept"
    codex.lock(B, 51)
    with closing(sqlite3.connect(codex.state)) as db:
        if harm == "garbage":
            codex.state.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
        elif harm == "no such table":
            db.execute("DROP TABLE threads")
        elif harm == "gone":
            codex.state.unlink()
        else:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("BEGIN EXCLUSIVE")
        found = {session.session_id: session.name for session in sessions.look([terminal])}
    assert found == {A: "kept", B: None}


def test_the_newest_of_the_numbered_tables_counts(machine: FakeMachine, codex: CodexFolder) -> None:
    codex.thread(A, title="old")
    CodexFolder(machine, "state_12.sqlite").thread(A, title="new")
    codex.lock(A, 51)
    found = CodexSessions(machine.folders.codex, machine, machine).look([client("codex", running(51, "codex"))])
    assert found[0].name == "new"


def test_older_tables_lack_columns(machine: FakeMachine) -> None:
    codex = CodexFolder(machine, "state_4.sqlite")
    with closing(sqlite3.connect(codex.state)) as db, db:
        db.execute("DROP TABLE threads")
        db.execute("CREATE TABLE threads (id TEXT, cwd TEXT, title TEXT)")
        db.execute("INSERT INTO threads VALUES (?, '/old', 'x')", (at(5),))
    codex.lock(at(5), 51)
    (found,) = CodexSessions(machine.folders.codex, machine, machine).look([client("codex", running(51, "codex"))])
    assert (found.cwd, found.version, found.started_at, found.status_updated_at) == ("/old", None, T0 + 5, None)


def test_a_list_of_locks_that_cannot_be_read_is_an_error(
    codex: CodexFolder, sessions: CodexSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    codex.lock(A, 51)

    def refuse(*_: object) -> dict[Path, int]:
        raise PermissionError("no")

    monkeypatch.setattr(codex.machine, "holders", refuse)
    with pytest.raises(PermissionError):
        CodexSessions(codex.root, codex.machine, codex.machine).look([])
