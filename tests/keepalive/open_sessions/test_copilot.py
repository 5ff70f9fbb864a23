"""Copilot CLI: a hold that a living process has open is a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.open_sessions.copilot import REFRESH_SECONDS, CopilotSessions
from keepalive.open_sessions.copilot import workspace as read_workspace
from keepalive.open_sessions.types import SeenBy
from tests.keepalive.open_sessions.client_folders import workspace
from tests.keepalive.open_sessions.fake_machine import FakeMachine, client, running

PARENT, CHILD = running(70, "node", "/bin/copilot"), running(71, "copilot", cwd="/elsewhere", ancestors=(70,))
COPILOT = client("copilot", PARENT, CHILD)


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    return FakeMachine(root=tmp_path)


@pytest.fixture
def sessions(machine: FakeMachine) -> CopilotSessions:
    return CopilotSessions(machine.folders.copilot, machine, lambda: machine.now)


def test_the_process_that_holds_it_is_the_sessions(machine: FakeMachine, sessions: CopilotSessions) -> None:
    workspace(machine, "one", 71, cwd="/src/a b", name="'it''s a title: yes'")
    (found,) = sessions.look([COPILOT])
    assert (found.agent, found.session_id, found.seen_by, found.pid) == ("copilot", "one", SeenBy.HOLD_FILE, 71)
    assert (found.cwd, found.name, found.started_at) == ("/src/a b", "it's a title: yes", 1795690650.939)
    assert (found.proc_start, found.ancestors) == ("0", (70,))


def test_a_hold_that_nobody_has_open_is_none(machine: FakeMachine, sessions: CopilotSessions) -> None:
    workspace(machine, "one", 71)
    machine.files.clear()
    assert sessions.look([COPILOT]) == []
    assert sessions.left_behind("one", 71), "killed"
    assert not sessions.left_behind("one", 72)
    assert not sessions.left_behind("../session-state/one", 71)


def test_holds_elsewhere_or_of_other_processes_mean_nothing(machine: FakeMachine, sessions: CopilotSessions) -> None:
    cached = machine.root / "cache" / "copilot" / "inuse.71.hold"
    cached.parent.mkdir(parents=True)
    cached.touch()
    machine.files[71] = [str(cached), str(workspace(machine, "one", 99) / "inuse.99.hold")]
    assert sessions.look([COPILOT]) == []


def test_open_files_are_asked_for_now_and_then_and_when_a_hold_is_gone(
    machine: FakeMachine, sessions: CopilotSessions
) -> None:
    lone = client("copilot", CHILD)
    one = workspace(machine, "one", 71)
    assert [found.session_id for found in sessions.look([lone])] == ["one"]
    asked = len(machine.asked)
    machine.now += REFRESH_SECONDS / 2
    sessions.look([lone])
    assert len(machine.asked) == asked
    workspace(machine, "two", 71)
    machine.now += REFRESH_SECONDS
    assert [found.session_id for found in sessions.look([lone])] == ["one", "two"]
    (one / "inuse.71.hold").unlink()
    assert [found.session_id for found in sessions.look([lone])] == ["two"]


def test_a_workspace_of_any_shape_is_read(tmp_path: Path) -> None:
    assert read_workspace(tmp_path) == {}
    (tmp_path / "workspace.yaml").write_bytes(
        b'cwd: "/a \\"b\\""\nname:\n  nested: cwd: /no\n  cwd: /no\nnames: x\n'
        b"\xff\xfe\nupdated_at: not a time\n- cwd: /no\n"
    )
    assert read_workspace(tmp_path) == {"cwd": '/a "b"', "name": "", "updated_at": "not a time"}


def test_a_session_without_a_workspace_is_in_its_processs_folder(
    machine: FakeMachine, sessions: CopilotSessions
) -> None:
    (workspace(machine, "one", 71) / "workspace.yaml").unlink()
    (found,) = sessions.look([COPILOT])
    assert (found.cwd, found.name, found.started_at) == ("/elsewhere", None, CHILD.created_at)
