"""Stands before the import: what was forgotten or is to be ignored does not get in, and is not read twice either."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from store import tombstones
from store.ingest.keeping import EVERYTHING, Keeping

if TYPE_CHECKING:
    from store.ingest.reading import FileRead
    from store.transcripts.clients import Found

Wish = Callable[[], Keeping]
"""What is to be kept; asked once there is something new to read."""


class Gate:
    """For one import; `left_out` counts the files of which nothing was kept."""

    def __init__(self, connection: sqlite3.Connection, wish: Wish | None) -> None:
        self._connection = connection
        self._wish = wish
        self._keeping = EVERYTHING
        self.left_out = 0

    def wanted(self, news: Sequence[Found]) -> list[Found]:
        """Without those of which nothing is to be kept, as far as that is known before they are read."""
        wanted = self._let_by(news, tombstones.FORGOTTEN)
        if wanted and self._wish is not None:
            self._keeping = self._wish()
            wanted = [one for one in self._let_by(wanted, self._keeping.rule) if not self._keeping.ignores(one.path)]
        self.left_out += len(news) - len(wanted)
        return wanted

    def kept(self, reads: Sequence[FileRead]) -> list[FileRead]:
        """What is to be stored of these, within the caller's transaction."""
        from store.ingest.writing import session_of

        kept: list[FileRead] = []
        for read in reads:
            if read.error:
                kept.append(read)
            elif tombstones.holds(self._connection, session_of(read)):  # (or it was forgotten meanwhile)
                self._leave_out(read, tombstones.FORGOTTEN)
            elif (wanted := self._keeping.keeps(read)) is None:
                self._leave_out(read, self._keeping.rule)
            else:
                kept.append(wanted)
        return kept

    def _let_by(self, news: Sequence[Found], rule: str) -> list[Found]:
        out = {one.path for one in tombstones.unkept(self._connection, news, rule)}
        return [one for one in news if one.path not in out]

    def _leave_out(self, read: FileRead, rule: str) -> None:
        found = read.found
        tombstones.note_unkept(self._connection, [(found.path, found.size, found.mtime_ns)], rule)
        self.left_out += 1
