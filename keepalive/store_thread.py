"""The keeper's one writer: every use of the store runs in this thread, so that a locked file never holds the loop.

Calls run one after another in the order in which they were made.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from store.database import immediate
from store.migrations import open_store

T = TypeVar("T")


class StoreThread:
    """Owns a connection and the thread that uses it."""

    def __init__(self, path: Path) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._path = path

    async def open(self) -> None:
        """Open the store and bring its schema up to date."""
        self._connection = await self._in_thread(lambda: open_store(self._path))

    async def read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run `function(connection)` in the thread, outside a transaction of ours."""
        return await self._in_thread(lambda: function(self._open_connection()))

    async def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run `function(connection)` in the thread, in one transaction that holds the write lock."""

        def work() -> T:
            with immediate(self._open_connection()) as connection:
                return function(connection)

        return await self._in_thread(work)

    async def close(self) -> None:
        """Finish what was asked for and close the store."""
        connection = self._connection
        if connection is not None:
            await self._in_thread(connection.close)
            self._connection = None
        self._executor.shutdown(wait=True)

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the store is not open")
        return self._connection

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
