"""What sessions announce by their plugin, told to the store within a second: begun and ended turns, a session's end,
how full the context is. No file of the client says all of this, and none says it at once.

Where the gateway sees a session's requests it knows turns itself. A plugin's word is as good as a look at the client's
own file, and like it moves a session only when it is new.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable

from keepalive.clock import Clock
from keepalive.open_sessions.ending import end
from keepalive.open_sessions.types import CLAUDE
from keepalive.plugin_sessions import News, PluginSessions
from keepalive.plugin_words import Announcement
from keepalive.store_thread import StoreThread
from store import idle, lineages, sessions
from store.models import Status, WaitingFor
from store.rows import SessionRow

SILENT = "plugin_silent"
"""Stop of a lineage whose plugin did not answer, until the plugin is loaded anew."""
_ENDS = {"clear": "cleared"}
"""Our words for the client's; every other end is `ended`."""


class PluginSignals:
    """`changed` is awaited with each session whose plan may have changed; `ended` is called for each that is over."""

    def __init__(
        self,
        *,
        store: StoreThread,
        plugins: PluginSessions,
        clock: Clock,
        changed: Callable[[str], Awaitable[None]],
        ended: Callable[[str], None],
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._changed = changed
        self._ended = ended

    async def poll(self) -> None:
        """One look; nothing is written while nobody says anything new."""
        news = self._plugins.take(await asyncio.to_thread(self._plugins.look_at))
        if not news:
            return
        try:
            over = await self._store.write(lambda connection: _tell(connection, news, self._clock.wall()))
            for session_id in over:
                self._ended(session_id)
            while news:
                await self._changed(news[0].session_id)
                del news[0]
        finally:  # what could not be stored, or planned, the next look finds new again
            self._plugins.forget(one.session_id for one in news)


def _tell(connection: sqlite3.Connection, news: Iterable[News], now: float) -> set[str]:
    """Store what is new; returns the sessions that are over by it."""
    over: set[str] = set()
    for one in news:
        row = sessions.get(connection, one.session_id)
        said = one.now
        if row is None or row.agent != CLAUDE or said is None:
            continue
        if said.ended:
            # (A session that was opened again meanwhile has announced itself anew.)
            if row.ended_at is None and (row.last_activity_at or 0.0) <= said.at:
                end(connection, row.id, _ENDS.get(said.ended, "ended"), now)
                over.add(row.id)
            continue
        if one.before is None or one.before.instance != said.instance:
            _lift(connection, row.id)
        _note_context(connection, row, said)
        _note_turn(connection, row, one.before, said)
    return over


def _lift(connection: sqlite3.Connection, session_id: str) -> None:
    """A plugin that was loaded anew answers again, as far as anybody knows."""
    lineage = lineages.current(connection, session_id)
    if lineage is not None and lineage.stop == SILENT:
        lineages.stop(connection, lineage.id, "", {})


def _note_context(connection: sqlite3.Connection, row: SessionRow, said: Announcement) -> None:
    tokens = said.context.tokens if said.context else None
    if tokens and tokens != row.context_tokens:
        sessions.save(connection, row.id, context_tokens=tokens)


def _note_turn(
    connection: sqlite3.Connection, row: SessionRow, before: Announcement | None, said: Announcement
) -> None:
    """A turn that began or ended since the last look; what an announcement said already moves nothing again."""
    if row.ended_at is not None:
        return
    began, done = said.turn_started_at, said.turn_ended_at
    known = (None, None) if before is None else (before.turn_started_at, before.turn_ended_at)
    if (began, done) == known:
        return
    if said.running and began is not None and began != known[0]:
        # Where file or transcript have said more already (that it asks, that a tool runs) this would take it away for
        # good, since both speak once. The beginning is noted with a delay, on a busy machine even behind those.
        more = row.status is Status.BUSY and row.waiting_for not in (None, WaitingFor.BACKGROUND)
        if not more and began >= (row.waiting_since or 0.0):
            sessions.set_state(connection, row.id, Status.BUSY, None, began)
    elif said.running is False and done is not None and done != known[1] and done >= (row.waiting_since or 0.0):
        sessions.set_state(connection, row.id, Status.IDLE, WaitingFor.YOU, done)
        idle.note_waiting(connection, row.id, WaitingFor.YOU)
