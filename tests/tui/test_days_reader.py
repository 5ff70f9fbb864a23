"""The ledger's page on a real store: a connection of its own, a version that follows the store, nothing written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive.clock import ManualClock
from store.database import StoreError
from store.models import WaitingFor
from tests.fresh_store import fresh_store
from tests.store import idle_sample
from tests.store.idle_sample import MadePeriod, MadePing
from tests.store.made_up import NOW
from tui.days_reader import StoreDays

KEPT = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 500.0, 1.0, (MadePing("replay", True, 280.0),))


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = fresh_store(tmp_path / "store.db")
    idle_sample.fill(connection, [KEPT])
    yield connection
    connection.close()


@pytest.fixture
def feed(stored: sqlite3.Connection, tmp_path: Path) -> Iterator[StoreDays]:
    reader = StoreDays(tmp_path / "store.db", ManualClock(NOW + 600))
    yield reader
    reader.close()


def test_it_reads_the_span(feed: StoreDays) -> None:
    found = feed.days(7)
    assert (found.billed.total.pings, found.slot) == (1, "day")
    assert feed.days(1).slot == "hour"
    assert feed.days(None).since == 0.0


def test_its_version_follows_the_store(feed: StoreDays, stored: sqlite3.Connection) -> None:
    assert feed.version() == 0, "nothing is opened before it is wanted"
    feed.open()
    opened = feed.version()
    feed.days(7)
    assert feed.version() == opened != 0, "what is read now is of that version"
    before = feed.version()
    assert feed.version() == before != 0
    idle_sample.add(stored, KEPT._replace(session="b"))
    assert feed.version() != before
    assert feed.days(7).billed.total.pings == 2


def test_a_store_that_may_only_be_read_will_do(tmp_path: Path, stored: sqlite3.Connection) -> None:
    stored.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored.execute("PRAGMA journal_mode = DELETE")
    (tmp_path / "store.db").chmod(0o400)
    reader = StoreDays(tmp_path / "store.db", ManualClock(NOW + 600))
    assert reader.days(7).billed.total.pings == 1
    reader.close()


def test_no_store_is_said(tmp_path: Path) -> None:
    reader = StoreDays(tmp_path / "none.db", ManualClock(NOW))
    with pytest.raises(StoreError):
        reader.days(7)
    reader.close()
