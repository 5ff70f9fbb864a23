"""Codex: a thread is open while somebody holds its writer lock.

That is the client's own process, or a daemon that all terminals of one person share. The daemon outlives a terminal by
a minute and has a working folder of its own, so folder and title come from the client's table of threads, and the
terminal is looked for among the client's processes. Nobody's lock is ever tried.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepalive.open_sessions.client_processes import CODEX_DAEMON, Client
from keepalive.open_sessions.locks import Locks
from keepalive.open_sessions.pairing import SLACK_SECONDS
from keepalive.open_sessions.process_table import ProcessTable, Running
from keepalive.open_sessions.sqlite_reading import Signature, reading, signature
from keepalive.open_sessions.stored import uuid7_time
from keepalive.open_sessions.types import OpenSession, SeenBy, one_line
from store.models import Status

AGENT = "codex"

_LOCK = re.compile(r"([0-9A-Za-z][0-9A-Za-z-]*)\.lock")
_STATE = re.compile(r"state_([0-9]+)\.sqlite")
_USERS = (None, "", "user")
"""`thread_source` of a person's threads; others title a thread or work for one."""
_COLUMNS = ("id", "cwd", "title", "cli_version", "thread_source", "created_at_ms", "updated_at_ms")


@dataclass(frozen=True, slots=True)
class _Thread:
    cwd: str
    title: str | None
    version: str | None
    source: str | None
    created_at: float
    updated_at: float


class CodexSessions:
    """Remembers the table's rows of the open threads, and which terminal shows which of them."""

    def __init__(self, folder: Path, table: ProcessTable, locks: Locks) -> None:
        self._folder = folder
        self._table = table
        self._locks = locks
        self._threads: dict[str, _Thread] = {}
        self._terminals: dict[str, Running] = {}
        self._read: tuple[Path | None, Signature, frozenset[str]] = (None, (), frozenset())

    def look(self, clients: Sequence[Client]) -> list[OpenSession]:
        """The open threads. `clients`: everything of Codex that runs, daemons included.

        Raises:
            OSError: the folder or the list of locks cannot be read now.
        """
        processes = {member.pid: (client, member) for client in clients for member in client.members}
        held = self._held(processes)
        self._know(frozenset(held))
        threads = {name: pid for name, pid in held.items() if self._a_persons(name)}
        shared = [name for name, pid in threads.items() if pid in processes and processes[pid][0].agent == CODEX_DAEMON]
        alone = {processes[pid][0].top.pid for pid in held.values() if pid in processes}
        terminals = [client.top for client in clients if client.agent == AGENT and client.top.pid not in alone]
        told = self._tell(terminals, shared)
        found = []
        for name, pid in threads.items():
            thread = self._threads.get(name)
            if name in shared and thread is None and name not in self._terminals:
                continue  # not in the table before its first prompt: then only its terminal tells whose it is
            holder = processes[pid][1] if pid in processes else self._table.details(pid)
            if holder is not None:
                cwd = thread.cwd if thread else self._terminals.get(name, holder).cwd
                found.append(_open(name, told.get(name, holder), cwd, thread, name in shared and name not in told))
        return found

    def left_behind(self, session_id: str) -> bool:
        """Whether the thread's lock file is still there: a client that leaves by itself takes it away."""
        return bool(_LOCK.fullmatch(f"{session_id}.lock")) and (self._lock_folder / f"{session_id}.lock").exists()

    @property
    def _lock_folder(self) -> Path:
        return self._folder / "thread-writer-locks"

    def _held(self, among: Iterable[int]) -> dict[str, int]:
        """Thread to the process that holds its lock."""
        try:
            files = sorted(file for file in self._lock_folder.iterdir() if _LOCK.fullmatch(file.name))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        if not files:
            return {}
        return {file.stem: pid for file, pid in self._locks.holders(files, among).items()}

    def _know(self, threads: frozenset[str]) -> None:
        """Read the table's rows of these threads, if it has changed; what cannot be read stays as it was."""
        self._threads = {name: thread for name, thread in self._threads.items() if name in threads}
        if not threads:
            return
        try:
            before, marks, names = self._read
            # A new version of the client makes a new file, and with it come new threads.
            table = before if names == threads else self._state_file()
            if table is None or (names == threads and marks == signature(table)):
                return
            marks = signature(table)
            self._threads |= _rows(table, threads)
            self._read = (table, marks, threads)
        except (OSError, sqlite3.Error, TypeError, ValueError):
            return

    def _state_file(self) -> Path | None:
        """The newest of the client's numbered files."""
        numbered = {int(match[1]): file for file in self._folder.iterdir() if (match := _STATE.fullmatch(file.name))}
        return numbered[max(numbered)] if numbered else None

    def _a_persons(self, name: str) -> bool:
        thread = self._threads.get(name)
        return thread is None or thread.source in _USERS

    def _tell(self, terminals: Sequence[Running], threads: Sequence[str]) -> dict[str, Running]:
        """The terminal of each of a daemon's threads, where folder and time tell it; once told it stays."""
        self._terminals = {name: terminal for name, terminal in self._terminals.items() if name in threads}
        told = {name: terminal for name, terminal in self._terminals.items() if terminal in terminals}
        for name in threads:
            if name in told:
                continue
            thread = self._threads.get(name)
            here = [t for t in terminals if thread is None or thread.cwd == t.cwd]
            free = [terminal for terminal in here if terminal not in told.values()]
            before = [t for t in free if t.created_at <= self._born(name) + SLACK_SECONDS]
            if before:  # a terminal begins a thread at its start
                told[name] = max(before, key=lambda terminal: terminal.created_at)
            elif thread is not None and len(free) == 1:  # resumed there
                told[name] = free[0]
            elif thread is not None and len(here) == 1 and here[0].created_at <= thread.created_at + SLACK_SECONDS:
                told[name] = here[0]  # begun later in the same terminal
        self._terminals |= told
        return told

    def _born(self, name: str) -> float:
        thread = self._threads.get(name)
        return thread.created_at if thread else uuid7_time(name) or 0.0


def _rows(table: Path, threads: frozenset[str]) -> dict[str, _Thread]:
    with reading(table) as connection:
        there = {row[1] for row in connection.execute("PRAGMA table_info(threads)")}
        # Columns have been added over the versions, the two of milliseconds among them.
        columns = ", ".join(name if name in there else f"NULL AS {name}" for name in _COLUMNS)
        marks = ", ".join("?" * len(threads))
        rows = connection.execute(
            f"SELECT {columns} FROM threads WHERE id IN ({marks})",  # noqa: S608 - our column names
            sorted(threads),
        ).fetchall()
    return {
        str(row[0]): _Thread(
            cwd=str(row[1] or ""),
            title=one_line(row[2]),
            version=one_line(row[3]),
            source=row[4],
            created_at=(row[5] or 0) / 1000 or uuid7_time(str(row[0])) or 0.0,
            updated_at=(row[6] or 0) / 1000,
        )
        for row in rows
    }


def _open(name: str, process: Running, cwd: str, thread: _Thread | None, shared: bool) -> OpenSession:
    return OpenSession(
        agent=AGENT,
        session_id=name,
        seen_by=SeenBy.LOCK,
        pid=process.pid,
        cwd=cwd,
        status=Status.UNKNOWN,
        waiting_for=None,
        name=thread.title if thread else None,
        version=thread.version if thread else None,
        entrypoint=None,
        started_at=(thread.created_at if thread else uuid7_time(name)) or process.created_at,
        proc_start=process.start,
        status_updated_at=(thread.updated_at or None) if thread else None,
        tmux_pane=None,
        ancestors=() if shared else process.ancestors,
        shared=shared,
    )
