"""One look at all clients: every session that is open on this machine now, each with its evidence.

Whatever fails for one client (a locked table, a half-written file) leaves what was known of its sessions, as long as
their processes live, and hides nothing of the others. Nothing here writes to a client's file or asks a client.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from keepalive.liveness import Processes, alive
from keepalive.open_sessions import claude, codex, copilot, qwen
from keepalive.open_sessions.by_process import ByProcess
from keepalive.open_sessions.claude import SessionFiles
from keepalive.open_sessions.client_processes import CODEX_DAEMON, Client, ClientProcesses
from keepalive.open_sessions.codex import CodexSessions
from keepalive.open_sessions.copilot import CopilotSessions
from keepalive.open_sessions.locks import Locks, system_locks
from keepalive.open_sessions.process_table import ProcessTable, SystemTable
from keepalive.open_sessions.stored import gemini_sessions, opencode_sessions, pi_sessions
from keepalive.open_sessions.tmux import ListPanes, Panes, list_panes
from keepalive.open_sessions.types import CLAUDE, OpenSession, Sightings

log = logging.getLogger("warmside.open_sessions")

BY_PROCESS = ("aider", "gemini", "opencode", "pi", qwen.AGENT)
"""Clients whose processes stand for their sessions where nothing better does."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the clients keep their files."""

    home: Path
    claude: Path
    codex: Path
    copilot: Path
    gemini: Path
    opencode: Path
    pi: Path
    qwen: Path

    @classmethod
    def find(cls, environ: Mapping[str, str], *, claude_dir: Path, codex_dir: Path) -> Folders:
        """The usual ones below the person's home."""
        home = Path(environ.get("HOME") or Path.home())
        data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        return cls(
            home=home,
            claude=claude_dir,
            codex=codex_dir,
            copilot=home / ".copilot",
            gemini=home / ".gemini",
            opencode=data / "opencode",
            pi=home / ".pi" / "agent",
            qwen=home / ".qwen",
        )


class OpenSessions:
    """Remembers the last look: only what is new since then costs more than a glance."""

    def __init__(
        self,
        folders: Folders,
        processes: Processes,
        *,
        table: ProcessTable | None = None,
        locks: Locks | None = None,
        now: Callable[[], float] = time.monotonic,
        ask_tmux: ListPanes = list_panes,
    ) -> None:
        """`now` only measures how long ago something was asked."""
        self._folders = folders
        self._processes = processes
        table = table or SystemTable()
        self._table = table
        self._clients = ClientProcesses(table, folders.home)
        self._codex = CodexSessions(folders.codex, table, locks or system_locks(table))
        self._copilot = CopilotSessions(folders.copilot, table, now)
        self._by_process = ByProcess(
            {
                "gemini": gemini_sessions(folders.gemini),
                "opencode": opencode_sessions(folders.opencode / "opencode.db"),
                "pi": pi_sessions(folders.pi / "sessions"),
            },
            now,
        )
        self._panes = Panes(table, now, ask_tmux)
        self._ancestors: dict[tuple[int, str | None], tuple[int, ...]] = {}
        self._before: tuple[OpenSession, ...] = ()
        self._complained: set[tuple[str, ...]] = set()

    def look(self) -> Sightings:
        """What is open now. One thread at a time."""
        found: list[OpenSession] = []
        torn: set[str] = set()
        found += self._named_by_files(claude.read_session_files(self._folders.claude), CLAUDE, torn)
        qwens = self._named_by_files(qwen.read_session_files(self._folders.qwen), qwen.AGENT, torn)
        found += [self._with_ancestors(session) for session in qwens]
        clients: tuple[Client, ...] = ()
        with self._keeping(torn, codex.AGENT, copilot.AGENT, *BY_PROCESS):
            clients = self._clients.look()
        with self._keeping(torn, codex.AGENT):
            found += self._codex.look(_of(clients, codex.AGENT, CODEX_DAEMON))
        with self._keeping(torn, copilot.AGENT):
            found += self._copilot.look(_of(clients, copilot.AGENT))
        named = {(session.agent, pid) for session in found for pid in (session.pid, *session.ancestors)}
        for agent in BY_PROCESS:
            with self._keeping(torn, agent):
                nameless = [client for client in _of(clients, agent) if (agent, client.top.pid) not in named]
                found += self._by_process.look(agent, nameless)
        seen = {session.pid for session in found}
        for session in self._before:
            if session.agent in torn and session.pid not in seen and alive(session, self._processes):
                found.append(session)  # its file is being rewritten at this moment: what was known stays
        living = {session.pid for session in found}
        self._panes.forget(living)
        self._ancestors = {key: above for key, above in self._ancestors.items() if key[0] in living}
        self._before = tuple(self._with_pane(session) for session in found)
        return Sightings(self._before, frozenset(torn))

    def left_behind(self, agent: str, session_id: str, pid: int | None) -> bool:
        """Whether the client's own mark of an open session is still there, although the session is not: it was
        killed. A client that leaves by itself takes the mark away. (Those without a mark cannot be told apart.)"""
        if agent == codex.AGENT:
            return self._codex.left_behind(session_id)
        if agent == copilot.AGENT:
            return pid is not None and self._copilot.left_behind(session_id, pid)
        home = {CLAUDE: self._folders.claude, qwen.AGENT: self._folders.qwen}.get(agent)
        if home is None or pid is None or not (home / "sessions" / f"{pid}.json").exists():
            return False
        if agent == CLAUDE:
            return True
        named = [session for session in qwen.read_session_files(home).sessions if session.pid == pid]
        return all(session.session_id == session_id for session in named)  # (else it went over to another one)

    def _named_by_files(self, files: SessionFiles, agent: str, torn: set[str]) -> list[OpenSession]:
        if not files.unreadable:
            return [session for session in files.sessions if alive(session, self._processes)]
        torn.add(agent)
        # A file that could be read is not torn: what it says now is all there is of its process.
        read = {session.pid for session in files.sessions}
        known = [session for session in self._before if session.agent == agent and session.pid not in read]
        return [session for session in (*files.sessions, *known) if alive(session, self._processes)]

    @contextmanager
    def _keeping(self, torn: set[str], *agents: str) -> Iterator[None]:
        """Whatever cannot be read of these clients now proves nothing about them."""
        try:
            yield
        except (OSError, sqlite3.Error, psutil.Error) as error:
            torn.update(agents)
            if agents not in self._complained:  # once is enough for a log
                log.warning("cannot look at the sessions of %s now: %s", ", ".join(agents), error)
            self._complained.add(agents)
        else:
            self._complained.discard(agents)

    def _with_ancestors(self, session: OpenSession) -> OpenSession:
        key = (session.pid, session.proc_start)
        if key not in self._ancestors:
            details = self._table.details(session.pid)
            self._ancestors[key] = details.ancestors if details else ()
        return replace(session, ancestors=self._ancestors[key])

    def _with_pane(self, session: OpenSession) -> OpenSession:
        if session.tmux_pane is not None or session.agent == CLAUDE or session.shared:
            return session
        pane = self._panes.of(session.pid, session.proc_start, session.ancestors)
        return session if pane is None else replace(session, tmux_pane=pane)


def _of(clients: Sequence[Client], *agents: str) -> list[Client]:
    return [client for client in clients if client.agent in agents]
