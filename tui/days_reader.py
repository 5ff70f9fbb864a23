"""The ledger of all days on the real store: reads on a connection of its own, made when it is first wanted.

Nothing here writes, and a store that may only be read will do.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from keepalive.clock import Clock
from store import database, ledger_days
from store.ledger_models import DayLedger
from store.migrations import open_to_read


class StoreDays:
    """Implements `DaysFeed`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        # `version` is asked on the event loop while another thread may be reading.
        self._watch: sqlite3.Connection | None = None

    def version(self) -> int:
        return database.data_version(self._watch) if self._watch is not None else 0

    def open(self) -> None:
        with self._lock:
            self._opened()

    def days(self, days: int | None) -> DayLedger:
        with self._lock:
            return ledger_days.read(self._opened(), self._clock.wall(), days)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_to_read(self._path)
        if self._watch is None:
            self._watch = database.connect(self._path, read_only=True)
        return self._connection

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for connection in (self._connection, self._watch):
                if connection is not None:
                    connection.close()
            self._connection = self._watch = None
