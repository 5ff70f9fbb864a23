"""Looks once a second at what the clients say about themselves: which sessions are open, what they wait for, what
they wrote. Sees sessions that do not use the gateway too, and notices every end.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keepalive.clock import Clock
from keepalive.config import Config
from keepalive.liveness import (
    OpenSession,
    Processes,
    alive,
    find_transcript,
    read_session_files,
    transcript_path,
)
from keepalive.presence import Presence
from keepalive.store_thread import StoreThread
from keepalive.transcript_watch import TranscriptWatch
from store import idle, launches, lineages, sessions
from store.models import Status, WaitingFor
from store.rows import LaunchRow, SessionRow

log = logging.getLogger("warmside.watcher")

SETTLED_SECONDS = 2.0
"""A client's file follows its requests' ends within moments; a difference that lasts longer means something."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Live sessions by pid; `torn`: a file could not be read (half written), so what is missing proves nothing."""

    sessions: dict[int, OpenSession]
    torn: bool


class Watcher:
    """`changed` is awaited with each session whose plan may have changed; `ended` is called for each that is over.

    `launch_dir` holds one settings file for each running launch (they carry the launch's token).
    """

    def __init__(
        self,
        *,
        store: StoreThread,
        clock: Clock,
        config: Config,
        claude_dir: Path,
        launch_dir: Path,
        processes: Processes,
        presence: Presence,
        changed: Callable[[str], Awaitable[None]],
        ended: Callable[[str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._claude_dir = claude_dir
        self._launch_dir = launch_dir
        self._processes = processes
        self._presence = presence
        self._changed = changed
        self._ended = ended
        self._first = True
        self._seen: dict[int, OpenSession] = {}
        self._watches: dict[str, TranscriptWatch] = {}

    async def poll(self) -> None:
        """One look at everything; about 1 ms when nothing has changed."""
        # Ends of launches come first: a session that another process took over at once must not end with them.
        await self._end_launches()
        look = await asyncio.to_thread(self._look)
        touched = {session.session_id for pid, session in look.sessions.items() if self._seen.get(pid) != session}
        await self._learn(look, touched)
        await self._read_transcripts(touched)
        if self._first:
            await self._forget_dead_launches()
            self._first = False

    def _look(self) -> _Look:
        files = read_session_files(self._claude_dir)
        found = {session.pid: session for session in files.sessions if alive(session, self._processes)}
        if files.unreadable:
            read = {session.pid for session in files.sessions}
            for pid, session in self._seen.items():
                if pid not in read and alive(session, self._processes):
                    found[pid] = session  # being rewritten at this moment: what was known stays
        return _Look(found, bool(files.unreadable))

    async def _learn(self, look: _Look, touched: set[str]) -> None:
        opened = {session.session_id for session in look.sessions.values()}
        before, self._seen = self._seen, look.sessions
        now = self._clock.wall()
        busy = {s.session_id for s in look.sessions.values() if s.status is Status.BUSY and s.waiting_for is None}
        resting = await self._store.read(partial(_resting, among=busy, until=now - SETTLED_SECONDS))
        if not touched and not resting and not await self._store.read(partial(_differ, opened=opened)):
            return

        def write(connection: sqlite3.Connection) -> tuple[set[str], set[str]]:
            over: set[str] = set()
            learned: set[str] = set()
            for row in _watched(connection):
                if row.id not in opened and (reason := self._end_of(row, look)) is not None:
                    _end(connection, row.id, reason, now)
                    over.add(row.id)
            known = {row.id for row in sessions.open_sessions(connection)}
            for pid, session in look.sessions.items():
                previous = before.get(pid)
                if previous != session or session.session_id not in known or session.session_id in resting:
                    _know(connection, session, previous, now)
                    learned.add(session.session_id)
            return over, learned

        try:
            over, learned = await self._store.write(write)
        except BaseException:
            self._seen = before  # nothing was stored: the next look finds it new again
            raise
        for session_id in over:
            self._ended(session_id)
        for session_id in learned | over:
            await self._changed(session_id)

    def _end_of(self, row: SessionRow, look: _Look) -> str | None:
        """Why a session that no file names any more is over, or None when it may go on."""
        if not self._presence.process_alive(row):
            return self._end_of_process(row)
        if row.pid in look.sessions:
            return "cleared"  # the same process talks in another session now
        return None if look.torn else "ended"

    def _end_of_process(self, row: SessionRow) -> str:
        """A killed client leaves its file; a client that left by itself removes it."""
        named = row.pid_started is not None
        return "dead" if named and (self._claude_dir / "sessions" / f"{row.pid}.json").exists() else "ended"

    async def _end_launches(self) -> None:
        live = await self._store.read(launches.live)
        gone = [launch for launch in live if not self._presence.launch_alive(launch)]
        if not gone:
            return
        now = self._clock.wall()

        def write(connection: sqlite3.Connection) -> tuple[set[str], set[str]]:
            over: set[str] = set()
            freed: set[str] = set()
            for launch in gone:
                for row in sessions.open_sessions(connection):
                    if row.launch_id != launch.id:
                        continue
                    if row.pid is not None and row.pid != launch.pid and self._presence.process_alive(row):
                        # Resumed by a process that does not go through the gateway (until it does).
                        sessions.save(connection, row.id, agent=row.agent, launch_id=None)
                        freed.add(row.id)
                    else:
                        _end(connection, row.id, self._end_of_process(row), now)
                        over.add(row.id)
                launches.end(connection, launch.id, now)
            return over, freed

        over, freed = await self._store.write(write)
        for launch in gone:
            self._settings_file(launch).unlink(missing_ok=True)
        for session_id in over:
            self._ended(session_id)
        for session_id in over | freed:
            await self._changed(session_id)

    async def _forget_dead_launches(self) -> None:
        """Settings files that an earlier worker did not live to remove."""
        # Listed before the store is asked: a launch is stored before its file is written.
        files = list(self._launch_dir.glob("launch-*.json"))
        if files:
            live = {self._settings_file(launch) for launch in await self._store.read(launches.live)}
            for file in files:
                if file not in live:
                    file.unlink(missing_ok=True)

    def _settings_file(self, launch: LaunchRow) -> Path:
        return self._launch_dir / f"{launch.id}.json"

    async def _read_transcripts(self, touched: set[str]) -> None:
        opened = {session.session_id: session for session in self._seen.values()}
        news = await asyncio.to_thread(self._poll_transcripts, opened, touched)
        for watch in news:
            try:
                await self._store.write(partial(_write_transcript, watch=watch, now=self._clock.wall()))
            except BaseException:
                del self._watches[watch.session_id]  # what was read is not stored: read it again
                raise
            await self._changed(watch.session_id)
        for session_id in self._watches.keys() - opened.keys():
            del self._watches[session_id]  # its last lines have just been read

    def _poll_transcripts(self, opened: dict[str, OpenSession], touched: set[str]) -> list[TranscriptWatch]:
        """Read what is new in every transcript; those that had news."""
        for session_id, session in opened.items():
            if session_id not in self._watches:
                # The wide search looks through every project's folder: only when something has changed.
                find = find_transcript if session_id in touched else _expected_transcript
                path = find(self._claude_dir, session.cwd, session_id)
                if path is not None:
                    self._watches[session_id] = TranscriptWatch(session_id, path, self._config)
        news = []
        for session_id, watch in self._watches.items():
            try:
                if watch.poll():
                    news.append(watch)
            except OSError as error:
                log.warning("cannot read the transcript of %s: %s", session_id, error.strerror)
        return news


def _expected_transcript(claude_dir: Path, cwd: str, session_id: str) -> Path | None:
    path = transcript_path(claude_dir, cwd, session_id)
    return path if path.is_file() else None


def _write_transcript(connection: sqlite3.Connection, watch: TranscriptWatch, now: float) -> None:
    watch.write(connection)
    session = sessions.get(connection, watch.session_id)
    # Nobody saw the request itself: the transcript tells a running tool from a thinking model.
    unseen = session is not None and session.launch_id is None and session.status is Status.BUSY
    if session is not None and unseen and session.waiting_for is not WaitingFor.PERMISSION:
        _set_state(connection, session.id, Status.BUSY, watch.waiting_for, now)


def _know(connection: sqlite3.Connection, found: OpenSession, previous: OpenSession | None, now: float) -> None:
    """Store what a session file says; `previous` is what this process's file said before."""
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
    # The client makes this name up from the folder; a title from the transcript is about the work.
    if found.name and (row is None or row.title in ("", previous.name if previous else None)):
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


def _resting(connection: sqlite3.Connection, among: set[str], until: float) -> set[str]:
    """Sessions that a finished request left idle a while ago although their client says that it works: something
    runs on in it, a subagent perhaps, and the client knows better."""
    rows = connection.execute(
        "SELECT id FROM sessions WHERE ended_at IS NULL AND status = 'idle' AND waiting_since <= ?", (until,)
    )
    return among & {row[0] for row in rows}


def _differ(connection: sqlite3.Connection, opened: set[str]) -> bool:
    """Whether the store's open sessions are others than these (ids alone: asked every second)."""
    rows = connection.execute("SELECT id, pid_started IS NOT NULL FROM sessions WHERE ended_at IS NULL").fetchall()
    return any(watched and session_id not in opened for session_id, watched in rows) or bool(
        opened - {row[0] for row in rows}
    )


def _end(connection: sqlite3.Connection, session_id: str, reason: str, now: float) -> None:
    lineage = lineages.current(connection, session_id)
    sessions.end(connection, session_id, reason, now)
    if lineage is not None:
        idle.close_unreturned(connection, lineage.id, at=now, by="end")
        if reason == "cleared":
            lineages.replace(connection, lineage.id, "cleared")
