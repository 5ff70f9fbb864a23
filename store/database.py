"""The one way to the database: every process opens it here, with the same pragmas and the same rights.

The file holds prompts and answers, so it is 0600 in a 0700 folder. WAL lets the sidebar read while the keeper writes;
`PRAGMA data_version` tells a reader within milliseconds that somebody else has committed, so the file is also the bus
between the processes. This module imports only the standard library: quick commands open the store through it.
Connections are in autocommit mode; whoever reads before writing does both inside `immediate()`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BUSY_TIMEOUT_MS = 5_000


class StoreError(Exception):
    """The store cannot be opened or is not ours; the message is one line that a person can act on."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database file, creating it (0600) unless `read_only`.

    Raises:
        StoreError: the file is missing (read only), unreadable or no SQLite database.
    """
    try:
        return _connect_read_only(path) if read_only else _connect_read_write(path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"cannot open the store {path}: {error}") from error


def _connect_read_write(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600, exist_ok=True)  # before SQLite does it with the process's umask
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait when two programs turn a new file into WAL at once: we do."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up_at:
                raise
        time.sleep(0.01)


def _connect_read_only(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoreError(f"there is no store at {path} yet")
    try:
        return _open_uri(path, "mode=ro")
    except sqlite3.OperationalError as error:
        # Without write rights on the folder SQLite cannot make the -shm file that WAL needs; then nobody else writes
        # either, and the file may be read as it is. A store that is merely busy must not be read that way.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
    return _open_uri(path, "mode=ro&immutable=1")


def _open_uri(path: Path, query: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One transaction that holds the write lock from its first statement.

    A deferred BEGIN that reads first and writes later fails at once beside another writer, whatever the busy timeout
    says; so every read-then-write goes through here. Nested use joins the outer transaction.
    """
    if connection.in_transaction:
        yield connection
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # Also when the commit itself fails: a transaction left open would swallow every later one.
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A read transaction: every query inside sees the same moment."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has committed (about 3 µs a call)."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
