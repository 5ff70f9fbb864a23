"""Real clients in a real terminal: the look finds each with its evidence, and notices how it ends.

Each client is skipped with a reason where it is not installed (in .e2e/node_modules/.bin, or at $WARMSIDE_CODEX and so
on). None gets further than its prompt: every address that it could call is a closed port.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from keepalive.liveness import SystemProcesses
from keepalive.open_sessions.look import Folders, OpenSessions
from keepalive.open_sessions.types import OpenSession, SeenBy
from tests.e2e.home import CLOSED
from tests.e2e.installed import installed
from tests.e2e.waiting import PATIENCE, until

pytestmark = pytest.mark.e2e

CODEX_CONFIG = """
model = "gpt-5.5"
model_provider = "closed"
approval_policy = "never"
check_for_update_on_startup = false
[model_providers.closed]
name = "closed"
base_url = "http://127.0.0.1:9/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
[tui]
screen_reader_detection_done = true
[tui.model_availability_nux]
"gpt-6.1-sol" = 4
[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"
[projects."{work}"]
trust_level = "trusted"
"""
FILES = {
    ".codex/config.toml": CODEX_CONFIG,
    ".gemini/settings.json": '{"security": {"auth": {"selectedType": "gemini-api-key"},'
    ' "folderTrust": {"enabled": false}}, "general": {"disableAutoUpdate": true}}',
    ".qwen/settings.json": '{"security": {"auth": {"selectedType": "openai"}}, "general": {"disableAutoUpdate": true}}',
    ".config/opencode/opencode.json": '{"model": "anthropic/claude-sonnet-4-5", "autoupdate": false}',
}


class Terminal:
    """A multiplexer of our own with clients in it, and a look at the machine with their home as its own."""

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.work = root, root / "home", root / "work"
        self.work.mkdir(parents=True)
        (self.work / ".git").mkdir()
        for name, text in FILES.items():
            file = self.home / name
            file.parent.mkdir(parents=True)
            file.write_text(text.replace("{work}", str(self.work)), encoding="utf-8")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), CLOSED),
            **dict.fromkeys(("OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "ANTHROPIC_BASE_URL"), CLOSED),
            **dict.fromkeys(("OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY"), "made-up"),
            "OPENAI_MODEL": "made-up",
        }
        folders = Folders.find(self.environment, claude_dir=self.home / ".claude", codex_dir=self.home / ".codex")
        self.sight = OpenSessions(folders, SystemProcesses())

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.root / "tmux"), "-f", "/dev/null", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=10, check=False)
        return done.stdout.strip()

    def start(self, *command: str) -> str:
        """Start a client in a pane of its own; returns the pane."""
        there = self.tmux("list-sessions")
        how = ["new-window", "-d"] if there else ["new-session", "-d", "-x", "100", "-y", "30"]
        return self.tmux(*how, "-c", str(self.work), "-P", "-F", "#{pane_id}", *command)

    def open(self) -> dict[str, OpenSession]:
        return {session.session_id: session for session in self.sight.look().sessions}

    def found(self, agent: str, pane: str) -> OpenSession:
        def there() -> OpenSession | None:
            return next((s for s in self.open().values() if s.agent == agent and s.tmux_pane == pane), None)

        return until(there, PATIENCE, f"{agent} in {pane}: {self.tmux('capture-pane', '-p', '-t', pane)}")

    def gone(self, session: OpenSession, seconds: float = PATIENCE) -> None:
        until(lambda: session.session_id not in self.open(), seconds, f"the end of {session.agent}")

    def processes(self) -> list[psutil.Process]:
        """Everything that was started here, daemons included."""
        ours = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("HOME") == str(self.home):
                    ours.append(process)
            except psutil.Error:
                continue
        return ours

    def end(self) -> None:
        self.tmux("kill-server")
        for process in self.processes():
            try:
                process.kill()
            except psutil.Error:
                continue


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.end()


def killed(session: OpenSession) -> None:
    os.kill(session.pid, signal.SIGKILL)


def quit_codex(terminal: Terminal, pane: str) -> Callable[[], None]:
    def leave() -> None:
        terminal.tmux("send-keys", "-t", pane, "/quit")
        until(lambda: "/quit" in terminal.tmux("capture-pane", "-p", "-t", pane), PATIENCE, "the command")
        terminal.tmux("send-keys", "-t", pane, "Enter")

    return leave


@pytest.mark.parametrize("how", ["quit", "killed"])
def test_codex_by_itself(terminal: Terminal, how: str) -> None:
    pane = terminal.start(str(installed("codex", terminal=True)), "--no-daemon")
    session = terminal.found("codex", pane)
    assert (session.seen_by, session.cwd, session.shared) == (SeenBy.LOCK, str(terminal.work), False)
    if how == "quit":
        quit_codex(terminal, pane)()
    else:
        killed(session)
    terminal.gone(session)
    assert terminal.sight.left_behind("codex", session.session_id, session.pid) is (how == "killed")


def test_codex_with_its_daemon(terminal: Terminal) -> None:
    codex = str(installed("codex", terminal=True))
    first_pane = terminal.start(codex)
    first = terminal.found("codex", first_pane)
    second = terminal.found("codex", second_pane := terminal.start(codex))
    assert first.session_id != second.session_id
    assert (first.seen_by, first.cwd, first.shared) == (SeenBy.LOCK, str(terminal.work), False)
    killed(second)
    until(
        lambda: (left := terminal.open().get(second.session_id)) is not None and left.shared,
        PATIENCE,
        "only the daemon is left of it",
    )
    assert terminal.open()[first.session_id].tmux_pane == first_pane != second_pane
    daemon = terminal.open()[second.session_id].pid
    os.kill(daemon, signal.SIGKILL)
    terminal.gone(first)
    terminal.gone(second)
    assert terminal.sight.left_behind("codex", first.session_id, first.pid)


@pytest.mark.parametrize(
    ("agent", "arguments", "seen_by"),
    [
        ("gemini", (), SeenBy.PROCESS),
        ("opencode", (), SeenBy.PROCESS),
        ("pi", ("--offline",), SeenBy.PROCESS),
        ("qwen", (), SeenBy.SESSION_FILE),
    ],
)
def test_another_client(terminal: Terminal, agent: str, arguments: tuple[str, ...], seen_by: SeenBy) -> None:
    pane = terminal.start(str(installed(agent, terminal=True)), *arguments)
    until(lambda: terminal.found(agent, pane).seen_by is seen_by, PATIENCE, f"{agent} by {seen_by}")
    session = terminal.found(agent, pane)
    assert (session.cwd, session.made_up) == (str(terminal.work), seen_by is SeenBy.PROCESS)
    assert len(terminal.open()) == 1, "a launcher and its children count once"
    for process in terminal.processes():
        if process.name() != "tmux: server":
            process.kill()
    terminal.gone(session)
    assert terminal.open() == {}
