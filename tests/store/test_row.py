"""A query that does not name a row's fields fails loudly, and so does a value of another type."""

from __future__ import annotations

import sqlite3

import pytest
from msgspec import ValidationError

from store.models import BudgetMode
from store.row import fetch_all, fetch_one
from store.rows import BudgetRow, PriceRow
from tests.store.made_up import HAIKU_HIGH, HAIKU_LOW, add_prices

BUDGET = "SELECT 's1' AS session_id, ? AS mode, 3 AS pings, NULL AS usd, NULL AS until, 1.5 AS updated_at"


def test_a_row_is_typed(db: sqlite3.Connection) -> None:
    row = fetch_one(BudgetRow, db.execute(BUDGET, ("hold",)))
    assert row == BudgetRow(session_id="s1", mode=BudgetMode.HOLD, pings=3, usd=None, until=None, updated_at=1.5)
    assert row is not None
    assert isinstance(row.mode, BudgetMode)


def test_no_row_is_none(db: sqlite3.Connection) -> None:
    assert fetch_one(BudgetRow, db.execute("SELECT * FROM budgets")) is None
    assert fetch_all(BudgetRow, db.execute("SELECT * FROM budgets")) == []


def test_all_rows_come_in_the_order_of_the_query(db: sqlite3.Connection) -> None:
    add_prices(db)
    rows = fetch_all(PriceRow, db.execute("SELECT * FROM prices WHERE model LIKE '%haiku%' ORDER BY above_tokens DESC"))
    assert rows == [HAIKU_HIGH, HAIKU_LOW]


def test_a_value_that_does_not_belong_is_refused(db: sqlite3.Connection) -> None:
    with pytest.raises(ValidationError):
        fetch_one(BudgetRow, db.execute(BUDGET, ("often",)))


def test_a_column_too_many_is_refused(db: sqlite3.Connection) -> None:
    with pytest.raises(ValidationError, match="extra"):
        fetch_all(BudgetRow, db.execute(BUDGET.replace(" AS mode", " AS mode, 1 AS extra"), ("off",)))


def test_what_is_refused_is_not_quoted(db: sqlite3.Connection) -> None:
    with pytest.raises(ValidationError) as refused:
        fetch_one(BudgetRow, db.execute(BUDGET.replace("3 AS pings", "'a prompt' AS pings"), ("off",)))
    assert "prompt" not in str(refused.value)


def test_a_row_does_not_change(db: sqlite3.Connection) -> None:
    row = fetch_one(BudgetRow, db.execute(BUDGET, ("hold",)))
    assert row is not None
    with pytest.raises(AttributeError, match="immutable"):
        row.pings = 9  # type: ignore[misc]
