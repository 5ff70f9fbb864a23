"""Draws of the trial: the first of an idle period stands, and each finds its period and what that cost."""

from __future__ import annotations

import sqlite3

import pytest

from store import assignments
from tests.store.made_up import NOW, OPUS_PRICE, add_lineage, add_ping, add_prices, add_session, open_period


@pytest.fixture
def lineage_id(db: sqlite3.Connection) -> int:
    """A session's main thread."""
    add_prices(db)
    add_session(db)
    return add_lineage(db)


def test_nothing_was_drawn(db: sqlite3.Connection) -> None:
    assert assignments.get(db, 1) is None
    assert assignments.of_main_threads(db) == []


def test_the_first_one_wins(db: sqlite3.Connection, lineage_id: int) -> None:
    idle_id = open_period(db, lineage_id)
    first = assignments.record(db, idle_id, "lapse", 0.1, NOW + 280)
    assert (first.idle_id, first.arm, first.probability, first.assigned_at) == (idle_id, "lapse", 0.1, NOW + 280)
    assert assignments.record(db, idle_id, "ping", 0.5, NOW + 281) == first
    assert assignments.get(db, idle_id) == first


def test_a_period_that_is_not_there_is_refused(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        assignments.record(db, 7, "ping", 0.1, NOW)
    assert not assignments.untouched(db, 7)


def test_a_period_is_untouched_until_its_first_ping(db: sqlite3.Connection, lineage_id: int) -> None:
    idle_id = open_period(db, lineage_id)
    assert assignments.untouched(db, idle_id)
    add_ping(db, lineage_id, hit=False)
    assert not assignments.untouched(db, idle_id)


def test_periods_come_with_what_their_pings_cost(db: sqlite3.Connection, lineage_id: int) -> None:
    idle_id = open_period(db, lineage_id)
    assignments.record(db, idle_id, "ping", 0.1, NOW + 280)
    (drawn,) = assignments.of_main_threads(db)
    assert (drawn.session_id, drawn.opened_at, drawn.pings_usd) == ("s1", NOW, 0.0)
    add_ping(db, lineage_id)
    (drawn,) = assignments.of_main_threads(db)
    assert drawn.pings_usd == pytest.approx(OPUS_PRICE.cache_read * 0.1)
    db.execute("DELETE FROM prices")
    (drawn,) = assignments.of_main_threads(db)
    assert drawn.pings_usd is None, "without a price nothing is guessed"


def test_since_and_subagents(db: sqlite3.Connection, lineage_id: int) -> None:
    helper = add_lineage(db, agent_id="helper")
    for number, lineage in enumerate((lineage_id, helper)):
        assignments.record(db, open_period(db, lineage), "ping", 0.1, NOW + number)
    assert [drawn.assigned_at for drawn in assignments.of_main_threads(db)] == [NOW]
    assert assignments.of_main_threads(db, NOW + 0.5) == []
