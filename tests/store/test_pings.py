"""Invariant 5: whatever is reserved, answered, missed or lost in a crash, and in whatever order, the caps hold."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from store import idle, lineages, pings
from store.database import connect
from store.models import Usage
from store.pings import Caps
from tests.store.conftest import Connect
from tests.store.made_up import (
    NO_CAPS,
    NOW,
    OPUS_PRICE,
    add_lineage,
    add_ping,
    add_prices,
    add_session,
    memory_store,
    open_period,
    reserve,
    touch,
)

READ = OPUS_PRICE.cache_read / 1e6
WRITE = OPUS_PRICE.cache_write_5m / 1e6
DAY = 24 * 3600.0
ROUNDING = 1e-9


def caps(*, idle_pings: int | None = None, session: float | None = None, day: float = 1e9) -> Caps:
    return Caps(idle_pings=idle_pings, session_usd=session, day_usd=day, day_start=NOW)


@pytest.fixture
def lineage_id(db: sqlite3.Connection) -> int:
    add_prices(db)
    add_session(db)
    lineage_id = add_lineage(db)
    open_period(db, lineage_id)
    return lineage_id


def test_a_ping_is_on_record_before_it_is_sent(db: sqlite3.Connection, another: Connect, lineage_id: int) -> None:
    ping_id = reserve(db, lineage_id, at=NOW + 280)
    row = another().execute(
        "SELECT id, lineage_id, session_id, warmer, ttl_class, prefix_tokens, manual, reserved_at, expires_at,"
        " sent_at, settled_at, outcome FROM pings"
    )
    sent = (ping_id, lineage_id, "s1", "replay", "5m", 100_000, 0, NOW + 280, NOW + 300, None, None, "")
    assert row.fetchall() == [sent]


def test_until_its_answer_a_ping_counts_as_read_and_as_write(db: sqlite3.Connection, lineage_id: int) -> None:
    period = idle.current(db, lineage_id)
    assert period is not None
    ping_id = reserve(db, lineage_id)
    assert isinstance(ping_id, int)
    found = pings.spent(db, lineage_id, "s1", period[0], NOW)
    assert (found.idle_pings, found.session_pings) == (1, 1)
    assert (found.idle_usd, found.session_usd, found.day_usd) == pytest.approx((0.02, 0.02, 0.5))
    assert found.day_back_usd == pytest.approx(0.48)

    pings.settle(db, ping_id, outcome="hit", now=NOW + 281, usage=Usage(cache_read=99_000, input=10))
    found = pings.spent(db, lineage_id, "s1", period[0], NOW)
    bill = (99_000 * 0.2 + 10 * 4) / 1e6
    assert (found.idle_usd, found.session_usd, found.day_usd) == pytest.approx((bill, bill, bill))
    assert found.day_back_usd == 0


def test_what_another_worker_has_stopped_meanwhile_is_not_reserved(db: sqlite3.Connection, lineage_id: int) -> None:
    """It missed and paid for a write: whoever decided before that must not pay for a second one."""
    lineages.stop(db, lineage_id, "missed", {})
    assert reserve(db, lineage_id, at=NOW + 280) == "missed"
    lineages.stop(db, lineage_id, "limited", {}, NOW + 280)
    assert reserve(db, lineage_id, at=NOW + 279) == "limited"
    assert isinstance(reserve(db, lineage_id, at=NOW + 280), int)
    assert db.execute("SELECT count(*) FROM pings").fetchone() == (1,)


def test_a_replaced_lineage_is_not_reserved_for(db: sqlite3.Connection, lineage_id: int) -> None:
    lineages.replace(db, lineage_id, "tools_changed")
    assert reserve(db, lineage_id) == "tools_changed"


def test_spent_counts_its_own_period_session_and_day(db: sqlite3.Connection, lineage_id: int) -> None:
    add_session(db, "s2")
    other = add_lineage(db, "s2")
    open_period(db, other, "s2")
    add_ping(db, lineage_id, at=NOW - 1)  # yesterday
    add_ping(db, lineage_id, at=NOW)
    add_ping(db, other, "s2", at=NOW + 1)
    period = idle.current(db, lineage_id)
    assert period is not None
    found = pings.spent(db, lineage_id, "s1", period[0], NOW)
    assert (found.idle_pings, found.session_pings) == (2, 2)
    assert (found.idle_usd, found.session_usd, found.day_usd) == pytest.approx((0.04, 0.04, 0.04))


def test_a_settled_ping_keeps_what_its_answer_said(db: sqlite3.Connection, lineage_id: int) -> None:
    ping_id = reserve(db, lineage_id)
    assert isinstance(ping_id, int)
    usage = Usage(input=1, output=2, cache_read=3, cache_write_5m=4, cache_write_1h=5)
    pings.settle(db, ping_id, outcome="miss", now=NOW + 282, sent_at=NOW + 281, status=200, usage=usage)
    row = db.execute(
        "SELECT outcome, settled_at, sent_at, status, input, output, cache_read, cache_write_5m, cache_write_1h"
        " FROM pings"
    ).fetchone()
    assert row == ("miss", NOW + 282, NOW + 281, 200, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (caps(day=0.5 - 0.0001), "day_cap"),
        (caps(day=0.5), None),
        (caps(session=0.02 - 0.0001), "money_spent"),
        (caps(session=0.02), None),
        (caps(idle_pings=0), "pings_spent"),
        (caps(idle_pings=1), None),
    ],
)
def test_the_first_ping_needs_room_in_every_cap(
    db: sqlite3.Connection, lineage_id: int, limit: Caps, reason: str | None
) -> None:
    found = reserve(db, lineage_id, caps=limit)
    assert (found == reason) if reason else isinstance(found, int)
    assert db.execute("SELECT count(*) FROM pings").fetchone() == (0 if reason else 1,)


def test_one_unanswered_ping_a_lineage(db: sqlite3.Connection, lineage_id: int) -> None:
    first = reserve(db, lineage_id)
    assert isinstance(first, int)
    assert pings.unanswered(db, lineage_id)
    assert reserve(db, lineage_id) == "in_flight"
    assert isinstance(reserve(db, add_lineage(db)), int)
    pings.settle(db, first, outcome="unreachable", now=NOW + 290)
    assert not pings.unanswered(db, lineage_id)
    assert isinstance(reserve(db, lineage_id), int)


def test_a_timeout_is_answered_but_its_reservation_stands(db: sqlite3.Connection, lineage_id: int) -> None:
    ping_id = reserve(db, lineage_id)
    assert isinstance(ping_id, int)
    pings.settle(db, ping_id, outcome="timeout", now=NOW + 340, cost_known=False)
    assert not pings.unanswered(db, lineage_id)
    assert pings.spent(db, lineage_id, "s1", None, NOW).day_usd == pytest.approx(0.5)


def test_after_a_crash_reservations_stand(db: sqlite3.Connection, lineage_id: int) -> None:
    add_ping(db, lineage_id)
    reserve(db, lineage_id)
    reserve(db, add_lineage(db))
    assert pings.abandon_unanswered(db) == 2
    assert pings.abandon_unanswered(db) == 0
    assert db.execute("SELECT outcome FROM pings ORDER BY id").fetchall() == [("hit",), ("lost",), ("lost",)]
    after = pings.spent(db, lineage_id, "s1", None, NOW)
    assert after.day_usd == pytest.approx(0.02 + 2 * 0.5)
    assert after.day_back_usd == 0, "what is lost gives nothing back"


def test_no_second_reservation_between_the_look_and_the_record(
    db: sqlite3.Connection, another: Connect, lineage_id: int
) -> None:
    """At the worst moment, when one worker has read the caps and is about to write, the other is kept out."""
    add_session(db, "s2")
    rival_lineage = add_lineage(db, "s2")
    rival = another()
    last = caps(day=0.6)
    rivals: list[int | str] = []

    def when_writing(statement: str) -> None:
        if statement.startswith("INSERT INTO pings") and not rivals:
            try:
                rivals.append(reserve(rival, rival_lineage, "s2", caps=last))
            except sqlite3.OperationalError as error:
                rivals.append(str(error))

    db.set_trace_callback(when_writing)
    won = reserve(db, lineage_id, caps=last)
    db.set_trace_callback(None)
    assert isinstance(won, int)
    assert rivals == ["database is locked"]
    assert reserve(rival, rival_lineage, "s2", caps=last) == "day_cap"


def test_of_two_that_race_for_the_last_of_a_budget_one_wins(
    db: sqlite3.Connection, store_file: Path, lineage_id: int
) -> None:
    for round_number in range(10):
        add_session(db, f"rival-{round_number}")
        rival = add_lineage(db, f"rival-{round_number}")
        mine = add_lineage(db)
        spent = pings.spent(db, mine, "s1", None, NOW).day_usd
        results = race(
            store_file,
            lambda c, mine=mine, room=spent + 0.6: reserve(c, mine, caps=caps(day=room)),  # type: ignore[misc]
            lambda c, rival=rival, room=spent + 0.6, number=round_number: reserve(  # type: ignore[misc]
                c, rival, f"rival-{number}", caps=caps(day=room)
            ),
        )
        assert sorted(isinstance(result, int) for result in results) == [False, True]
        assert "day_cap" in results


def race(store_file: Path, *racers: Callable[[sqlite3.Connection], int | str]) -> list[int | str]:
    """Run each racer on its own connection and thread, from the same moment on."""
    start = threading.Barrier(len(racers))
    results: list[int | str] = []

    def run(racer: Callable[[sqlite3.Connection], int | str]) -> None:
        with closing(connect(store_file)) as connection:
            start.wait(timeout=10)
            results.append(racer(connection))

    threads = [threading.Thread(target=run, args=(racer,)) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return results


@dataclass
class Sent:
    """What the test itself knows of a ping."""

    ping_id: int
    lineage: int
    session: str
    period: int
    prefix: int
    at: float
    answered: bool = False
    bill: float | None = None
    """None: nobody knows, so the worst is assumed."""
    missed: bool = False

    @property
    def day_usd(self) -> float:
        return self.prefix * WRITE if self.bill is None else self.bill

    @property
    def usd(self) -> float:
        return self.prefix * READ if self.bill is None else self.bill


class Spending(RuleBasedStateMachine):
    """Three lineages of two sessions, pinged at random over several days under random caps.

    The test keeps its own books, from prices and outcomes alone, and compares.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.db = self.stack.enter_context(memory_store())
        add_prices(self.db)
        self.now = NOW
        self.day_start = NOW
        self.sent: list[Sent] = []
        self.lineages: dict[int, str] = {}
        self.periods: dict[int, int] = {}
        for session in ("s1", "s1", "s2"):
            add_session(self.db, session)
            lineage_id = add_lineage(self.db, session)
            self.lineages[lineage_id] = session
            self.periods[lineage_id] = open_period(self.db, lineage_id, session)

    def teardown(self) -> None:
        self.stack.close()

    @initialize(
        day=st.floats(0.0, 4.0),
        session=st.none() | st.floats(0.0, 0.3),
        idle_pings=st.none() | st.integers(0, 5),
    )
    def set_caps(self, day: float, session: float | None, idle_pings: int | None) -> None:
        self.day_cap, self.session_cap, self.idle_cap = day, session, idle_pings

    def books(self, lineage: int) -> tuple[float, float, int, bool]:
        """Money of the day and the session, pings of the idle period, and whether one is on its way."""
        day = sum(ping.day_usd for ping in self.sent if ping.at >= self.day_start)
        session = sum(ping.usd for ping in self.sent if ping.session == self.lineages[lineage])
        count = sum(ping.period == self.periods[lineage] for ping in self.sent)
        return day, session, count, any(ping.lineage == lineage and not ping.answered for ping in self.sent)

    @rule(place=st.integers(0, 2), prefix=st.integers(1, 300_000))
    def reserve(self, place: int, prefix: int) -> None:
        lineage = sorted(self.lineages)[place]
        session = self.lineages[lineage]
        day, money, count, flying = self.books(lineage)
        self.now += 1
        found = reserve(
            self.db,
            lineage,
            session,
            at=self.now,
            prefix=prefix,
            caps=Caps(self.idle_cap, self.session_cap, self.day_cap, self.day_start),
        )
        over = {
            "in_flight": 1.0 if flying else -1.0,
            "day_cap": day + prefix * WRITE - self.day_cap,
            "money_spent": -1.0 if self.session_cap is None else money + prefix * READ - self.session_cap,
            "pings_spent": -1.0 if self.idle_cap is None else float(count - self.idle_cap) + 0.5,
        }
        if isinstance(found, str):
            assert over[found] > -ROUNDING  # refused only for a cap that is truly reached
            return
        assert all(excess <= ROUNDING for excess in over.values())
        self.sent.append(Sent(found, lineage, session, self.periods[lineage], prefix, self.now))

    def answer(self, share: float) -> Sent:
        flying = [ping for ping in self.sent if not ping.answered]
        ping = flying[min(int(share * len(flying)), len(flying) - 1)]
        ping.answered = True
        self.now += 1
        return ping

    @precondition(lambda self: any(not ping.answered for ping in self.sent))
    @rule(share=st.floats(0, 1), read=st.floats(0.95, 1.0))
    def hit(self, share: float, read: float) -> None:
        ping = self.answer(share)
        usage = Usage(cache_read=int(ping.prefix * read))
        ping.bill = usage.cache_read * READ
        pings.settle(self.db, ping.ping_id, outcome="hit", now=self.now, usage=usage)

    @precondition(lambda self: any(not ping.answered for ping in self.sent))
    @rule(share=st.floats(0, 1), written=st.floats(0.0, 1.0))
    def miss(self, share: float, written: float) -> None:
        ping = self.answer(share)
        usage = Usage(cache_write_5m=int(ping.prefix * written))
        ping.bill, ping.missed = usage.cache_write_5m * WRITE, True
        pings.settle(self.db, ping.ping_id, outcome="miss", now=self.now, usage=usage)

    @precondition(lambda self: any(not ping.answered for ping in self.sent))
    @rule(share=st.floats(0, 1), outcome=st.sampled_from(["timeout", "unread", "refused", "too_late"]))
    def fail(self, share: float, outcome: str) -> None:
        ping = self.answer(share)
        known = outcome in ("refused", "too_late")
        ping.bill = 0.0 if known else None
        pings.settle(self.db, ping.ping_id, outcome=outcome, now=self.now, cost_known=known)

    @rule()
    def crash(self) -> None:
        flying = [ping for ping in self.sent if not ping.answered]
        assert pings.abandon_unanswered(self.db) == len(flying)
        for ping in flying:
            ping.answered = True

    @rule(place=st.integers(0, 2))
    def next_request(self, place: int) -> None:
        lineage = sorted(self.lineages)[place]
        self.now += 1
        idle.close_by_request(self.db, lineage, at=self.now, read_tokens=0)
        touch(self.db, lineage, at=self.now)
        self.periods[lineage] = open_period(self.db, lineage, self.lineages[lineage], at=self.now)

    @rule()
    def nobody_comes_back(self) -> None:
        self.now += DAY
        self.day_start = self.now
        idle.close_ended(self.db, self.now)

    @invariant()
    def the_day_cap_holds(self) -> None:
        assert sum(ping.day_usd for ping in self.sent if ping.at >= self.day_start) <= self.day_cap + ROUNDING

    @invariant()
    def the_session_cap_is_never_exceeded_by_reads(self) -> None:
        if self.session_cap is None:
            return
        for session in ("s1", "s2"):
            overshoot = sum(max(0.0, p.usd - p.prefix * READ) for p in self.sent if p.session == session and p.missed)
            spent = sum(ping.usd for ping in self.sent if ping.session == session)
            assert spent <= self.session_cap + overshoot + ROUNDING

    @invariant()
    def the_idle_count_holds(self) -> None:
        for period in {ping.period for ping in self.sent}:
            stored = self.db.execute("SELECT count(*) FROM pings WHERE idle_id = ?", (period,)).fetchone()[0]
            assert stored == sum(ping.period == period for ping in self.sent)
            assert self.idle_cap is None or stored <= self.idle_cap

    @invariant()
    def one_ping_at_a_time(self) -> None:
        for lineage in self.lineages:
            flying = sum(ping.lineage == lineage and not ping.answered for ping in self.sent)
            assert flying <= 1
            assert pings.unanswered(self.db, lineage) is bool(flying)

    @invariant()
    def the_store_agrees_with_the_books(self) -> None:
        for lineage, session in self.lineages.items():
            day, money, count, _ = self.books(lineage)
            found = pings.spent(self.db, lineage, session, self.periods[lineage], self.day_start)
            assert found.idle_pings == count
            assert (found.day_usd, found.session_usd) == pytest.approx((day, money))


TestSpending = Spending.TestCase
TestSpending.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_cap_of_nothing_sends_nothing(db: sqlite3.Connection, lineage_id: int) -> None:
    assert reserve(db, lineage_id, caps=caps(day=0.0)) == "day_cap"
    assert isinstance(reserve(db, lineage_id, caps=NO_CAPS), int)


class TestTakenBack:
    """Nothing was sent and nothing was tried: there was no ping."""

    def test_it_leaves_neither_row_nor_money_nor_a_pinged_period(self, db: sqlite3.Connection, lineage_id: int) -> None:
        before = pings.spent(db, lineage_id, "s1", 1, 0.0)
        ping_id = reserve(db, lineage_id)
        assert isinstance(ping_id, int)
        assert db.execute("SELECT max(pinged) FROM idle_periods").fetchone() == (1,)
        pings.take_back(db, ping_id)
        assert db.execute("SELECT count(*) FROM pings").fetchone() == (0,)
        assert db.execute("SELECT max(pinged) FROM idle_periods").fetchone() == (0,)
        assert pings.spent(db, lineage_id, "s1", 1, 0.0) == before
        assert not pings.unanswered(db, lineage_id)

    def test_the_periods_other_pings_stand(self, db: sqlite3.Connection, lineage_id: int) -> None:
        first = add_ping(db, lineage_id)
        second = reserve(db, lineage_id, at=NOW + 560)
        assert isinstance(second, int)
        pings.take_back(db, second)
        assert db.execute("SELECT id FROM pings").fetchall() == [(first,)]
        assert db.execute("SELECT max(pinged) FROM idle_periods").fetchone() == (1,)
        pings.take_back(db, first)
        assert db.execute("SELECT id, outcome FROM pings").fetchall() == [(first, "hit")], "it was answered"

    def test_the_next_one_finds_its_caps_as_they_were(self, db: sqlite3.Connection, lineage_id: int) -> None:
        one = Caps(idle_pings=1, session_usd=None, day_usd=1e9, day_start=0.0)
        ping_id = reserve(db, lineage_id, caps=one)
        assert isinstance(ping_id, int)
        assert reserve(db, lineage_id, caps=one) == "in_flight"
        pings.take_back(db, ping_id)
        assert isinstance(reserve(db, lineage_id, caps=one), int)
