"""Follows the transcripts of every client: a new line is in the store within a second, and wakes whoever shows it.

Sessions that are open and files that were written lately are followed line by line; what lies there from before is
the import's business.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keepalive import pricing
from keepalive.clock import Clock
from keepalive.config import Config
from keepalive.store_thread import StoreThread
from keepalive.transcript_watch import TranscriptWatch
from store import idle, sessions
from store.ingest.index import Index
from store.ingest.reading import FileRead
from store.ingest.writing import write
from store.models import Status, WaitingFor
from store.plain_text import one_line
from store.transcripts.clients import Found

log = logging.getLogger("warmside.follower")

FIRST_FILES = 50
"""At the first look, when a copied folder makes everything look new; the import reads the others."""
RECENT_SECONDS = 600.0
"""A file that was written within this time is followed, and one that was not is let go, unless its session is open."""


@dataclass(frozen=True, slots=True)
class _News:
    path: str
    read: FileRead
    whole: bool


class Follower:
    """`changed` is awaited with each session of which something new was stored."""

    def __init__(
        self,
        *,
        store: StoreThread,
        clock: Clock,
        config: Config,
        environ: Mapping[str, str],
        home: Path,
        changed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._changed = changed
        self._index = Index(environ, home)
        self._watches: dict[str, TranscriptWatch] = {}
        self._opened: frozenset[str] = frozenset()
        self._complained: set[str] = set()
        self._first = True

    async def poll(self) -> None:
        """One look; next to nothing when no file has grown."""
        opened = await self._store.read(_open_sessions)
        newly = opened - self._opened
        unstored = await asyncio.to_thread(self._look, opened)
        try:
            while unstored:
                news = unstored[0]
                write_it = partial(_store, news=news, config=self._config, now=self._clock.wall())
                try:
                    session_id = await self._store.write(write_it)
                except sqlite3.OperationalError:  # locked, full: that passes, and may be so for all
                    raise
                except Exception as error:
                    self._give_up(news.read.found, f"it cannot be stored ({type(error).__name__})")
                    del unstored[0]
                    continue
                del unstored[0]
                if session_id is not None:
                    await self._changed(session_id)
            if newly:  # of those whose transcript was read before they were seen to be open
                now = self._clock.wall()
                for session_id in await self._store.write(lambda connection: _open_idle(connection, newly, now)):
                    await self._changed(session_id)
        finally:
            for news in unstored:  # what was read is not stored: it is read again
                self._watches.pop(news.path, None)
                self._index.forget(news.path)

    def _look(self, opened: frozenset[str]) -> list[_News]:
        first, self._first = self._first, False
        changed = {found.path: found for found in self._index.look(list(self._watches))}
        recent = (self._clock.wall() - RECENT_SECONDS) * 1e9
        if first:
            newest = sorted(changed.values(), key=lambda found: -found.mtime_ns)[:FIRST_FILES]
            changed = {found.path: found for found in newest if found.mtime_ns >= recent}
        newly = opened - self._opened
        if newly:  # what it said before it was seen to be open
            changed |= {path: found for path, found in self._index.files.items() if found.session_id in newly}
        self._opened = opened
        news = list(self._poll(changed.values()))
        for path in list(self._watches):
            found = self._index.files.get(path)
            if found is None or (found.mtime_ns < recent and found.session_id not in opened):
                del self._watches[path]
        return news

    def _poll(self, changed: Iterable[Found]) -> Iterable[_News]:
        for found in changed:
            if self._config.keeping.ignores(found.path):
                continue
            watch = self._watches.get(found.path) or TranscriptWatch(found)
            try:
                read = watch.poll(found)
            except OSError as error:
                self._complain(found, error.strerror or str(error))
                continue
            except Exception as error:  # a mistake of ours in one reader must not cost the other files
                self._give_up(found, f"its reader failed ({type(error).__name__})")
                continue
            self._watches[found.path] = watch
            if read is not None:
                yield _News(found.path, read, watch.whole)

    def _give_up(self, found: Found, why: str) -> None:
        """Leave a file alone until it changes; then it is read from its first line."""
        self._complain(found, why)
        self._watches[found.path] = TranscriptWatch(found)

    def _complain(self, found: Found, why: str) -> None:
        if found.path not in self._complained:  # once is enough for a log
            log.warning("cannot read %s: %s", one_line(found.path), one_line(why))
            self._complained.add(found.path)


def _open_sessions(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute("SELECT id FROM sessions WHERE ended_at IS NULL"))


def _open_idle(connection: sqlite3.Connection, among: frozenset[str], now: float) -> list[str]:
    return [session_id for session_id in among if idle.open_passive(connection, session_id, now)]


def _store(connection: sqlite3.Connection, news: _News, config: Config, now: float) -> str | None:
    """The session that it was stored for; None where nothing of it is to be stored."""
    read = config.keeping.keeps(news.read)
    if read is None:
        return None
    for model in {request.model for request in read.requests if request.model}:
        pricing.ensure(connection, model)
    session_id = write(connection, read, config.ttl, whole=news.whole)
    idle.open_passive(connection, session_id, now)
    if not news.read.found.agent_id and not news.read.error:
        _note_waiting(connection, session_id, news.read.waiting_for, now)
    return session_id


def _note_waiting(connection: sqlite3.Connection, session_id: str, waiting: WaitingFor | None, now: float) -> None:
    """What the session waits for, where nobody knows better: the gateway saw its requests, or its client says so."""
    session = sessions.get(connection, session_id)
    if session is None or session.ended_at is not None or session.launch_id is not None:
        return
    if session.seen_by == "session_file" and session.status is not Status.UNKNOWN:
        # The client says that it works, and the transcript tells a running tool from a thinking model.
        if session.status is not Status.BUSY or session.waiting_for is WaitingFor.PERMISSION:
            return
        status = Status.BUSY
    else:
        resting = waiting in (WaitingFor.YOU, WaitingFor.BACKGROUND)
        status = Status.IDLE if resting else Status.BUSY
    sessions.set_state(connection, session_id, status, waiting, now)
    idle.note_waiting(connection, session_id, waiting)
