"""Looks once a second at which sessions are open on this machine and what their clients say about them. Sees sessions
that do not use the gateway too, and notices every end.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from keepalive.clock import Clock
from keepalive.open_sessions.ending import end
from keepalive.open_sessions.knowing import by_launch, know, named_as_stored, placeholders
from keepalive.open_sessions.types import CLAUDE, OpenSession, SeenBy, Sightings
from keepalive.presence import Presence
from keepalive.store_thread import StoreThread
from store import launches, sessions
from store.models import Status
from store.rows import LaunchRow, SessionRow

SETTLED_SECONDS = 2.0
"""A client's file follows its requests' ends within moments; a difference that lasts longer means something."""

Key = tuple[str, str, int]

_UNSEEN = ("", "transcript")
"""`seen_by` of a session that nobody has seen open."""


class Sight(Protocol):
    """Where open sessions are seen; see keepalive/open_sessions/look.py."""

    def look(self) -> Sightings:
        """What is open now."""
        ...

    def left_behind(self, agent: str, session_id: str, pid: int | None) -> bool:
        """Whether the client's mark of an open session outlived it."""
        ...


@dataclass(frozen=True, slots=True)
class _Look:
    """Open sessions by agent, id and process, under the names that the store has them by; `torn`: clients of which
    what is missing proves nothing; `adopted`: launches whose name gives way to their session's own."""

    sessions: dict[Key, OpenSession]
    torn: frozenset[str]
    adopted: dict[str, str]


class Watcher:
    """`changed` is awaited with each session whose plan may have changed; `ended` is called for each that is over.
    `told_over`: whether the client itself has just told that a session is, however its file still reads.

    `launch_dir` holds one settings file for each running launch (they carry the launch's token).
    """

    def __init__(
        self,
        *,
        store: StoreThread,
        clock: Clock,
        launch_dir: Path,
        sight: Sight,
        presence: Presence,
        changed: Callable[[str], Awaitable[None]],
        ended: Callable[[str], None],
        told_over: Callable[[str], bool] = lambda session_id: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._launch_dir = launch_dir
        self._sight = sight
        self._presence = presence
        self._changed = changed
        self._ended = ended
        self._told_over = told_over
        self._first = True
        self._seen: dict[Key, OpenSession] = {}

    async def poll(self) -> None:
        """One look at everything; about 2 ms when nothing has changed."""
        # Ends of launches come first: a session that another process took over at once must not end with them.
        await self._end_launches()
        await self._learn(await self._look())
        if self._first:
            await self._forget_dead_launches()
            self._first = False

    async def _look(self) -> _Look:
        seen = await asyncio.to_thread(self._sight.look)
        matched, adopted = {}, {}
        if any(session.agent != CLAUDE for session in seen.sessions):
            matched = by_launch(seen.sessions, await self._store.read(launches.live))
        if matched:
            there = await self._store.read(partial(_there, names=set(matched)))
            matched = {launch: session for launch, session in matched.items() if launch in there}
        named = named_as_stored(seen.sessions, matched)
        own = {session.key for session in named}
        adopted = {launch: session.session_id for launch, session in matched.items() if session.key in own}
        return _Look({session.key: session for session in named}, seen.torn, adopted)

    async def _learn(self, look: _Look) -> None:
        touched = any(self._seen.get(key) != session for key, session in look.sessions.items())
        opened = {session.session_id for session in look.sessions.values()}
        before, self._seen = self._seen, look.sessions
        now = self._clock.wall()
        busy = {s.session_id for s in look.sessions.values() if s.status is Status.BUSY and s.waiting_for is None}
        resting = await self._store.read(partial(_resting, among=busy, until=now - SETTLED_SECONDS))
        nothing_new = not touched and not resting and not look.adopted
        if nothing_new and not await self._store.read(partial(_differ, opened=opened)):
            return

        def write(connection: sqlite3.Connection) -> tuple[set[str], set[str]]:
            learned: set[str] = set()
            over: set[str] = set()
            known = {row.id for row in sessions.open_sessions(connection)}
            for key, session in look.sessions.items():
                previous = before.get(key)
                if session.session_id not in known and self._told_over(session.session_id):
                    continue  # the client's file is about to go
                if previous != session or session.session_id not in known or session.session_id in resting:
                    know(connection, session, previous, now, turn_over=session.session_id in resting)
                    learned.add(session.session_id)
                    if not session.made_up:
                        for name in placeholders(connection, session):
                            sessions.adopt_launch_name(connection, name, session.session_id)
                            over.add(name)
            for launch_id, session_id in look.adopted.items():
                sessions.adopt_launch_name(connection, launch_id, session_id)
                learned.add(session_id)
                over.add(launch_id)
            for row in sessions.open_sessions(connection):
                if row.id in opened:
                    continue
                if row.pid_started is None:  # no look has shown it: it ends with its launch
                    if row.launch_id is not None and row.seen_by in _UNSEEN:
                        sessions.save(connection, row.id, seen_by=SeenBy.LAUNCH)
                elif (reason := self._end_of(row, look)) is not None:
                    end(connection, row.id, reason, now)
                    over.add(row.id)
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
        """Why a session that is not seen any more is over, or None when it may go on."""
        if not self._presence.process_alive(row):
            return self._end_of_process(row)
        if any(s.pid == row.pid and s.agent == CLAUDE for s in look.sessions.values()):
            return "cleared"  # the same process talks in another session now
        if row.agent in look.torn:
            return None
        # (A terminal may outlive what held its session's lock.)
        return self._end_of_process(row) if row.agent != CLAUDE else "ended"

    def _end_of_process(self, row: SessionRow) -> str:
        """A killed client leaves its mark; a client that left by itself takes it away."""
        named = row.pid_started is not None
        return "dead" if named and self._sight.left_behind(row.agent, row.id, row.pid) else "ended"

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
                        end(connection, row.id, self._end_of_process(row), now)
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


def _resting(connection: sqlite3.Connection, among: set[str], until: float) -> set[str]:
    """Sessions that a finished request left idle a while ago although their client says that it works: something
    runs on in it, a subagent perhaps, and the client knows better."""
    rows = connection.execute(
        "SELECT id FROM sessions WHERE ended_at IS NULL AND status = 'idle' AND waiting_since <= ?", (until,)
    )
    return among & {row[0] for row in rows}


def _differ(connection: sqlite3.Connection, opened: set[str]) -> bool:
    """Whether the store's open sessions are others than these (ids alone: asked every second), or one of them does not
    say yet how it is known."""
    rows = connection.execute(
        "SELECT id, pid_started IS NOT NULL,"
        " pid_started IS NULL AND launch_id IS NOT NULL AND seen_by IN ('', 'transcript')"
        " FROM sessions WHERE ended_at IS NULL"
    ).fetchall()
    return any((watched and name not in opened) or unsaid for name, watched, unsaid in rows) or bool(
        opened - {row[0] for row in rows}
    )


def _there(connection: sqlite3.Connection, names: set[str]) -> frozenset[str]:
    return frozenset(name for name in names if sessions.get(connection, name) is not None)
