"""A migrated store in a temporary folder; every connection that a test opens is closed after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.database import connect
from tests.fresh_store import fresh_store
from tests.store.made_up import time_zone

Connect = Callable[[], sqlite3.Connection]


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """Where the test's store is (or will be)."""
    return tmp_path / "data" / "warmside.db"


@pytest.fixture
def db(store_file: Path) -> Iterator[sqlite3.Connection]:
    """A connection to an empty, migrated store."""
    connection = fresh_store(store_file)
    yield connection
    connection.close()


@pytest.fixture
def another(db: sqlite3.Connection, store_file: Path) -> Iterator[Connect]:
    """Opens further connections to the same store, as other processes would; they do not wait for a lock."""
    opened: list[sqlite3.Connection] = []

    def open_one() -> sqlite3.Connection:
        connection = connect(store_file)
        connection.execute("PRAGMA busy_timeout = 20")
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time zone is UTC."""
    with time_zone(monkeypatch, "UTC"):
        yield
