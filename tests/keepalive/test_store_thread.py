"""One thread, one connection, calls in order, writes that are whole or not there."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keepalive.store_thread import StoreThread
from store import settings
from store.database import connect


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[StoreThread]:
    made = StoreThread(tmp_path / "warmside.db")
    await made.open()
    yield made
    await made.close()


async def test_it_must_be_opened_first(tmp_path: Path) -> None:
    store = StoreThread(tmp_path / "warmside.db")
    with pytest.raises(RuntimeError, match="not open"):
        await store.read(lambda connection: None)
    await store.close()
    assert not (tmp_path / "warmside.db").exists()


async def test_everything_runs_in_one_thread_that_is_not_the_loops(store: StoreThread) -> None:
    threads = {await store.read(lambda _: threading.get_ident()), await store.write(lambda _: threading.get_ident())}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_calls_run_in_the_order_in_which_they_were_made(store: StoreThread) -> None:
    seen: list[int] = []
    await asyncio.gather(*(store.read(lambda _, n=n: seen.append(n)) for n in range(50)))  # type: ignore[misc]
    assert seen == list(range(50))


async def test_a_write_holds_the_lock_and_is_whole_or_not_there(store: StoreThread, tmp_path: Path) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        assert connection.in_transaction
        settings.put(connection, "a", 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(fail)
    assert await store.read(lambda connection: settings.get(connection, "a")) is None
    await store.write(lambda connection: settings.put(connection, "a", 2))
    other = connect(tmp_path / "warmside.db", read_only=True)
    assert settings.get(other, "a") == 2
    other.close()


async def test_a_read_is_outside_a_transaction(store: StoreThread) -> None:
    assert not await store.read(lambda connection: connection.in_transaction)


async def test_closing_finishes_what_was_asked_for(tmp_path: Path) -> None:
    store = StoreThread(tmp_path / "warmside.db")
    await store.open()
    last = asyncio.ensure_future(store.write(lambda connection: settings.put(connection, "a", 3)))
    await asyncio.sleep(0)
    await store.close()
    await last
    connection = connect(tmp_path / "warmside.db", read_only=True)
    assert settings.get(connection, "a") == 3
    connection.close()
