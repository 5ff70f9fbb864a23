"""Rows are validated once, and a query that does not name a row's fields fails loudly."""

from __future__ import annotations

import sqlite3

import pytest
from pydantic import ValidationError

from store.models import BudgetMode
from store.rows import BudgetRow, LineageRow, PriceRow, fetch_all, fetch_one
from tests.store.made_up import HAIKU_HIGH, HAIKU_LOW, add_lineage, add_prices, add_session

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


def test_arguments_of_reasons_are_decoded(db: sqlite3.Connection) -> None:
    add_session(db)
    lineage_id = add_lineage(db)
    db.execute("""UPDATE lineages SET why_args = '{"n": 2}', stop_args = '{"status": "timeout"}'""")
    row = fetch_one(LineageRow, db.execute("SELECT * FROM lineages WHERE id = ?", (lineage_id,)))
    assert row is not None
    assert (row.why_args, row.stop_args) == ({"n": 2}, {"status": "timeout"})


@pytest.mark.parametrize(
    ("touched", "ttl", "expires"), [(100.0, 300.0, 400.0), (None, 300.0, None), (100.0, None, None)]
)
def test_expiry_is_touch_and_lifetime(
    db: sqlite3.Connection, touched: float | None, ttl: float | None, expires: float | None
) -> None:
    add_session(db)
    add_lineage(db)
    db.execute("UPDATE lineages SET last_touch_at = ?, ttl_seconds = ?", (touched, ttl))
    row = fetch_one(LineageRow, db.execute("SELECT * FROM lineages"))
    assert row is not None
    assert row.expires_at == expires
