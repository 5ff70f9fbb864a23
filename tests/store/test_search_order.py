"""Turns newest first, whatever the way: by few ids, by blocks of the newest, by all ids at once."""

from __future__ import annotations

import sqlite3
import tracemalloc

import pytest

from store import search_order as module
from store.search import WALKING, Filters
from store.search_order import newest_first
from store.session_filter import SessionFilter
from tests.store.made_up import NOW, add_session
from tests.store.written_turns import add_turn


@pytest.fixture
def harbour(db: sqlite3.Connection) -> sqlite3.Connection:
    """Turns 1 to 9, the later the older; each third is about a pier."""
    add_session(db)
    for n in range(1, 10):
        add_turn(db, n, prompt="mend the pier" if n % 3 == 0 else "mend", at=NOW - n)
    return db


@pytest.mark.parametrize("few", [0, 1_000])
@pytest.mark.parametrize("quick", [True, False])
def test_the_newest_come_first(
    harbour: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, few: int, quick: bool
) -> None:
    monkeypatch.setattr(module, "FEW", few)
    numbers = dict(harbour.execute("SELECT id, n FROM turns"))
    for match, where, expected in (
        ('"pier" *', "1", [3, 6, 9]),
        ('"pier" *', f"t.started_at < {NOW - 3}", [6, 9]),
        ('"mend"', "1", [*range(1, 10)]),
        ('"crane"', "1", []),
        ("", "1", [*range(1, 10)]),
    ):
        found = newest_first(harbour, match, where, {}, quick=quick)
        assert [numbers[one] for one in found] == expected


def test_all_ids_take_little_memory(db: sqlite3.Connection) -> None:
    count = 20_000
    add_session(db)
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO turns (session_id, n, started_at, prompt) SELECT (SELECT id FROM sessions), i, i, 'pier' FROM n",
        (count,),
    )
    tracemalloc.start()
    try:
        newest = next(iter(newest_first(db, '"pier" *', "1", {}, quick=False)))
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert db.execute("SELECT n FROM turns WHERE id = ?", (newest,)).fetchone() == (count,)
    assert taken < 16 * count


def test_what_is_not_quick_is_asked_once(harbour: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 0)
    statements: list[str] = []
    harbour.set_trace_callback(statements.append)
    list(newest_first(harbour, '"pier" *', "1", {}, quick=False))
    assert sum("MATCH" in one for one in statements) == 1


def test_a_walk_neither_sorts_nor_reads_texts(db: sqlite3.Connection) -> None:
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    for filters, index in (
        (Filters(SessionFilter(project="x"), since=1.0), "COVERING INDEX turns_time"),
        (Filters(SessionFilter(agent="x"), failed=True), "INDEX turns_failed"),
        (Filters(until=2.0, failed=True), "INDEX turns_failed"),
    ):
        list(newest_first(db, "", *filters.where("t", WALKING)))
        plan = "; ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statements[-1]}"))
        assert index in plan
        assert "TEMP B-TREE" not in plan
