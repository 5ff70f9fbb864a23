"""One transcript that is being written: what was appended since the last look, ready to be stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keepalive.tailer import Tailer
from store.ingest.reading import FileRead, read, rows
from store.transcripts.clients import Found
from store.transcripts.reading import Reading
from store.transcripts.registry import client


class TranscriptWatch:
    """`poll` reads (any thread, no store); what it gives is written whole or as an addition, as `whole` says."""

    def __init__(self, found: Found) -> None:
        self._client = client(found.agent)
        self._tailer = Tailer(Path(found.path))
        self._reading = Reading(self._client)
        self.whole = True
        """Whether the last poll gave everything that the transcript says."""

    def poll(self, found: Found) -> FileRead | None:
        """What is new, or None.

        Raises:
            OSError: the file cannot be read.
        """
        if self._client.lines is not None:  # a database: a session in it is small, and rows change in place
            return read(found)
        return self._appended(found)

    def _appended(self, found: Found) -> FileRead | None:
        self.whole = not self._tailer.state.offset
        news = False
        while True:
            result = self._tailer.poll()
            if result.reset:
                self._reading = Reading(self._client)
                self.whole = True
            news = news or bool(result.lines)
            self._reading.feed(result.lines)
            if not result.more:
                break
        if not news:
            return None
        state, facts = self._tailer.state, self._reading.facts
        as_read = replace(found, size=state.size, mtime_ns=state.mtime_ns)
        turns, requests = rows(self._reading.take_changes(), as_read, facts)
        waiting_for = self._reading.builder.waiting_for
        return FileRead(as_read, facts, state.offset, turns, requests, waiting_for=waiting_for)
