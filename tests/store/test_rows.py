"""What rows read from their columns and know of themselves."""

from __future__ import annotations

import sqlite3

import pytest

from store.row import fetch_one
from store.rows import LineageRow
from tests.store.made_up import add_lineage, add_session


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
