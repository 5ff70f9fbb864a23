"""One look at all clients: each with its evidence, and no failure of one hides another."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from keepalive.open_sessions.look import Folders, OpenSessions
from keepalive.open_sessions.types import Sightings
from tests.keepalive.claude_folder import T0, ClaudeFolder
from tests.keepalive.open_sessions.client_folders import (
    CodexFolder,
    gemini_projects,
    gemini_session,
    opencode_database,
    opencode_session,
    pi_session,
    touched,
    workspace,
)
from tests.keepalive.open_sessions.fake_machine import FakeMachine

CWD = "/src/made-up"


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(root=tmp_path)


@pytest.fixture
def sight(machine: FakeMachine) -> OpenSessions:
    return machine.open_sessions()


def ids(seen: Sightings) -> set[str]:
    return set(shown(seen))


def shown(seen: Sightings) -> dict[str, tuple[str, str, int]]:
    return {session.session_id: (session.agent, session.seen_by, session.pid) for session in seen.sessions}


def qwen_file(machine: FakeMachine, pid: int, name: str) -> Path:
    start = machine.processes.ticks[pid]
    text = f'{{"sessionId": "{name}", "procStart": "boot:{start}", "cwd": "{CWD}"}}'
    return touched(machine.folders.qwen / "sessions" / f"{pid}.json", text, T0)


def test_every_client_at_once(machine: FakeMachine, sight: OpenSessions) -> None:
    ClaudeFolder(machine.folders.claude, machine.processes).session(7, "c1")
    codex = CodexFolder(machine)
    codex.thread("x1")
    machine.runs(50, "codex")
    codex.lock("x1", 50)
    machine.runs(51, "node", "/bin/copilot")
    workspace(machine, "k1", 51)
    machine.runs(52, "node", "/bin/qwen")
    machine.runs(53, "node", "/x/cli.js", ancestors=(52,))
    qwen_file(machine, 53, "q1")
    machine.runs(54, "opencode")
    opencode_session(opencode_database(machine.folders.opencode), "ses_1", at=T0 + 2000)
    machine.runs(55, "pi")
    pi_session(machine.folders.pi, "p1", at=T0 + 2000)
    machine.runs(56, "node", "/bin/gemini")
    gemini_projects(machine.folders.gemini, **{CWD: "made-up"})
    gemini_session(machine.folders.gemini, "g1", at=T0 + 2000, project="made-up")
    machine.runs(57, "python", "-m", "aider")
    machine.environments[53] = {"TMUX": "x", "TMUX_PANE": "%3"}
    seen = sight.look()
    assert shown(seen) == {
        "c1": ("claude", "session_file", 7),
        "x1": ("codex", "lock", 50),
        "k1": ("copilot", "hold_file", 51),
        "q1": ("qwen", "session_file", 53),
        "ses_1": ("opencode", "process", 54),
        "p1": ("pi", "process", 55),
        "g1": ("gemini", "process", 56),
        "aider-57-570": ("aider", "process", 57),
    }
    assert seen.torn == frozenset()
    panes = {session.agent: session.tmux_pane for session in seen.sessions if session.tmux_pane}
    assert panes == {"claude": "%17", "qwen": "%3"}
    assert next(session for session in seen.sessions if session.agent == "qwen").ancestors == (52,)
    machine.ends(50, 51, 52, 53, 54, 55, 56, 57)
    assert list(shown(sight.look())) == ["c1"]


def test_a_daemon_is_in_no_pane_though_it_was_started_in_one(machine: FakeMachine, sight: OpenSessions) -> None:
    codex = CodexFolder(machine)
    codex.thread("x1")
    machine.runs(40, "codex", "app-server", cwd="/")
    machine.environments[40] = {"TMUX": "x", "TMUX_PANE": "%3"}
    codex.lock("x1", 40)
    (found,) = sight.look().sessions
    assert (found.pid, found.tmux_pane) == (40, None)


def test_a_client_below_another_hides_it_not(machine: FakeMachine, sight: OpenSessions) -> None:
    codex = CodexFolder(machine)
    codex.thread("x1")
    machine.runs(54, "opencode")
    machine.runs(55, "codex", ancestors=(54,))
    codex.lock("x1", 55)
    assert ids(sight.look()) == {"x1", "opencode-54-540"}


def test_what_cannot_be_read_of_one_client_leaves_the_others(
    machine: FakeMachine, sight: OpenSessions, caplog: pytest.LogCaptureFixture
) -> None:
    machine.runs(54, "opencode")
    machine.runs(55, "pi")
    database = opencode_database(machine.folders.opencode)
    opencode_session(database, "ses_1", at=T0 + 2000)
    pi_session(machine.folders.pi, "p1", at=T0 + 2000)
    assert ids(sight.look()) == {"ses_1", "p1"}
    whole = database.read_bytes()
    database.write_bytes(b"x" * 5000)
    machine.now += 60
    machine.ends(55)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            machine.now += 60
            seen = sight.look()
            assert (ids(seen), seen.torn) == ({"ses_1"}, frozenset({"opencode"})), "what was known stays"
    assert len(caplog.records) == 1, "said once"
    machine.ends(54)
    assert shown(sight.look()) == {}, "but not longer than its process"
    database.write_bytes(whole)
    assert sight.look().torn == frozenset()


def test_a_half_written_qwen_file_keeps_what_was_known(machine: FakeMachine, sight: OpenSessions) -> None:
    machine.runs(52, "node", "/bin/qwen")
    file = qwen_file(machine, 52, "q1")
    assert ids(sight.look()) == {"q1"}
    file.write_text("{")
    seen = sight.look()
    assert (ids(seen), seen.torn) == ({"q1"}, frozenset({"qwen"}))
    machine.ends(52)
    assert shown(sight.look()) == {}
    assert sight.left_behind("qwen", "q1", 52)
    machine.runs(52, "node", "/bin/qwen")
    qwen_file(machine, 52, "q2")
    assert not sight.left_behind("qwen", "q1", 52), "the same process talks in another session"
    file.unlink()
    assert not sight.left_behind("qwen", "q2", 52)


def test_a_machine_that_lists_no_process_proves_nothing(machine: FakeMachine, sight: OpenSessions) -> None:
    machine.runs(55, "pi")
    pi_session(machine.folders.pi, "p1", at=T0 + 2000)
    sight.look()
    machine.broken = PermissionError("no")
    seen = sight.look()
    assert ids(seen) == {"p1"}
    assert seen.torn == {"aider", "codex", "copilot", "gemini", "opencode", "pi", "qwen"}


def test_marks_that_outlive_a_session(machine: FakeMachine, sight: OpenSessions) -> None:
    assert not sight.left_behind("pi", "p1", 5)
    assert not sight.left_behind("claude", "c1", None)
    ClaudeFolder(machine.folders.claude, machine.processes).session(7, "c1")
    assert sight.left_behind("claude", "c1", 7)


def test_the_usual_folders() -> None:
    found = Folders.find({"HOME": "/h"}, claude_dir=Path("/c"), codex_dir=Path("/x"))
    assert (found.claude, found.codex, found.opencode) == (Path("/c"), Path("/x"), Path("/h/.local/share/opencode"))
    assert Folders.find(
        {"HOME": "/h", "XDG_DATA_HOME": "/d"}, claude_dir=Path("/c"), codex_dir=Path("/x")
    ).opencode == (Path("/d/opencode"))
