"""The pane of a process: from its environment, else from tmux."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from keepalive.open_sessions.tmux import ASK_SECONDS, Panes, list_panes
from tests.keepalive.open_sessions.fake_machine import FakeMachine


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


def panes_of(machine: FakeMachine, asked: list[str | None]) -> Panes:
    def ask(socket: str | None) -> str:
        asked.append(socket)
        return machine.panes

    return Panes(machine, lambda: machine.now, ask)


@pytest.mark.parametrize(
    ("environment", "pane"),
    [
        ({"TMUX": "/tmp/tmux-0/default,8928,0", "TMUX_PANE": "%12"}, "%12"),
        ({"TMUX": "", "TMUX_PANE": "%12"}, None),
        ({"TMUX_PANE": "%12"}, None),
        ({}, None),
    ],
)
def test_what_tmux_told_it_is_believed(machine: FakeMachine, environment: dict[str, str], pane: str | None) -> None:
    asked: list[str | None] = []
    panes = panes_of(machine, asked)
    machine.environments[7] = environment
    assert panes.of(7, "70", (5,)) == pane
    machine.environments[7] = None
    assert panes.of(7, "70", (5,)) == pane, "asked once"
    assert asked == []


def test_without_an_environment_the_pane_is_an_ancestors(machine: FakeMachine) -> None:
    asked: list[str | None] = []
    panes = panes_of(machine, asked)
    machine.environments = {7: None, 8: None}
    machine.panes = "%1 5\n%2 6\nnonsense\n%3 x\n"
    assert panes.of(7, "70", (6, 4)) == "%2"
    assert panes.of(8, "80", (3,)) is None
    assert asked == [None], "one list serves all"


def test_tmux_is_asked_now_and_then(machine: FakeMachine) -> None:
    asked: list[str | None] = []
    panes = panes_of(machine, asked)
    machine.environments[7] = None
    for _ in range(5):
        assert panes.of(7, "70", (6,)) is None
    machine.panes = "%2 6\n"
    machine.now += ASK_SECONDS
    assert panes.of(7, "70", (6,)) == "%2"
    machine.now += ASK_SECONDS
    assert panes.of(7, "70", (6,)) == "%2"
    assert len(asked) == 2


def test_the_server_is_the_processs_own(machine: FakeMachine) -> None:
    asked: list[str | None] = []
    panes = panes_of(machine, asked)
    machine.environments[7] = {"TMUX": "/tmp/tmux-0/work,8928,0", "TMUX_PANE": "; rm"}
    machine.panes = "%2 7\n"
    assert panes.of(7, "70", ()) == "%2"
    assert asked == ["/tmp/tmux-0/work"]


def test_a_process_id_that_is_used_again_is_asked_again(machine: FakeMachine) -> None:
    panes = panes_of(machine, [])
    machine.environments[7] = {"TMUX": "x", "TMUX_PANE": "%1"}
    assert panes.of(7, "70", ()) == "%1"
    machine.environments[7] = {"TMUX": "x", "TMUX_PANE": "%2"}
    assert panes.of(7, "71", ()) == "%2"
    panes.forget(set())
    machine.environments[7] = {}
    assert panes.of(7, "71", ()) is None


def test_no_tmux_is_no_pane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_panes(str(tmp_path / "no server")) == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list_panes(None) == ""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_real_server_lists_its_panes(tmp_path: Path) -> None:
    socket = str(tmp_path / "s")
    server = ["tmux", "-S", socket, "-f", "/dev/null"]
    subprocess.run([*server, "new-session", "-d", "sleep 60"], check=True)
    try:
        (line,) = list_panes(socket).splitlines()
    finally:
        subprocess.run([*server, "kill-server"], check=True)
    assert line.split()[0] == "%0"
