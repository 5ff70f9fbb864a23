"""The history on the real store: reads on connections of its own, so that no search waits for the board.

Nothing here writes to the store, and a store that may only be read will do. The connections are made when they are
first needed: a sidebar whose history nobody opens pays nothing for it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from keepalive import keeper
from keepalive.clock import Clock
from store import board, cache_strip, history, ledger
from store.budgets import BudgetOf
from store.cache import COSTLY_USD
from store.database import connect, data_version
from store.history import Overview, Place, SessionLine
from store.migrations import open_to_read
from store.models import SessionDetail
from store.search import Filters, Found, search
from tui.history_feed import OpenedSession

T = TypeVar("T")

CACHE_KB = 256
"""Pages that a connection keeps. The library's 2 MB for each make no search quicker: the system has them, too."""


class StoreHistory:
    """Implements `HistoryFeed`. Searches have a connection of their own: to end one must end nothing else."""

    def __init__(
        self, path: Path, clock: Clock, budget_of: BudgetOf, export_to: Path, *, costly_usd: float = COSTLY_USD
    ) -> None:
        """`export_to`: the folder that gets the Markdown files; made when the first one is written."""
        self._path, self._clock, self._budget_of = path, clock, budget_of
        self._export_to, self._costly_usd = export_to, costly_usd
        self._reading = _Lane(path)
        self._searching = _Lane(path)
        # `version` is asked on the event loop while other threads may be reading.
        self._watch: sqlite3.Connection | None = None
        self._places: tuple[int, Filters, tuple[Place, ...]] | None = None
        """The last list of sessions, by the store's version: a field is cleared often, and ten thousand take time."""

    def overview(self) -> Overview:
        return self._reading.run(history.overview)

    def places(self, filters: Filters) -> tuple[Place, ...]:
        def read(connection: sqlite3.Connection) -> tuple[Place, ...]:
            version = data_version(connection)
            if self._places is None or self._places[:2] != (version, filters):
                self._places = version, filters, history.places(connection, filters)
            return self._places[2]

        return self._searching.run(read)

    def lines(self, ids: Sequence[str]) -> tuple[SessionLine, ...]:
        return self._reading.run(lambda connection: history.lines(connection, ids))

    def search(self, words: str, filters: Filters, limit: int) -> Found:
        return self._searching.run(lambda connection: search(connection, words, filters, limit=limit))

    def interrupt(self) -> None:
        self._searching.interrupt()

    def opened(self, session_id: str) -> OpenedSession:
        def read(connection: sqlite3.Connection) -> OpenedSession:
            return OpenedSession(
                self._detail(connection, session_id),
                cache_strip.read(connection, session_id),
                ledger.of_session(connection, session_id),
            )

        return self._reading.run(read)

    def export(self, session_id: str) -> str:
        from tui.history_export import export  # writing files is a command's: not loaded before it is wanted

        return export(self._reading.run(lambda connection: self._detail(connection, session_id)), self._export_to)

    def version(self) -> int:
        if self._watch is None:
            self._watch = connect(self._path, read_only=True)
        return data_version(self._watch)

    def close(self) -> None:
        """Close the connections."""
        self._reading.close()
        self._searching.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _detail(self, connection: sqlite3.Connection, session_id: str) -> SessionDetail:
        return board.detail(
            connection,
            session_id,
            now=self._clock.wall(),
            keeper_on=keeper.status(connection) is not None,
            budget_of=self._budget_of,
            costly_usd=self._costly_usd,
        )


class _Lane:
    """A connection that one reader at a time uses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            if self._connection is None:
                self._connection = open_to_read(self._path)
                self._connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            return read(self._connection)

    def interrupt(self) -> None:
        # Without the lock: whoever holds it is to be interrupted.
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        self.interrupt()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
