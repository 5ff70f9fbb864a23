"""Budgets: rows as people set them, where a session stands, and the pause over all of them."""

from __future__ import annotations

import sqlite3

import pytest

from store import budgets, settings
from store.budgets import Standing
from store.models import BudgetMode
from store.rows import BudgetRow
from tests.store.made_up import NOW, add_lineage, add_session


def put(db: sqlite3.Connection, session_id: str, mode: BudgetMode, at: float = NOW) -> BudgetRow:
    row = BudgetRow(
        session_id=session_id, mode=mode, pings=3, usd=0.5, usd_per_ping=0.02, until=NOW + 60, updated_at=at
    )
    budgets.put(db, session_id, mode=mode, pings=3, usd=0.5, usd_per_ping=0.02, until=NOW + 60, now=at)
    return row


def test_a_budget_is_replaced_as_a_whole(db: sqlite3.Connection) -> None:
    assert put(db, "s1", BudgetMode.HOLD) == budgets.get(db, "s1")
    budgets.put(db, "s1", mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=NOW + 1)
    assert budgets.get(db, "s1") == BudgetRow(
        session_id="s1", mode=BudgetMode.OFF, pings=None, usd=None, until=None, updated_at=NOW + 1
    )


def test_rows_are_found_by_session_and_forgotten(db: sqlite3.Connection) -> None:
    rows = {key: put(db, key, BudgetMode.AUTO) for key in (budgets.DEFAULT, "s1", "s2")}
    assert budgets.every(db) == rows
    assert budgets.among(db, ["s2", "s3"]) == {key: rows[key] for key in (budgets.DEFAULT, "s2")}
    for _ in range(2):
        budgets.forget(db, "s1")
        assert budgets.get(db, "s1") is None
    assert set(budgets.every(db)) == {budgets.DEFAULT, "s2"}


def test_where_a_session_stands(db: sqlite3.Connection) -> None:
    add_session(db, "s1")
    assert budgets.standing(db, "s1") == Standing(None, None, "harbour", "claude", None)
    add_lineage(db, "s1")
    default, own = put(db, budgets.DEFAULT, BudgetMode.AUTO), put(db, "s1", BudgetMode.HOLD)
    assert budgets.standing(db, "s1") == Standing(own, default, "harbour", "claude", "5m", NOW)
    for nobody in ("s9", budgets.DEFAULT):
        assert budgets.standing(db, nobody) == Standing(default=default)


def test_a_pause_has_an_end_and_is_taken_back(db: sqlite3.Connection) -> None:
    assert budgets.paused_until(db) is None
    budgets.pause(db, NOW)
    budgets.pause(db, NOW + 60)
    assert budgets.paused_until(db) == NOW + 60
    for _ in range(2):
        budgets.pause(db, None)
        assert budgets.paused_until(db) is None


@pytest.mark.parametrize("odd", ["soon", True, [1.0], {"until": 1.0}])
def test_what_is_no_time_is_no_pause(db: sqlite3.Connection, odd: settings.JsonValue) -> None:
    settings.put(db, budgets.PAUSED_UNTIL, odd)
    assert budgets.paused_until(db) is None
