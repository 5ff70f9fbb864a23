"""What a keeper hears of budgets that change: set, set again, dropped, and the pause over all of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive.budget_watch import BudgetWatch
from store import budgets
from store.models import BudgetMode
from tests.fresh_store import fresh_store


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:

    connection = fresh_store(tmp_path / "warmside.db")
    yield connection
    connection.close()


def put(db: sqlite3.Connection, key: str, mode: BudgetMode = BudgetMode.AUTO, *, now: float = 1.0) -> None:
    budgets.put(db, key, mode=mode, pings=None, usd=None, until=None, now=now)


def test_a_change_is_told_once(db: sqlite3.Connection) -> None:
    watch = BudgetWatch()
    assert watch.read(db) == frozenset()
    put(db, "s1")
    put(db, budgets.DEFAULT)
    assert watch.read(db) == {"s1", budgets.DEFAULT}
    assert watch.read(db) == frozenset()


def test_a_change_is_seen_by_what_it_says_and_not_by_its_time(db: sqlite3.Connection) -> None:
    watch = BudgetWatch()
    put(db, "s1", now=100.0)
    watch.read(db)
    put(db, "s1", BudgetMode.OFF, now=50.0)  # the clock was set back
    assert watch.read(db) == {"s1"}
    budgets.forget(db, "s1")
    assert watch.read(db) == {"s1"}


def test_changes_that_cancel_out_are_told_too(db: sqlite3.Connection) -> None:
    """Somebody may have looked at the row in between, and gone by it."""
    watch = BudgetWatch()
    watch.read(db)
    put(db, "s1", BudgetMode.OFF)
    budgets.forget(db, "s1")
    assert watch.read(db) == {budgets.DEFAULT}
    assert watch.read(db) == frozenset()


def test_a_pause_begins_by_an_order_and_ends_by_one_or_by_the_clock(db: sqlite3.Connection) -> None:
    watch = BudgetWatch()
    watch.read(db)
    assert not watch.pause_turned(10.0)
    budgets.pause(db, 20.0)
    assert watch.read(db) == frozenset()
    assert watch.pause_turned(10.0)
    assert not watch.pause_turned(19.9)
    assert watch.pause_turned(20.0)
    budgets.pause(db, 40.0)
    watch.read(db)
    assert watch.pause_turned(21.0)
    budgets.pause(db, 50.0)
    watch.read(db)
    assert not watch.pause_turned(22.0), "longer, but the same for every session"
    budgets.pause(db, None)
    watch.read(db)
    assert watch.pause_turned(23.0)
