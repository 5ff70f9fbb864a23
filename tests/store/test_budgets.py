"""Budgets: the session's own, else the stored default, else the config; changes are found by their time."""

from __future__ import annotations

import sqlite3

from store import budgets
from store.models import BudgetMode
from store.rows import BudgetRow
from tests.store.made_up import NOW


def put(db: sqlite3.Connection, session_id: str, mode: BudgetMode, at: float = NOW) -> BudgetRow:
    row = BudgetRow(session_id=session_id, mode=mode, pings=3, usd=0.5, until=NOW + 60, updated_at=at)
    budgets.put(db, session_id, mode=mode, pings=3, usd=0.5, until=NOW + 60, now=at)
    return row


def test_the_session_comes_before_the_default(db: sqlite3.Connection) -> None:
    assert budgets.effective(db, "s1") is None
    default = put(db, budgets.DEFAULT, BudgetMode.AUTO)
    assert budgets.effective(db, "s1") == default
    assert budgets.get(db, "s1") is None
    own = put(db, "s1", BudgetMode.HOLD)
    assert budgets.effective(db, "s1") == budgets.get(db, "s1") == own
    assert budgets.effective(db, "s2") == default


def test_a_budget_is_replaced_as_a_whole(db: sqlite3.Connection) -> None:
    put(db, "s1", BudgetMode.HOLD)
    budgets.put(db, "s1", mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=NOW + 1)
    assert budgets.get(db, "s1") == BudgetRow(
        session_id="s1", mode=BudgetMode.OFF, pings=None, usd=None, until=None, updated_at=NOW + 1
    )


def test_changes_are_those_after_a_moment(db: sqlite3.Connection) -> None:
    put(db, budgets.DEFAULT, BudgetMode.AUTO, NOW)
    put(db, "s1", BudgetMode.OFF, NOW + 1)
    put(db, "s2", BudgetMode.OFF, NOW + 2)
    assert sorted(budgets.changed_since(db, NOW - 1)) == [("", NOW), ("s1", NOW + 1), ("s2", NOW + 2)]
    assert budgets.changed_since(db, NOW + 1) == [("s2", NOW + 2)]
    assert budgets.changed_since(db, NOW + 2) == []
    put(db, "s1", BudgetMode.AUTO, NOW + 3)
    assert budgets.changed_since(db, NOW + 2) == [("s1", NOW + 3)]
