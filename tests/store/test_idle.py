"""Idle periods and invariant 7: a saving needs a return after the original expiry, a read, and a ping that hit."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import idle, launches, lineages, sessions
from store.models import Status, WaitingFor
from tests.store.made_up import (
    NOW,
    OPUS_PRICE,
    TTL,
    add_lineage,
    add_ping,
    add_prices,
    add_session,
    launch,
    memory_store,
    open_period,
    reserve,
    touch,
)

PREFIX = 100_000
READ_USD = OPUS_PRICE.cache_read * PREFIX / 1e6
SAVED_USD = (OPUS_PRICE.cache_write_5m - OPUS_PRICE.cache_read) * PREFIX / 1e6


def one_period(db: sqlite3.Connection) -> int:
    add_prices(db)
    add_session(db)
    lineage_id = add_lineage(db)
    open_period(db, lineage_id)
    return lineage_id


def money(db: sqlite3.Connection) -> tuple[float, float]:
    """Spent and saved of the only period."""
    row: tuple[float, float] = db.execute("SELECT spent_usd, saved_usd FROM idle_money").fetchone()
    return row


def test_a_return_after_expiry_that_reads_is_a_saving(db: sqlite3.Connection) -> None:
    lineage_id = one_period(db)
    add_ping(db, lineage_id)
    idle.close_by_request(db, lineage_id, at=NOW + TTL + 1, read_tokens=PREFIX)
    assert money(db) == pytest.approx((READ_USD, SAVED_USD))


@pytest.mark.parametrize(
    ("after_expiry", "read", "hit", "saved"),
    [
        (0.0, PREFIX, True, False),  # the entry would still have been there
        (-1.0, PREFIX, True, False),
        (0.001, PREFIX, True, True),
        (1.0, 95_000, True, True),
        (1.0, 94_999, True, False),
        (1.0, 0, True, False),
        (1.0, PREFIX, False, False),  # a miss wrote it: paid, not saved
        (1.0, PREFIX, None, False),  # somebody else kept it warm
    ],
)
def test_each_condition_of_a_saving(
    db: sqlite3.Connection, after_expiry: float, read: int, hit: bool | None, saved: bool
) -> None:
    lineage_id = one_period(db)
    if hit is not None:
        add_ping(db, lineage_id, hit=hit)
    idle.close_by_request(db, lineage_id, at=NOW + TTL + after_expiry, read_tokens=read)
    assert (money(db)[1] > 0) is saved


@given(
    at=st.floats(NOW, NOW + 3 * TTL),
    read=st.integers(0, 2 * PREFIX),
    pings=st.lists(st.booleans(), max_size=3),
    by=st.sampled_from(["request", "end", "timeout", "replaced", ""]),
)
def test_invariant_7(at: float, read: int, pings: list[bool], by: str) -> None:
    with memory_store() as db:
        lineage_id = one_period(db)
        for place, hit in enumerate(pings):
            add_ping(db, lineage_id, at=NOW + 1 + place, hit=hit)
        if by == "request":
            idle.close_by_request(db, lineage_id, at=at, read_tokens=read)
        elif by:
            idle.close_unreturned(db, lineage_id, at=at, by=by)
        credited = by == "request" and at > NOW + TTL and read >= 0.95 * PREFIX and any(pings)
        expected = SAVED_USD * min(read, PREFIX) / PREFIX if credited else 0.0
        assert money(db)[1] == pytest.approx(expected)


def test_only_a_request_can_save(db: sqlite3.Connection) -> None:
    lineage_id = one_period(db)
    add_ping(db, lineage_id)
    idle.close_unreturned(db, lineage_id, at=NOW + 900, by="replaced")
    db.execute("UPDATE idle_periods SET read_tokens = prefix_tokens")
    assert money(db)[1] == 0.0


@pytest.mark.parametrize(
    ("after_expiry", "read", "lapsed"),
    [(1.0, 0, True), (1.0, 49_999, True), (1.0, 50_000, False), (0.0, 0, False), (-5.0, 0, False)],
)
def test_a_lapse_came_late_and_wrote_again(
    db: sqlite3.Connection, after_expiry: float, read: int, lapsed: bool
) -> None:
    lineage_id = one_period(db)
    idle.close_by_request(db, lineage_id, at=NOW + TTL + after_expiry, read_tokens=read)
    assert db.execute("SELECT lapsed, closed_by, read_tokens FROM idle_periods").fetchone() == (lapsed, "request", read)


def test_a_closed_period_stays_closed(db: sqlite3.Connection) -> None:
    lineage_id = one_period(db)
    idle.close_by_request(db, lineage_id, at=NOW + 10, read_tokens=PREFIX)
    idle.close_by_request(db, lineage_id, at=NOW + 900, read_tokens=0)
    idle.close_unreturned(db, lineage_id, at=NOW + 901, by="end")
    idle.close_ended(db, NOW + 10 * idle.GIVE_UP_AFTER)
    assert db.execute("SELECT closed_at, closed_by FROM idle_periods").fetchall() == [(NOW + 10, "request")]
    assert idle.current(db, lineage_id) is None


def test_only_its_own_lineage_is_closed(db: sqlite3.Connection) -> None:
    lineage_id = one_period(db)
    other = add_lineage(db, agent_id="helper")
    open_period(db, other)
    idle.close_unreturned(db, other, at=NOW + 1, by="replaced")
    assert idle.current(db, lineage_id) is not None
    assert idle.current(db, other) is None


def test_ended_sessions_and_days_without_a_return_are_closed(db: sqlite3.Connection) -> None:
    add_prices(db)
    for session_id in ("open", "old", "ended"):
        add_session(db, session_id)
        at = NOW - idle.GIVE_UP_AFTER if session_id == "old" else NOW - 10
        open_period(db, add_lineage(db, session_id, at=at), session_id, at=at)
    sessions.end(db, "ended", "dead", NOW - 5)
    idle.close_ended(db, NOW)
    found = db.execute("SELECT session_id, closed_at, closed_by FROM idle_periods ORDER BY id").fetchall()
    assert found == [("open", None, ""), ("old", NOW, "timeout"), ("ended", NOW, "end")]


def test_a_hold_beyond_a_day_keeps_counting_in_its_period(db: sqlite3.Connection) -> None:
    """A period that was given up has no successor yet: later pings must not escape its cap."""
    lineage_id = one_period(db)
    first = idle.current(db, lineage_id)
    add_ping(db, lineage_id)
    idle.close_ended(db, NOW + idle.GIVE_UP_AFTER)
    assert idle.current(db, lineage_id) == first
    later = reserve(db, lineage_id, at=NOW + idle.GIVE_UP_AFTER + 10)
    assert isinstance(later, int)
    assert db.execute("SELECT DISTINCT idle_id FROM pings").fetchall() == [(first[0] if first else None,)]


def test_a_return_after_a_day_opens_another_period(db: sqlite3.Connection) -> None:
    lineage_id = one_period(db)
    idle.close_ended(db, NOW + idle.GIVE_UP_AFTER)
    back = NOW + idle.GIVE_UP_AFTER + 99
    second = open_period(db, lineage_id, at=back)
    assert idle.current(db, lineage_id) == (second, back)
    idle.close_by_request(db, lineage_id, at=back + 5, read_tokens=PREFIX)
    assert idle.current(db, lineage_id) is None  # the one before does not come back


def test_what_the_session_waited_for_last_is_remembered(db: sqlite3.Connection) -> None:
    lineage_id = one_period(db)
    idle.note_waiting(db, "s1", WaitingFor.TOOL)
    idle.note_waiting(db, "s1", None)
    assert db.execute("SELECT waiting_for FROM idle_periods").fetchall() == [("tool",)]
    idle.close_by_request(db, lineage_id, at=NOW + 1, read_tokens=PREFIX)
    idle.note_waiting(db, "s1", WaitingFor.YOU)
    assert db.execute("SELECT waiting_for FROM idle_periods").fetchall() == [("tool",)]


class TestBesideTheGateway:
    """`open_passive`: what a transcript tells of an open session."""

    @pytest.fixture
    def passive(self, db: sqlite3.Connection) -> int:
        add_session(db)
        sessions.set_state(db, "s1", Status.IDLE, WaitingFor.YOU, NOW)
        return add_lineage(db)

    def periods(self, db: sqlite3.Connection) -> list[tuple[object, ...]]:
        return db.execute("SELECT lineage_id, opened_at, original_expires_at, closed_by FROM idle_periods").fetchall()

    def test_the_last_request_of_an_open_session_opens_one(self, db: sqlite3.Connection, passive: int) -> None:
        assert idle.open_passive(db, "s1", NOW + 2)
        row = db.execute("SELECT * FROM idle_periods").fetchone()
        found = idle.current(db, passive)
        assert found is not None
        assert found == (row[0], NOW)
        assert db.execute(
            "SELECT session_id, ttl_class, prefix_tokens, original_expires_at, waiting_for, pinged FROM idle_periods"
        ).fetchall() == [("s1", "5m", 100_000, NOW + TTL, "you", 0)]

    def test_never_twice(self, db: sqlite3.Connection, passive: int) -> None:
        assert idle.open_passive(db, "s1", NOW + 2)
        assert not idle.open_passive(db, "s1", NOW + 3)
        assert len(self.periods(db)) == 1

    @pytest.mark.parametrize("by", ["end", "timeout", "request", "replaced"])
    def test_not_again_after_it_closed(self, db: sqlite3.Connection, passive: int, by: str) -> None:
        """A session that ended and is open again has said nothing new yet."""
        assert idle.open_passive(db, "s1", NOW + 2)
        idle.close_unreturned(db, passive, at=NOW + 5, by=by)
        assert not idle.open_passive(db, "s1", NOW + 6)
        touch(db, passive, at=NOW + 60)
        assert idle.open_passive(db, "s1", NOW + 61)
        assert [row[1] for row in self.periods(db)] == [NOW, NOW + 60]

    @pytest.mark.parametrize(("seconds", "opens"), [(0.0, True), (TTL - 0.001, True), (TTL, False), (TTL + 1, False)])
    def test_only_while_the_entry_lives(
        self, db: sqlite3.Connection, passive: int, seconds: float, opens: bool
    ) -> None:
        assert idle.open_passive(db, "s1", NOW + seconds) is opens
        assert len(self.periods(db)) == opens

    def test_not_of_a_session_that_is_over_or_not_there(self, db: sqlite3.Connection, passive: int) -> None:
        assert not idle.open_passive(db, "s2", NOW + 1)
        sessions.end(db, "s1", "ended", NOW + 1)
        assert not idle.open_passive(db, "s1", NOW + 1)
        sessions.save(db, "s1", ended_at=None)
        assert idle.open_passive(db, "s1", NOW + 1)

    def test_not_where_the_gateway_sees_the_requests(self, db: sqlite3.Connection, passive: int) -> None:
        launches.record(db, launch())
        sessions.save(db, "s1", launch_id="launch-00000001")
        assert not idle.open_passive(db, "s1", NOW + 1)

    def test_not_of_a_prefix_that_another_one_replaced(self, db: sqlite3.Connection, passive: int) -> None:
        lineages.replace(db, passive, "compacted")
        assert not idle.open_passive(db, "s1", NOW + 1)

    def test_not_without_a_lifetime(self, db: sqlite3.Connection) -> None:
        add_session(db)
        add_lineage(db, ttl=None)
        assert not idle.open_passive(db, "s1", NOW + 1)

    def test_a_subagents_lineage_is_none(self, db: sqlite3.Connection, passive: int) -> None:
        add_lineage(db, at=NOW + 5, agent_id="a1")
        assert idle.open_passive(db, "s1", NOW + 6)
        assert [row[0] for row in self.periods(db)] == [passive]

    def test_it_opens_the_newest_lineages(self, db: sqlite3.Connection, passive: int) -> None:
        newer = add_lineage(db, at=NOW + 5)
        assert idle.open_passive(db, "s1", NOW + 6)
        assert [row[0] for row in self.periods(db)] == [newer]


STEPS = st.lists(
    st.tuples(st.sampled_from(["request", "look", "look", "end", "reopen"]), st.sampled_from([0.0, 1.0, 200.0, 400.0])),
    max_size=14,
)


@given(steps=STEPS)
def test_at_most_one_period_a_request_and_one_open_at_a_time(steps: list[tuple[str, float]]) -> None:
    with memory_store() as db:
        add_session(db)
        lineage_id, now, asked = add_lineage(db), NOW, 1
        for what, seconds in steps:
            now += seconds
            match what:
                case "request":
                    now += 1.0
                    idle.close_by_request(db, lineage_id, at=now, read_tokens=PREFIX)
                    touch(db, lineage_id, at=now)
                    asked += 1
                case "look":
                    row = lineages.get(db, lineage_id)
                    session = sessions.get(db, "s1")
                    assert row is not None
                    assert session is not None
                    if idle.open_passive(db, "s1", now):
                        assert session.ended_at is None
                        assert now < (row.last_request_at or 0.0) + TTL
                case "end":
                    sessions.end(db, "s1", "ended", now)
                    idle.close_unreturned(db, lineage_id, at=now, by="end")
                case _:
                    sessions.save(db, "s1", ended_at=None)
            total, still, moments = db.execute(
                "SELECT count(*), coalesce(sum(closed_at IS NULL), 0), count(DISTINCT opened_at) FROM idle_periods"
            ).fetchone()
            assert still <= 1
            assert total == moments <= asked
