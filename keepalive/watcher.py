"""Looks once a second at what the clients say about themselves: which sessions are open, what they wait for, what
they wrote. Sees sessions that do not use the gateway too, and notices every end.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from keepalive.clock import Clock
from keepalive.config import Config
from keepalive.liveness import OpenSession, Processes, alive, find_transcript, read_session_files
from keepalive.presence import Presence
from keepalive.store_thread import StoreThread
from keepalive.transcript_watch import TranscriptWatch
from store import idle, launches, lineages, sessions
from store.models import Status, WaitingFor
from store.rows import SessionRow

log = logging.getLogger("warmside.watcher")


class Watcher:
    """`changed` is awaited with each session whose plan may have changed; `ended` is called for each that is over."""

    def __init__(
        self,
        *,
        store: StoreThread,
        clock: Clock,
        config: Config,
        claude_dir: Path,
        processes: Processes,
        presence: Presence,
        changed: Callable[[str], Awaitable[None]],
        ended: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._claude_dir = claude_dir
        self._processes = processes
        self._presence = presence
        self._changed = changed
        self._ended = ended
        self._seen: dict[int, OpenSession] = {}
        self._watches: dict[str, TranscriptWatch] = {}

    async def poll(self) -> None:
        """One look at everything; about 1 ms when nothing has changed."""
        found = await asyncio.to_thread(self._look)
        if found is not None:
            await self._learn(found)
        await self._end_launches()
        await self._read_transcripts()

    def _look(self) -> dict[int, OpenSession] | None:
        """Live sessions by pid, or None when a file could not be read this time (half written: ask again)."""
        files = read_session_files(self._claude_dir)
        if files.unreadable:
            return None
        return {found.pid: found for found in files.sessions if alive(found, self._processes)}

    async def _learn(self, found: dict[int, OpenSession]) -> None:
        before, self._seen = self._seen, found
        opened = {session.session_id for session in found.values()}
        now = self._clock.wall()
        touched: set[str] = {s.session_id for pid, s in found.items() if before.get(pid) != s}

        def write(connection: sqlite3.Connection) -> set[str]:
            over: set[str] = set()
            for pid, session in found.items():
                previous = before.get(pid)
                if previous == session:
                    continue
                if previous is not None and previous.session_id != session.session_id:
                    over |= _end(connection, previous.session_id, "cleared", now)
                _know(connection, session, now)
            for row in _watched(connection):
                if row.id not in opened:
                    gone = row.pid is None or self._processes.created_at(row.pid) is None
                    reason = "dead" if gone and _left_behind(self._claude_dir, row) else "ended"
                    over |= _end(connection, row.id, reason, now)
            return over

        if before == found and not await self._store.read(lambda c: any(r.id not in opened for r in _watched(c))):
            return
        for session_id in await self._store.write(write):
            self._ended(session_id)
            touched.add(session_id)
        for session_id in touched:
            await self._changed(session_id)

    async def _end_launches(self) -> None:
        live = await self._store.read(launches.live)
        gone = [launch for launch in live if not self._presence.launch_alive(launch)]
        if not gone:
            return
        now = self._clock.wall()

        def write(connection: sqlite3.Connection) -> set[str]:
            over: set[str] = set()
            for launch in gone:
                for row in sessions.open_sessions(connection):
                    if row.launch_id == launch.id:
                        over |= _end(connection, row.id, "ended", now)
                launches.end(connection, launch.id, now)
            return over

        for session_id in await self._store.write(write):
            self._ended(session_id)
            await self._changed(session_id)

    async def _read_transcripts(self) -> None:
        opened = {session.session_id: session for session in self._seen.values()}
        for session_id, session in opened.items():
            if session_id not in self._watches:
                path = await asyncio.to_thread(find_transcript, self._claude_dir, session.cwd, session_id)
                if path is not None:
                    self._watches[session_id] = TranscriptWatch(session_id, path, self._config)
        for session_id, watch in list(self._watches.items()):
            try:
                news = await asyncio.to_thread(watch.poll)
            except OSError as error:
                log.warning("cannot read the transcript of %s: %s", session_id, error.strerror)
                news = False
            if news:
                await self._store.write(partial(_write_transcript, watch=watch, now=self._clock.wall()))
                await self._changed(session_id)
            if session_id not in opened:
                del self._watches[session_id]  # its last lines have just been read


def _write_transcript(connection: sqlite3.Connection, watch: TranscriptWatch, now: float) -> None:
    watch.write(connection)
    session = sessions.get(connection, watch.session_id)
    # Nobody saw the request itself: the transcript tells a running tool from a thinking model.
    unseen = session is not None and session.launch_id is None and session.status is Status.BUSY
    if session is not None and unseen and session.waiting_for is not WaitingFor.PERMISSION:
        _set_state(connection, session.id, Status.BUSY, watch.waiting_for, now)


def _know(connection: sqlite3.Connection, found: OpenSession, now: float) -> None:
    """Store what a session file says."""
    row = sessions.get(connection, found.session_id)
    known: dict[str, str | int | float | None] = {
        "cwd": found.cwd,
        "pid": found.pid,
        "pid_started": found.proc_start,
        "tmux_pane": found.tmux_pane,
        "client_version": found.version or "",
        "ended_at": None,
        "end_reason": "",
    }
    if row is None:
        known["opened_at"] = found.started_at or now
        known["last_activity_at"] = found.status_updated_at or found.started_at or now
    elif row.launch_id is not None and row.pid != found.pid:
        launch = launches.get(connection, row.launch_id)
        if launch is None or launch.ended_at is not None:
            known["launch_id"] = None  # resumed by a process that does not go through the gateway (until it does)
    if found.name:
        known["title"] = found.name
    sessions.save(connection, found.session_id, agent="claude", **known)
    waiting = found.waiting_for
    if found.status is Status.BUSY and waiting is None and row is not None:
        # The file says "busy" for a thinking model and a running tool alike: who saw the request knows better.
        waiting = WaitingFor.TOOL if row.waiting_for in (WaitingFor.TOOL, WaitingFor.PERMISSION) else None
    if found.status is not Status.UNKNOWN:
        _set_state(connection, found.session_id, found.status, waiting, found.status_updated_at or now)


def _set_state(
    connection: sqlite3.Connection, session_id: str, status: Status, waiting: WaitingFor | None, now: float
) -> None:
    sessions.set_state(connection, session_id, status, waiting, now)
    idle.note_waiting(connection, session_id, waiting)


def _watched(connection: sqlite3.Connection) -> list[SessionRow]:
    """Open sessions that a session file has named: their file or process going away is their end."""
    return [row for row in sessions.open_sessions(connection) if row.pid_started is not None]


def _left_behind(claude_dir: Path, row: SessionRow) -> bool:
    """A killed client leaves its file; a client that left by itself removes it."""
    return (claude_dir / "sessions" / f"{row.pid}.json").exists()


def _end(connection: sqlite3.Connection, session_id: str, reason: str, now: float) -> set[str]:
    lineage = lineages.current(connection, session_id)
    sessions.end(connection, session_id, reason, now)
    if lineage is not None:
        idle.close_unreturned(connection, lineage.id, at=now, by="end")
        if reason == "cleared":
            lineages.replace(connection, lineage.id, "cleared")
    return {session_id}
