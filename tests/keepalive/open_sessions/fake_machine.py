"""A made-up machine: processes, the files they have open, the locks they hold, and the clients' folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from keepalive.open_sessions.client_processes import Client
from keepalive.open_sessions.look import Folders, OpenSessions
from keepalive.open_sessions.process_table import Running
from tests.keepalive.claude_folder import T0, FakeProcesses


def running(
    pid: int, *argv: str, cwd: str = "/src/made-up", started: float = 0.0, ancestors: tuple[int, ...] = ()
) -> Running:
    """A process that began `started` seconds after T0."""
    return Running(pid, str(int(started)), T0 + started, argv, cwd, ancestors)


def client(agent: str, *members: Running) -> Client:
    return Client(agent, members[0], members)


class FakeMachine:
    """Implements `ProcessTable` and `Locks`; `asked` counts the costly questions."""

    def __init__(self, processes: FakeProcesses | None = None, root: Path = Path("/nowhere")) -> None:
        self.processes = processes or FakeProcesses()
        self.root = root
        self.now = 0.0
        self.table: dict[int, Running] = {}
        self.environments: dict[int, dict[str, str] | None] = {}
        self.files: dict[int, list[str]] = {}
        self.locks: dict[Path, int] = {}
        self.panes = ""
        self.asked: list[tuple[str, int]] = []
        self.broken: OSError | None = None

    @property
    def folders(self) -> Folders:
        return Folders(
            home=self.root,
            claude=self.root / "claude",
            codex=self.root / "codex",
            copilot=self.root / "copilot",
            gemini=self.root / "gemini",
            opencode=self.root / "opencode",
            pi=self.root / "pi",
            qwen=self.root / "qwen",
        )

    def open_sessions(self) -> OpenSessions:
        return OpenSessions(
            self.folders,
            self.processes,
            table=self,
            locks=self,
            now=lambda: self.now,
            ask_tmux=lambda socket: self.panes,
        )

    def runs(
        self,
        pid: int,
        *argv: str,
        cwd: str = "/src/made-up",
        started: float | None = None,
        ancestors: tuple[int, ...] = (),
    ) -> Running:
        process = running(pid, *argv, cwd=cwd, started=pid * 10 if started is None else started, ancestors=ancestors)
        self.table[pid] = process
        self.processes.ticks[pid] = int(process.start)
        return process

    def ends(self, *pids: int) -> None:
        """Gone, with every lock and open file that the processes had."""
        for pid in pids:
            del self.table[pid], self.processes.ticks[pid]
            self.files.pop(pid, None)
            self.locks = {path: holder for path, holder in self.locks.items() if holder != pid}

    def pids(self) -> list[int]:
        if self.broken is not None:
            raise self.broken
        return sorted(self.table)

    def argv(self, pid: int) -> tuple[str, ...]:
        self.asked.append(("argv", pid))
        return self.table[pid].argv if pid in self.table else ()

    def start(self, pid: int) -> str | None:
        return self.table[pid].start if pid in self.table else None

    def details(self, pid: int) -> Running | None:
        self.asked.append(("details", pid))
        return self.table.get(pid)

    def environment(self, pid: int) -> Mapping[str, str] | None:
        self.asked.append(("environment", pid))
        return self.environments.get(pid, {})

    def open_files(self, pid: int) -> list[str]:
        self.asked.append(("open_files", pid))
        return self.files.get(pid, [])

    def holders(self, files: Iterable[Path], among: Iterable[int]) -> Mapping[Path, int]:
        return {file: self.locks[file] for file in files if file in self.locks}
