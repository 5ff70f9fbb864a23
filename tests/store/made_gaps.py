"""Made-up threads for the readers of waits: requests at seconds after NOW, each with its turn and its tokens."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from store import requests, sessions
from store.models import Evidence, TTLClass, Usage
from tests.store.made_up import NOW, OPUS, add_session

_numbers = itertools.count()


class Ask(NamedTuple):
    """A request, `seconds` after NOW. By default it read a prompt and wrote nothing."""

    seconds: float
    turn: int | None = 1
    read: int = 50_000
    written: int = 0
    uncached: int = 4
    ttl: TTLClass = "5m"
    model: str = OPUS

    @property
    def total(self) -> int:
        """The whole prompt."""
        return self.read + self.written + self.uncached

    @property
    def usage(self) -> Usage:
        """Its tokens."""
        if self.ttl == "1h":
            return Usage(input=self.uncached, cache_read=self.read, cache_write_1h=self.written)
        return Usage(input=self.uncached, cache_read=self.read, cache_write_5m=self.written)


def ask(
    db: sqlite3.Connection,
    one: Ask,
    session_id: str = "s1",
    *,
    name: str | None = None,
    agent_id: str = "",
    lineage_id: int | None = None,
    evidence: Evidence = Evidence.TRANSCRIPT,
    usage: Usage | None = None,
) -> None:
    """Store a request as its transcript (or the gateway) tells it."""
    message_id = f"{session_id}-{name or next(_numbers)}"
    requests.record(
        db,
        message_id=message_id,
        session_id=session_id,
        agent_id=agent_id,
        lineage_id=lineage_id,
        evidence=evidence,
        model=one.model,
        started_at=NOW + one.seconds,
        usage=usage or one.usage,
    )
    db.execute("UPDATE requests SET turn = ? WHERE message_id = ?", (one.turn, message_id))


def thread(
    db: sqlite3.Connection,
    asked: Sequence[Ask],
    session_id: str = "s1",
    *,
    compactions: Mapping[int, int] | None = None,
) -> None:
    """A session with these requests in its main thread; turns exist where they count compactions."""
    last = max((NOW + one.seconds for one in asked), default=NOW)
    add_session(db, session_id, last_activity_at=last)
    for one in asked:
        ask(db, one, session_id)
    for n, count in (compactions or {}).items():
        db.execute("INSERT INTO turns (session_id, n, compactions) VALUES (?, ?, ?)", (session_id, n, count))


def watched(db: sqlite3.Connection, session_id: str = "s1") -> None:
    """The session's process was seen."""
    sessions.save(db, session_id, seen_by="session_file", pid=4711, pid_started="1")
