"""A session's cache over time: its main thread's last requests, and what happened to the cache at which of them.

For the sidebar's Cache tab alone: nothing of it is part of `show --json`.
"""

from __future__ import annotations

import sqlite3

from msgspec.structs import replace

from store import breaks, turn_cache
from store.break_models import BreakView
from store.database import snapshot
from store.models import CacheEvent
from store.row import Row

LAST_REQUESTS = 120
"""More than one screen shows in a row."""
LAST_MOMENTS = 40


class StripCell(Row, frozen=True, kw_only=True):
    """One request's prompt in tokens; `input` is the part that was neither read from the cache nor written to it."""

    at: float
    read: int
    written: int
    input: int

    @property
    def prefix(self) -> int:
        """The whole prompt."""
        return self.read + self.written + self.input


class CacheMoment(Row, frozen=True, kw_only=True):
    """What happened at one request: as its usage tells it, as the gateway saw it, or both."""

    at: float
    """Start of the request: the same as its cell's."""
    turn: int | None = None
    event: CacheEvent | None = None
    broke: BreakView | None = None


class CacheHistory(Row, frozen=True, kw_only=True):
    """What the Cache tab draws."""

    strip: tuple[StripCell, ...] = ()
    """Oldest first."""
    requests: int = 0
    """Of the main thread, also those that are no longer in the strip."""
    moments: tuple[CacheMoment, ...] = ()
    """Newest first."""


def read(connection: sqlite3.Connection, session_id: str) -> CacheHistory:
    """The last requests and the last events of a session, from one state of the store."""
    with snapshot(connection):
        rows = connection.execute(_STRIP, (session_id, LAST_REQUESTS)).fetchall()
        moments = _moments(connection, session_id)
    return CacheHistory(
        strip=tuple(
            StripCell(at=at, read=read, written=written, input=new) for at, read, written, new, _ in rows[::-1]
        ),
        requests=rows[0][-1] if rows else 0,
        moments=tuple(moments[:LAST_MOMENTS]),
    )


_THREAD = "session_id = ? AND agent_id = '' AND (turn IS NOT NULL OR lineage_id IS NOT NULL)"
"""Side calls (titles, summaries) have neither a turn nor a lineage."""
_STRIP = f"""
SELECT started_at, cache_read, cache_write_5m + cache_write_1h, input, count(*) OVER ()
FROM requests WHERE {_THREAD} ORDER BY started_at DESC, id DESC LIMIT ?
"""  # noqa: S608


def _moments(connection: sqlite3.Connection, session_id: str) -> list[CacheMoment]:
    """Newest first. A break whose request is known stands at that request's start, where its event stands too."""
    started = dict(connection.execute(_STARTED, (session_id,)).fetchall())
    found: dict[float, CacheMoment] = {}
    for turn, (_, events) in turn_cache.read(connection, session_id).items():
        for event in events:
            if event.at is not None:
                found[event.at] = CacheMoment(at=event.at, turn=turn if turn > 0 else None, event=event)
    for broke in breaks.of_session(connection, session_id):
        if broke.agent_id:
            continue
        at = started.get(broke.message_id, broke.at)
        known = found.get(at, CacheMoment(at=at))
        found[at] = replace(known, broke=broke, turn=known.turn or broke.turn)
    return sorted(found.values(), key=lambda moment: moment.at, reverse=True)


_STARTED = """
SELECT b.message_id, r.started_at FROM breaks b JOIN requests r ON r.message_id = b.message_id WHERE b.session_id = ?
"""
