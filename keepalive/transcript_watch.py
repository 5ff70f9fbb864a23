"""Follows the transcript of one open session: new lines become turns, requests and, where the gateway sees nothing,
the cache clock with `transcript` evidence.
"""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

from keepalive import pricing
from keepalive.config import Config
from keepalive.tailer import Tailer
from store import lineages, requests, sessions, turns
from store.models import Evidence, WaitingFor
from store.rows import LineageRow
from store.transcripts.claude import ClaudeReader
from store.transcripts.events import CompactionEvent, MalformedLine, MetaEvent
from store.transcripts.turns import Changes, Request, TurnBuilder


class TranscriptWatch:
    """One file. `poll` reads (any thread, no store), `write` stores what the last polls found."""

    def __init__(self, session_id: str, path: Path, config: Config) -> None:
        self.session_id = session_id
        self.path = path
        self._config = config
        self._tailer = Tailer(path)
        self._start()

    def _start(self) -> None:
        self._reader = ClaudeReader()
        self._builder = TurnBuilder()
        self._title = ""
        self._malformed = 0
        self._compactions: list[float] = []

    @property
    def waiting_for(self) -> WaitingFor | None:
        """What the transcript says that the session waits for."""
        return self._builder.waiting_for

    def poll(self) -> bool:
        """Read what is new; returns whether there was anything."""
        any_lines = False
        while True:
            found = self._tailer.poll()
            if found.reset:
                self._start()
            any_lines = any_lines or bool(found.lines)
            for event in self._reader.feed(found.lines):
                match event:
                    case MetaEvent(title=title) if title:
                        self._title = title
                    case MalformedLine():
                        self._malformed += 1
                    case CompactionEvent(at=at) if at is not None:
                        self._compactions.append(at)
                self._builder.feed((event,))
            if not found.more:
                return any_lines

    def write(self, connection: sqlite3.Connection) -> None:
        """Store what changed since the last call; within the caller's transaction."""
        changes = self._builder.take_changes()
        turns.save(connection, self.session_id, changes)
        self._requests(connection, changes)
        if self._title:
            sessions.save(connection, self.session_id, agent="claude", title=self._title)
        self._lineage(connection, changes)
        state = self._tailer.state
        connection.execute(
            "INSERT OR REPLACE INTO sources (path, session_id, size, mtime_ns, offset, lines, malformed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (str(self.path), self.session_id, state.size, state.mtime_ns, state.offset, state.lines, self._malformed),
        )

    def _requests(self, connection: sqlite3.Connection, changes: Changes) -> None:
        for request in changes.requests:
            started = request.asked_at or request.first_at
            if started is None or not request.model:
                continue
            pricing.ensure(connection, request.model)
            requests.record(
                connection,
                message_id=request.message_id,
                session_id=self.session_id,
                agent_id=request.agent_id or "",
                lineage_id=None,
                evidence=Evidence.TRANSCRIPT,
                model=request.model,
                started_at=started,
                usage=request.usage,
                ended_at=request.last_at,
            )

    def _lineage(self, connection: sqlite3.Connection, changes: Changes) -> None:
        row = lineages.current(connection, self.session_id)
        if row is None or row.evidence is not Evidence.GATEWAY or not _attached(connection, self.session_id):
            for request in changes.requests:  # (else the gateway sees the requests themselves)
                if not request.sidechain and not request.agent_id:
                    self._touch(connection, request)
        row = lineages.current(connection, self.session_id)
        if row is not None and self._compacted_since(row):
            lineages.replace(connection, row.id, "compacted")

    def _compacted_since(self, row: LineageRow, until: float = math.inf) -> bool:
        """Whether the conversation became its summary after the lineage's last request."""
        return any((row.last_request_at or 0.0) < at <= until for at in self._compactions)

    def _touch(self, connection: sqlite3.Connection, request: Request) -> None:
        at = request.asked_at or request.first_at
        if at is None or not request.model:
            return
        row = lineages.current(connection, self.session_id)
        if row is not None and row.last_request_at is not None and at <= row.last_request_at:
            return
        broken = ""
        if row is not None:
            compacted = "compacted" if self._compacted_since(row, at) else ""
            broken = row.replaced or compacted or ("model_changed" if row.model != request.model else "")
            if broken:  # (a lineage that was replaced before keeps its reason)
                lineages.replace(connection, row.id, broken, request.usage.cache_write)
        if row is None or broken:
            lineage_id = lineages.start(
                connection, self.session_id, "", model=request.model, evidence=Evidence.TRANSCRIPT, at=at
            )
        else:
            lineage_id = row.id
        written = request.written if request.written in ("5m", "1h") else None
        lineages.touch_by_request(
            connection,
            lineage_id,
            at=at,
            prefix_tokens=request.usage.cache_read + request.usage.cache_write,
            ttl_class=written,
            ttl_seconds=self._config.ttl(written),
            model=request.model,
            evidence=Evidence.TRANSCRIPT,
            held=False,
            thinking=False,
            replayable="",
        )
        sessions.save(
            connection,
            self.session_id,
            agent="claude",
            model=request.model,
            context_tokens=request.usage.prefix,
            last_activity_at=request.last_at or at,
        )


def _attached(connection: sqlite3.Connection, session_id: str) -> bool:
    session = sessions.get(connection, session_id)
    return session is not None and session.launch_id is not None
