"""Which of the machine's processes are clients. Asked once a second, so only what is new is looked at.

A process may become a client without getting a new id (a shell that is replaced by it), so the young ones are looked
at again, and all others in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from keepalive.open_sessions.process_table import ProcessTable, Running

CODEX_DAEMON = "codex app-server"
"""The shared process behind Codex's terminals; not a client by itself."""
YOUNG_LOOKS = 5
AGAIN_EACH_LOOK = 8
"""Old processes that are looked at again each time, in turn: 300 of them are through in about 40 looks."""

_NAMES = frozenset({"aider", "codex", "copilot", "gemini", "opencode", "pi", "qwen"})
_INTERPRETERS = ("node", "bun", "deno", "python")
_SUFFIXES = (".js", ".mjs", ".cjs", ".exe")
_NO_SESSION = frozenset(
    {
        *("acp", "auth", "completion", "config", "export", "extensions", "import", "install", "login", "logout"),
        *("mcp", "mcp-server", "models", "serve", "skills", "stats", "uninstall", "update", "upgrade", "web"),
        *("--version", "-v", "-V", "--help", "-h", "help"),
    }
)
"""First arguments with which a client holds no conversation in its own process."""


@dataclass(frozen=True, slots=True)
class Client:
    """One running client: the uppermost of its processes, and all of them (a launcher and its children)."""

    agent: str
    top: Running
    members: tuple[Running, ...]


def agent_of(argv: Sequence[str]) -> str | None:
    """The client that a command line starts, or None."""
    if not argv:
        return None
    arguments = list(argv[1:])
    name = _name(argv[0])
    if name.startswith(_INTERPRETERS):
        while arguments and arguments[0].startswith("-") and arguments[0] != "-m":
            arguments.pop(0)
        if arguments and arguments[0] == "-m":
            arguments.pop(0)
        if not arguments:
            return None
        name = _name(arguments.pop(0))
    if name not in _NAMES:
        return None
    if name == "codex" and "app-server" in arguments:
        return CODEX_DAEMON
    return None if arguments and arguments[0] in _NO_SESSION else name


def _name(path: str) -> str:
    name = PurePath(path).name
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


class ClientProcesses:
    """Remembers what was looked at.

    A client that was started with another home than `home` keeps its sessions there, where nobody looks: left out.
    """

    def __init__(self, table: ProcessTable, home: Path) -> None:
        self._table = table
        self._home = home.resolve()
        self._young: dict[int, int] = {}
        self._old: deque[int] = deque()
        self._all: set[int] = set()
        self._clients: dict[int, tuple[str, Running]] = {}

    def look(self) -> tuple[Client, ...]:
        """The clients that run now, in the order of their process ids."""
        pids = set(self._table.pids())
        for pid in [pid for pid, (_, running) in self._clients.items() if self._table.start(pid) != running.start]:
            del self._clients[pid]
            self._young[pid] = 0  # if there is one, it is another process
        for pid in pids - self._all:
            self._young[pid] = 0
        self._all = pids
        for pid in self._due(pids):
            self._inspect(pid)
        return self._grouped()

    def _due(self, pids: set[int]) -> list[int]:
        due = []
        for pid, looks in list(self._young.items()):
            if pid in pids and looks < YOUNG_LOOKS:
                self._young[pid] = looks + 1
                due.append(pid)
                continue
            del self._young[pid]
            if pid in pids:
                self._old.append(pid)
        for _ in range(min(AGAIN_EACH_LOOK, len(self._old))):
            pid = self._old.popleft()
            if pid in pids and pid not in self._young:
                self._old.append(pid)
                due.append(pid)
        return due

    def _inspect(self, pid: int) -> None:
        agent = agent_of(self._table.argv(pid))
        if agent is None:
            self._clients.pop(pid, None)  # it has become something else
        elif self._clients.get(pid, ("", None))[0] != agent and self._at_home(pid):
            running = self._table.details(pid)
            if running is not None:
                self._clients[pid] = (agent, running)

    def _at_home(self, pid: int) -> bool:
        home = (self._table.environment(pid) or {}).get("HOME")
        return not home or Path(home).resolve() == self._home

    def _grouped(self) -> tuple[Client, ...]:
        members: dict[int, list[Running]] = {}
        for pid, (agent, running) in sorted(self._clients.items()):
            own = [above for above in running.ancestors if self._clients.get(above, ("", None))[0] == agent]
            members.setdefault(own[-1] if own else pid, []).append(running)
        return tuple(
            Client(self._clients[top][0], self._clients[top][1], tuple(group)) for top, group in sorted(members.items())
        )
