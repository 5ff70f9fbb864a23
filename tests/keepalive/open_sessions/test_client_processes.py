"""Which processes are clients, and that a look asks about few of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.open_sessions.client_processes import (
    AGAIN_EACH_LOOK,
    CODEX_DAEMON,
    YOUNG_LOOKS,
    Client,
    ClientProcesses,
    agent_of,
)
from tests.keepalive.open_sessions.fake_machine import FakeMachine

HOME = Path("/home/me")


@pytest.mark.parametrize(
    ("argv", "agent"),
    [
        (("opencode",), "opencode"),
        (("/x/opencode-ai/bin/opencode.exe", "-c"), "opencode"),
        (("pi",), "pi"),
        (("codex", "resume", "--last"), "codex"),
        (("/x/bin/codex", "app-server", "--listen", "unix://"), CODEX_DAEMON),
        (("/x/bin/codex", "-c", "a=b", "app-server"), CODEX_DAEMON),
        (("node", "/usr/bin/qwen"), "qwen"),
        (("/usr/bin/node", "--max-old-space-size=12076", "/x/.bin/gemini", "--yolo"), "gemini"),
        (("node", "/x/bin/codex.js"), "codex"),
        (("node", "/x/.bin/copilot"), "copilot"),
        (("/usr/bin/python3.12", "/home/me/.local/bin/aider", "--model", "x"), "aider"),
        (("python", "-m", "aider"), "aider"),
        (("claude",), None),
        (("node",), None),
        (("node", "--inspect"), None),
        (("python", "-m"), None),
        (("vim", "codex"), None),
        (("opencode", "serve"), None),
        (("codex", "mcp-server"), None),
        (("gemini", "--version"), None),
        (("",), None),
        ((), None),
    ],
)
def test_names(argv: tuple[str, ...], agent: str | None) -> None:
    assert agent_of(argv) == agent


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def clients(machine: FakeMachine) -> ClientProcesses:
    return ClientProcesses(machine, HOME)


def shape(found: tuple[Client, ...]) -> list[tuple[str, int, list[int]]]:
    return [(client.agent, client.top.pid, [member.pid for member in client.members]) for client in found]


def test_a_launcher_and_its_children_count_once(machine: FakeMachine, clients: ClientProcesses) -> None:
    machine.runs(10, "bash")
    machine.runs(11, "node", "/bin/codex", ancestors=(10,))
    machine.runs(12, "/x/codex", ancestors=(11, 10))
    machine.runs(13, "/x/codex", "app-server", ancestors=(12, 11, 10))
    machine.runs(14, "/x/codex", "app-server", "daemon", ancestors=(1,))
    machine.runs(20, "codex", ancestors=(10,))
    assert shape(clients.look()) == [
        ("codex", 11, [11, 12]),
        (CODEX_DAEMON, 13, [13]),
        (CODEX_DAEMON, 14, [14]),
        ("codex", 20, [20]),
    ]


def test_a_launcher_that_is_gone_leaves_its_child(machine: FakeMachine, clients: ClientProcesses) -> None:
    machine.runs(11, "node", "/bin/gemini")
    machine.runs(12, "node", "/bin/gemini", ancestors=(11,))
    clients.look()
    machine.ends(11)
    assert shape(clients.look()) == [("gemini", 12, [12])]


def test_ends_and_used_again_ids_are_noticed(machine: FakeMachine, clients: ClientProcesses) -> None:
    machine.runs(11, "pi", started=1)
    machine.runs(12, "pi", started=1)
    machine.runs(13, "pi", started=1)
    clients.look()
    machine.ends(11)
    machine.runs(12, "sleep", started=9)
    machine.runs(13, "pi", started=9)
    (found,) = clients.look()
    assert (found.top.pid, found.top.start) == (13, "9")


def test_a_shell_that_becomes_a_client_is_seen(machine: FakeMachine, clients: ClientProcesses) -> None:
    for pid in range(100, 100 + 3 * AGAIN_EACH_LOOK):
        machine.runs(pid, "bash")
    for _ in range(YOUNG_LOOKS + 1):
        assert clients.look() == ()
    machine.runs(110, "opencode", started=1100)
    seen = [clients.look() for _ in range(4)]
    assert shape(seen[-1]) == [("opencode", 110, [110])]


def test_old_processes_are_left_alone(machine: FakeMachine, clients: ClientProcesses) -> None:
    for pid in range(100, 400):
        machine.runs(pid, "bash")
    machine.runs(400, "pi")
    for _ in range(YOUNG_LOOKS + 1):
        clients.look()
    machine.asked.clear()
    assert len(clients.look()) == 1
    assert len(machine.asked) <= AGAIN_EACH_LOOK
    machine.asked.clear()
    for _ in range(40):
        clients.look()
    assert {pid for _, pid in machine.asked} >= set(range(100, 400)), "all of them in turn"


def test_a_client_with_another_home_is_not_ours(machine: FakeMachine, clients: ClientProcesses) -> None:
    machine.runs(11, "pi")
    machine.runs(12, "pi")
    machine.runs(13, "pi")
    machine.environments = {11: {"HOME": "/home/you"}, 12: {"HOME": "/home/me/."}, 13: None}
    assert [client.top.pid for client in clients.look()] == [12, 13]
