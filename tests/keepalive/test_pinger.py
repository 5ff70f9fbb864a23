"""Pings as they are planned, sent, judged and stopped: each rule seen from the outside, with a scripted provider."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from keepalive.ping import equal_but_for_ping_fields
from keepalive.pinger import LOOK_AGAIN
from keepalive.usage import Bucket, RateLimits
from keepalive.warmer import WarmAnswer, WarmRequest
from store import budgets, idle, lineages, pings, sessions
from store.models import BudgetMode, Usage
from store.rows import LineageRow
from tests.keepalive.money_harness import (
    KEY,
    OTHER_KEY,
    PREFIX,
    READ,
    UPSTREAM,
    WRITE_5M,
    Talk,
    World,
    answer_body,
)

READ_USD = PREFIX * READ / 1e6
WRITE_USD = PREFIX * WRITE_5M / 1e6
MARGIN = 15.0 + 0.5
"""Of the 5m class, with this lineage's p95 time to first byte."""
LAST = 2.0

ROW = "SELECT outcome, settled_at IS NOT NULL, sent_at, status, cache_read, manual FROM pings ORDER BY id"
MONEY = "SELECT usd, day_usd FROM ping_money ORDER BY id"


class TestThePlan:
    async def test_is_written_with_its_reason_and_rings_when_due(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        assert row.last_touch_at is not None
        assert row.why == "kept"
        assert row.why_args["n"] == 2
        assert row.max_idle_pings == 2
        due = row.last_touch_at + 300.0 - MARGIN
        assert row.next_ping_at == pytest.approx(due)
        assert world.alarm.at == {row.id: row.next_ping_at}

    async def test_is_none_after_one_request(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=PREFIX)
        assert await world.plan() == ("one_request", None)

    async def test_is_none_while_a_request_is_on_its_way(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        exchange = world.start(talk)
        await world.pinger.replan(talk.session)
        why, at = await world.plan()
        row = await world.lineage()
        assert why == "working"
        assert row.next_ping_at is None
        assert row.last_touch_at is not None
        assert at == pytest.approx(row.last_touch_at + 300.0 - MARGIN)  # only to look again
        await world.finish(exchange, answer_body(PREFIX, 0))
        assert (await world.plan())[0] == "kept"

    async def test_looks_again_while_somebody_else_holds_the_launch_but_not_past_the_last_moment(
        self, world: World, talk: Talk
    ) -> None:
        """A launch whose client names no session counts for all of them; its end is told to one of them alone."""
        row = await world.settled(talk)
        world.flights.enter((talk.launch, ""))
        await world.fire(row.id)
        assert await world.plan() == ("working", world.clock.wall() + LOOK_AGAIN)
        world.flights.leave((talk.launch, ""))
        await world.fire(row.id)
        assert len(world.script.asked) == 1
        world.flights.enter((talk.launch, ""))
        await world.fire(row.id, late=MARGIN - LAST - LOOK_AGAIN)
        assert await world.plan() == ("working", None)

    async def test_of_an_unknown_session_is_nothing(self, world: World) -> None:
        await world.pinger.replan("nobody")
        await world.pinger.fire(99)
        assert world.alarm.at == {}

    async def test_of_an_ended_session_is_taken_back(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.store.write(lambda c: sessions.end(c, talk.session, "ended", world.clock.wall()))
        await world.pinger.replan(talk.session)
        assert await world.plan() == ("ended", None)
        assert (await world.lineage()).next_ping_at is None
        assert row.id not in world.alarm.at

    async def test_of_every_session_is_worked_out_at_once(self, world: World, talk: Talk) -> None:
        for each in (talk, Talk(session="session-2")):
            await world.settled(each)
        world.alarm.at.clear()
        await world.pinger.replan_all()
        assert len(world.alarm.at) == 2

    async def test_without_an_alarm_clock_is_only_written(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        world.pinger._alarm = None
        await world.pinger.replan(talk.session)
        assert (await world.plan())[0] == "kept"

    async def test_loads_the_senders_library_once_and_not_before_it_is_needed(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=PREFIX)
        await asyncio.sleep(0)
        assert world.script.prepared == 0
        await world.resume(talk)
        await world.resume(talk)
        await asyncio.sleep(0)
        assert world.script.prepared == 1
        await world.pinger.close()
        assert world.script.closed


class TestADuePing:
    async def test_is_sent_once_as_the_captured_request(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.fire(row.id)
        (request,) = world.script.asked
        assert row.last_touch_at is not None
        assert request.lineage_id == row.id
        assert request.not_after == pytest.approx(row.last_touch_at + 300.0 - LAST)
        assert equal_but_for_ping_fields(talk.body(), request.body)
        assert request.headers == talk.headers()
        assert (request.target, request.upstream, request.proxy) == ("/v1/messages?beta=true", UPSTREAM, None)

    async def test_is_in_the_store_before_it_is_sent(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        seen: list[tuple[object, ...]] = []

        async def look(request: WarmRequest) -> WarmAnswer:
            columns = "outcome, settled_at, prefix_tokens, model, ttl_class, warmer, manual, lineage_id, idle_id"
            seen.extend(await world.rows(f"SELECT {columns} FROM pings"))  # noqa: S608
            seen.extend(await world.rows(MONEY))
            return world.script.answer(read=PREFIX)

        world.script.script.append(look)
        period = await world.store.read(lambda connection: idle.current(connection, row.id))
        assert period is not None
        await world.fire(row.id)
        assert seen == [
            ("", None, PREFIX, row.model, "5m", "replay", 0, row.id, period[0]),
            (pytest.approx(READ_USD), pytest.approx(WRITE_USD)),
        ]

    async def test_that_hits_moves_the_expiry_and_the_next_alarm(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.fire(row.id)
        sent = world.clock.wall()
        after = await world.lineage()
        assert (after.last_touch_at, after.last_request_at, after.requests) == (sent, row.last_request_at, 2)
        assert after.next_ping_at == pytest.approx(sent + 300.0 - MARGIN)
        assert world.alarm.at == {row.id: after.next_ping_at}
        assert after.why_args["n"] == 1
        assert after.max_idle_pings == 2
        assert await world.rows(ROW) == [("hit", 1, sent, 200, PREFIX, 0)]
        assert await world.rows(MONEY) == [(pytest.approx(READ_USD), pytest.approx(READ_USD))]

    async def test_that_hits_counts_from_its_start_not_from_its_answer(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)

        async def slow(request: WarmRequest) -> WarmAnswer:
            answer = world.script.answer(read=PREFIX)
            world.clock.advance(9.0)
            return answer

        world.script.script.append(slow)
        await world.fire(row.id)
        assert (await world.lineage()).last_touch_at == world.clock.wall() - 9.0

    async def test_is_followed_by_as_many_as_the_bet_allows(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        while row.id in world.alarm.at:
            await world.fire(row.id)
        assert len(world.script.asked) == 2
        assert (await world.plan())[0] == "not_worth"

    async def test_before_its_time_is_not_sent(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.pinger.fire(row.id)
        assert world.script.asked == []
        assert world.alarm.at[row.id] == row.next_ping_at

    @pytest.mark.parametrize(
        ("late", "sent", "why"),
        [
            (0.0, 1, "kept"),
            (MARGIN - LAST - 0.01, 1, "kept"),
            (MARGIN - LAST, 0, "too_late"),
            (MARGIN - 0.01, 0, "too_late"),
            (MARGIN, 0, "expired"),
            (4_000.0, 0, "expired"),
        ],
    )
    async def test_that_rings_late_is_sent_only_before_the_last_moment(
        self, world: World, talk: Talk, late: float, sent: int, why: str
    ) -> None:
        row = await world.settled(talk)
        await world.fire(row.id, late=late)
        assert len(world.script.asked) == sent
        assert await world.rows("SELECT count(*) FROM pings") == [(sent,)]
        assert (await world.plan())[0] == why
        assert (row.id in world.alarm.at) is bool(sent)

    async def test_of_a_slow_lineage_is_due_earlier(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=PREFIX)
        talk.go_on()
        exchange = world.start(talk)
        world.clock.advance(30.0)
        await world.finish(exchange, answer_body(PREFIX, 0), first_byte=20.0)
        row = await world.lineage()
        assert row.last_touch_at is not None
        assert row.next_ping_at == pytest.approx(row.last_touch_at + 300.0 - 15.0 - 20.0)
        await world.fire(row.id)
        assert world.script.asked[0].not_after == pytest.approx(row.last_touch_at + 300.0 - 20.0)

    async def test_is_never_sent_twice_at_once(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        gate = asyncio.Event()

        async def slow(request: WarmRequest) -> WarmAnswer:
            await gate.wait()
            return world.script.answer(read=PREFIX)

        world.script.script.append(slow)
        first = asyncio.ensure_future(world.fire(row.id))
        await world.script.was_asked.wait()
        await world.pinger.fire(row.id)
        assert await world.pinger.ping_now(talk.session) == "in_flight"
        assert await world.plan() == ("in_flight", None)
        gate.set()
        await first
        assert len(world.script.asked) == 1
        assert (await world.plan())[0] == "kept"

    async def test_is_not_sent_by_two_alarms_that_ring_together(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.clock.advance(world.alarm.at[row.id] - world.clock.wall())
        await asyncio.gather(*(world.pinger.fire(row.id) for _ in range(4)), world.pinger.ping_now(talk.session))
        assert len(world.script.asked) == 1


class TestAMiss:
    async def test_stops_the_lineage_until_the_next_real_request(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.script.script.append(world.script.answer(read=100, write=PREFIX - 100))
        await world.fire(row.id)
        assert await world.plan() == ("missed", None)
        after = await world.lineage()
        assert (after.stop, after.stop_args, after.last_touch_at) == ("missed", {"read_percent": 0}, row.last_touch_at)
        await world.pinger.fire(row.id)
        await world.pinger.replan_all()
        assert await world.pinger.ping_now(talk.session) == "missed"
        assert len(world.script.asked) == 1
        assert (await world.resume(talk)).why == "kept"
        await world.fire(row.id)
        assert len(world.script.asked) == 2

    async def test_costs_what_was_billed(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.script.script.append(world.script.answer(write=PREFIX))
        await world.fire(row.id)
        assert await world.rows(MONEY) == [(pytest.approx(WRITE_USD), pytest.approx(WRITE_USD))]
        assert (await world.rows(ROW))[0][:2] == ("miss", 1)

    async def test_of_one_lineage_does_not_stop_another(self, world: World, talk: Talk) -> None:
        other = Talk(session="session-2")
        row, second = await world.settled(talk), await world.settled(other)
        world.script.script.append(world.script.answer(write=PREFIX))
        await world.fire(row.id)
        await world.fire(second.id)
        assert (await world.plan())[0] == "missed"
        assert (await world.plan("session-2"))[0] == "kept"
        assert len(world.script.asked) == 2


class TestARefusedKey:
    @pytest.mark.parametrize("status", [401, 403])
    async def test_stops_its_account_until_that_accounts_next_good_answer(
        self, world: World, talk: Talk, status: int
    ) -> None:
        same, foreign = Talk(session="session-2"), Talk(session="session-3", key=OTHER_KEY)
        rows = [await world.settled(each) for each in (talk, same, foreign)]
        world.script.script.append(WarmAnswer("refused", status=status, sent_at=world.clock.wall()))
        await world.fire(rows[0].id)
        assert await world.plan() == ("refused", None)
        assert await world.plan("session-2") == ("refused", None)
        assert (await world.plan("session-3"))[0] == "kept"
        await world.pinger.fire(rows[1].id)
        assert await world.pinger.ping_now("session-2") == "refused"
        assert await world.pinger.ping_now("session-3") == "hit"
        assert len(world.script.asked) == 2
        assert (await world.lineage()).why_args == {"status": status, "warmer": "replay"}

        world.clock.advance(5.0)
        await world.fail(talk, status)
        assert (await world.plan("session-2"))[0] == "refused"
        await world.resume(talk)
        assert (await world.plan())[0] == (await world.plan("session-2"))[0] == "kept"
        await world.fire(rows[1].id)
        assert len(world.script.asked) == 3
        assert world.script.asked[2].lineage_id == rows[1].id

    async def test_costs_nothing(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.script.script.append(WarmAnswer("refused", status=401, sent_at=world.clock.wall()))
        await world.fire(row.id)
        assert await world.rows(MONEY) == [(0, 0)]
        assert (await world.rows(ROW))[0][:2] == ("refused", 1)

    async def test_a_refused_request_stops_its_lineage_alone(self, world: World, talk: Talk) -> None:
        row, other = await world.settled(talk), await world.settled(Talk(session="session-2"))
        world.script.script.append(WarmAnswer("refused", status=400, sent_at=world.clock.wall()))
        await world.fire(row.id)
        assert await world.plan() == ("provider", None)
        await world.fire(other.id)
        assert len(world.script.asked) == 2


class TestARateLimit:
    async def limited(self, world: World, talk: Talk, answer: WarmAnswer) -> LineageRow:
        row = await world.settled(replace(talk, ttl="1h"))
        await world.budget(talk.session, BudgetMode.HOLD, until=world.clock.wall() + 20_000.0)
        world.script.script.append(answer)
        await world.fire(row.id)
        assert (await world.plan())[0] == "limited"
        assert len(world.script.asked) == 1
        return row

    async def test_is_waited_for_as_long_as_was_said(self, world: World, talk: Talk) -> None:
        row = await self.limited(world, talk, WarmAnswer("limited", status=429, retry_after=20.0, sent_at=1.0))
        assert await world.plan() == ("limited", world.clock.wall() + 20.0)
        assert await world.pinger.ping_now(talk.session) == "limited"
        await world.fire(row.id)
        assert len(world.script.asked) == 2
        assert (await world.plan())[0] == "held"

    async def test_is_waited_for_until_its_bucket_is_full_again(self, world: World, talk: Talk) -> None:
        # A plan is made for the moment in which the answer came.
        reset = world.clock.wall() + 2.0 + 10.0 + 3_600.0 - 30.0
        told = RateLimits(requests=Bucket(50, 0, reset), tokens=Bucket(100, 90, reset + 500))
        row = await self.limited(world, talk, WarmAnswer("limited", status=429, limits=told, sent_at=1.0))
        assert await world.plan() == ("limited", reset)
        await world.fire(row.id)
        assert len(world.script.asked) == 2

    async def test_without_an_end_lasts_until_the_next_good_answer(self, world: World, talk: Talk) -> None:
        await self.limited(world, talk, WarmAnswer("limited", status=429, sent_at=1.0))
        assert await world.plan() == ("limited", None)
        assert (await world.resume(talk)).why == "held"

    async def test_of_one_account_is_none_of_another(self, world: World, talk: Talk) -> None:
        foreign = Talk(session="session-2", key=OTHER_KEY, ttl="1h")
        other = await world.settled(foreign)
        await self.limited(world, talk, WarmAnswer("limited", status=429, sent_at=1.0))
        await world.fire(other.id)
        assert len(world.script.asked) == 2

    async def test_near_its_end_leaves_the_rest_to_real_requests(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        answer = replace(
            world.script.answer(read=PREFIX), limits=RateLimits(requests=Bucket(100, 5, world.clock.wall() + 9_000))
        )
        world.script.script.append(answer)
        await world.fire(row.id)
        assert (await world.plan())[0] == "near_limit"


class TestATroubledProvider:
    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (WarmAnswer("provider_error", status=500, sent_at=1.0), "provider_error"),
            (WarmAnswer("provider_error", status=529, sent_at=1.0), "provider_error"),
            (WarmAnswer("timeout", sent_at=1.0), "timeout"),
            (WarmAnswer("unreachable"), "unreachable"),
            (WarmAnswer("unreachable", sent_at=1.0), "unreachable"),
        ],
    )
    async def test_is_not_asked_again_before_the_next_real_request(
        self, world: World, talk: Talk, answer: WarmAnswer, outcome: str
    ) -> None:
        row = await world.settled(talk)
        world.script.script.append(answer)
        await world.fire(row.id)
        assert await world.plan() == ("provider", None)
        await world.pinger.fire(row.id)
        assert await world.pinger.ping_now(talk.session) == "provider"
        assert len(world.script.asked) == 1
        assert (await world.rows(ROW))[0][0] == outcome
        assert (await world.resume(talk)).why == "kept"

    @pytest.mark.parametrize(
        ("answer", "usd"),
        [
            (WarmAnswer("provider_error", status=500, sent_at=1.0), (0.0, 0.0)),
            (WarmAnswer("provider_error", status=200, sent_at=1.0), (READ_USD, WRITE_USD)),
            (WarmAnswer("timeout", sent_at=1.0), (READ_USD, WRITE_USD)),
            (WarmAnswer("timeout"), (0.0, 0.0)),
            (WarmAnswer("unreachable", sent_at=1.0), (READ_USD, WRITE_USD)),
            (WarmAnswer("unreachable"), (0.0, 0.0)),
            (WarmAnswer("answered", status=200, sent_at=1.0), (READ_USD, WRITE_USD)),
        ],
    )
    async def test_keeps_its_reservation_where_nobody_knows_what_was_billed(
        self, world: World, talk: Talk, answer: WarmAnswer, usd: tuple[float, float]
    ) -> None:
        row = await world.settled(talk)
        world.script.script.append(answer)
        await world.fire(row.id)
        assert await world.rows(MONEY) == [pytest.approx(usd)]

    async def test_a_warmer_that_raises_keeps_its_reservation_and_stops(
        self, world: World, talk: Talk, caplog: pytest.LogCaptureFixture
    ) -> None:
        row = await world.settled(talk)
        world.script.script.append(RuntimeError(f"with the key {KEY} in it"))
        await world.fire(row.id)
        assert await world.plan() == ("provider", None)
        assert await world.rows(MONEY) == [pytest.approx((READ_USD, WRITE_USD))]
        assert "RuntimeError" in caplog.text
        assert KEY not in caplog.text

    async def test_a_captured_body_that_cannot_be_replayed_costs_nothing(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        held = world.vault.get(row.id)
        assert held is not None
        world.vault.hold(row.id, replace(held, body=b"[]"))
        await world.fire(row.id)
        assert world.script.asked == []
        assert await world.rows(ROW) == []
        assert await world.plan() == ("not_replayable", None)
        assert (await world.resume(talk)).why == "kept"


class TestAnAnswerThatComesLate:
    """A ping may take a minute, and the world goes on."""

    @pytest.mark.parametrize(
        "answer",
        [
            WarmAnswer("provider_error", status=500, sent_at=1.0),
            WarmAnswer("timeout", sent_at=1.0),
            WarmAnswer("refused", status=400, sent_at=1.0),
            WarmAnswer("answered", status=200, sent_at=1.0, usage=Usage(cache_write_5m=PREFIX)),
        ],
    )
    async def test_does_not_stop_what_a_real_request_has_written_since(
        self, world: World, talk: Talk, answer: WarmAnswer
    ) -> None:
        row = await world.settled(talk)

        async def overtaken(request: WarmRequest) -> WarmAnswer:
            await world.resume(talk)
            return answer

        world.script.script.append(overtaken)
        await world.fire(row.id)
        after = await world.lineage()
        assert (after.id, after.stop, after.why) == (row.id, "", "kept")

    async def test_stops_what_another_kind_of_end_left_as_it_was(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)

        async def overtaken(request: WarmRequest) -> WarmAnswer:
            await world.fail(talk, 529)
            return WarmAnswer("timeout", sent_at=1.0)

        world.script.script.append(overtaken)
        await world.fire(row.id)
        assert await world.plan() == ("provider", None)

    async def test_that_tells_of_a_limit_does_not_end_a_refusal(self, world: World, talk: Talk) -> None:
        """Two sessions of one account: its key was refused while the other one's ping was on its way."""
        other = Talk(session="session-2")
        row = await world.settled(talk)
        await world.settled(other)
        other_row = await world.lineage(other.session)

        async def limited(request: WarmRequest) -> WarmAnswer:
            world.script.script.append(WarmAnswer("refused", status=401, sent_at=1.0))
            assert await world.pinger.ping_now(other.session) == "refused"
            return WarmAnswer("limited", status=429, retry_after=40.0, sent_at=1.0)

        world.script.script.append(limited)
        await world.fire(row.id)
        world.clock.advance(60.0)
        for each in (row, other_row):
            await world.pinger.fire(each.id)
        assert len(world.script.asked) == 2
        assert (await world.plan())[0] == "refused"


Interference = Callable[[World, Talk], Awaitable[None]]


async def a_request_starts(world: World, talk: Talk) -> None:
    world.start(talk)


async def a_newer_request_is_held(world: World, talk: Talk) -> None:
    talk.go_on()
    await world.ask(talk, read=PREFIX)


async def the_session_ends(world: World, talk: Talk) -> None:
    world.vault.drop_session(talk.session)


async def the_process_dies(world: World, talk: Talk) -> None:
    world.dead.add(talk.session)


async def another_prefix_takes_over(world: World, talk: Talk) -> None:
    talk.tool = "Write"
    await world.ask(talk, write=PREFIX)


async def the_account_is_stopped(world: World, talk: Talk) -> None:
    other = Talk(session="session-2")
    row = await world.lineage("session-2")
    world.script.script.append(WarmAnswer("refused", status=401, sent_at=1.0))
    assert await world.pinger.ping_now(other.session) == "refused"
    world.script.asked.clear()
    assert row.id


async def the_clock_is_set_back(world: World, talk: Talk) -> None:
    world.clock.step(-7_200.0)
    await world.pinger.check_clock()


OVERTAKEN: list[Interference] = [
    a_request_starts,
    a_newer_request_is_held,
    the_session_ends,
    the_process_dies,
    another_prefix_takes_over,
    the_account_is_stopped,
    the_clock_is_set_back,
]


@pytest.mark.parametrize("interference", OVERTAKEN)
async def test_what_happens_between_reservation_and_sending_gives_it_up_at_no_cost(
    world: World, talk: Talk, interference: Interference
) -> None:
    row = await world.settled(talk)
    await world.settled(Talk(session="session-2"))

    async def interfere() -> None:
        await interference(world, talk)

    world.store.after_reserve = interfere
    await world.fire(row.id)
    assert world.store.after_reserve is None
    assert world.script.asked == []
    left = await world.rows("SELECT outcome FROM pings WHERE lineage_id = ?", row.id)
    assert left == [], "what never left was no ping"
    assert (await world.lineage()).stop == ""


async def it_is_switched_off(world: World, talk: Talk) -> None:
    def off(connection: sqlite3.Connection) -> None:
        budgets.put(
            connection, talk.session, mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=world.clock.wall()
        )

    await world.store.write(off)
    await world.pinger.replan(talk.session)


@pytest.mark.parametrize("interference", [*OVERTAKEN, it_is_switched_off])
async def test_what_happens_while_the_connection_comes_up_is_seen_at_the_last_moment(
    world: World, talk: Talk, interference: Interference
) -> None:
    row = await world.settled(talk)
    await world.settled(Talk(session="session-2"))
    looked: list[bool] = []

    async def connecting(request: WarmRequest) -> WarmAnswer:
        looked.append(request.still_wanted())
        await interference(world, talk)
        looked.append(request.still_wanted())
        return WarmAnswer("too_late")

    world.script.script.append(connecting)
    await world.fire(row.id)
    assert looked == [True, False]


class TestWhatIsNotPinged:
    @pytest.mark.parametrize(
        ("interference", "why"),
        [
            (the_process_dies, "dead"),
            (the_session_ends, "no_prefix"),
            (a_request_starts, "working"),
            (another_prefix_takes_over, "one_request"),
        ],
    )
    async def test_by_the_time_the_alarm_rings(
        self, world: World, talk: Talk, interference: Interference, why: str
    ) -> None:
        row = await world.settled(talk)
        await interference(world, talk)
        world.alarm.at.setdefault(row.id, world.clock.wall() + 270.0)
        await world.fire(row.id)
        assert world.script.asked == []
        assert (await world.plan())[0] == why

    @pytest.mark.parametrize("reason", ["ended", "dead", "cleared"])
    async def test_a_session_that_is_over(self, world: World, talk: Talk, reason: str) -> None:
        row = await world.settled(talk)
        await world.store.write(lambda c: sessions.end(c, talk.session, reason, world.clock.wall()))
        await world.fire(row.id)
        assert world.script.asked == []
        assert await world.pinger.ping_now(talk.session) == "ended"

    async def test_a_subagent(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        row = await world.settled(replace(talk, agent="sub-1"))
        assert row.id not in world.alarm.at
        world.clock.advance(290.0)
        await world.pinger.fire(row.id)
        assert world.script.asked == []

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"oauth": True}, "plan_login"),
            ({"model": "a-model-that-nobody-knows"}, "no_price"),
            ({"extra": {"thinking": {"type": "enabled", "budget_tokens": 9_000}}}, "thinking"),
            ({"extra": {"tool_choice": {"type": "any"}}}, "not_replayable"),
        ],
    )
    async def test_a_session_that_must_not_be(
        self, world: World, talk: Talk, change: dict[str, object], why: str
    ) -> None:
        for name, value in change.items():
            setattr(talk, name, value)
        row = await world.settled(talk)
        assert await world.plan() == (why, None)
        assert await world.pinger.ping_now(talk.session) == why
        world.clock.advance(285.0)
        await world.pinger.fire(row.id)
        assert world.script.asked == []

    async def test_a_small_prefix(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=10_000)
        await world.ask(talk, read=10_000)
        assert (await world.plan())[0] == "under_floor"
        await world.ask(talk, read=511)
        assert (await world.plan())[0] == "too_small"
        assert await world.pinger.ping_now(talk.session) == "too_small"

    async def test_after_a_restart_before_the_next_message(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.restart()
        assert await world.plan() == ("no_prefix", None)
        await world.pinger.fire(row.id)
        assert await world.pinger.ping_now(talk.session) == "no_prefix"
        assert world.script.asked == []
        assert (await world.resume(talk)).why == "kept"

    async def test_a_session_opened_again_without_a_request(self, world: World, talk: Talk) -> None:
        """No idle period would count what is spent."""
        row = await world.settled(talk)
        await world.store.write(lambda c: idle.close_unreturned(c, row.id, at=world.clock.wall(), by="end"))
        await world.pinger.replan(talk.session)
        assert await world.plan() == ("no_request", None)
        assert await world.pinger.ping_now(talk.session) == "no_request"


class TestTheClock:
    async def test_after_a_suspend_nothing_late_is_sent(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.clock.suspend(3_600.0)
        await world.pinger.check_clock()
        assert await world.plan() == ("expired", None)
        await world.pinger.fire(row.id)
        assert world.script.asked == []

    async def test_after_a_suspend_an_alarm_that_rings_first_looks_at_the_clock_itself(
        self, world: World, talk: Talk
    ) -> None:
        row, other = await world.settled(talk), await world.settled(Talk(session="session-2"))
        world.clock.suspend(3_600.0)
        await world.pinger.fire(row.id)
        assert world.script.asked == []
        assert await world.plan("session-2") == ("expired", None)
        assert other.id not in world.alarm.at

    async def test_after_a_short_suspend_a_ping_is_sent_in_time(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.clock.suspend(290.0 - 2.0)
        await world.pinger.check_clock()
        assert await world.plan() == ("kept", world.clock.wall())
        await world.fire(row.id)
        assert len(world.script.asked) == 1

    async def test_set_back_it_cannot_be_trusted_until_the_next_request(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.clock.step(-100.0)
        await world.pinger.check_clock()
        assert await world.plan() == ("clock", None)
        for _ in range(8):
            world.clock.advance(50.0)
            await world.pinger.fire(row.id)
            assert await world.pinger.ping_now(talk.session) in ("clock", "too_late", "expired")
        assert world.script.asked == []
        assert (await world.resume(talk)).why == "kept"
        await world.fire(row.id)
        assert len(world.script.asked) == 1

    async def test_set_back_under_a_running_request_its_age_is_unknown_too(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        exchange = world.start(talk)
        world.clock.advance(5.0)
        world.clock.step(-100.0)
        await world.pinger.check_clock()
        world.clock.advance(5.0)
        await world.finish(exchange, answer_body(PREFIX, 0))
        assert await world.plan() == ("clock", None)
        world.clock.advance(285.0 + 95.0)  # by the clock it would be due now, by the provider it is long gone
        await world.pinger.fire(row.id)
        assert world.script.asked == []

    async def test_set_back_it_is_looked_at_before_a_ping_that_was_asked_for(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        world.clock.advance(200.0)
        world.clock.step(-100.0)
        assert await world.pinger.ping_now(talk.session) == "clock"
        assert world.script.asked == []

    async def test_set_forward_it_expires_everything(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        world.clock.step(4_000.0)
        await world.pinger.check_clock()
        assert await world.plan() == ("expired", None)

    async def test_in_order_changes_no_plan(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.alarm.at.clear()
        world.clock.advance(20.0)
        await world.pinger.check_clock()
        assert world.alarm.at == {}
        assert (await world.lineage()).next_ping_at == row.next_ping_at


async def test_no_log_line_shows_a_key_or_a_body(world: World, talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    talk.said = ["the secret plan"]
    row = await world.settled(talk)
    await world.fire(row.id)
    assert "hit" in caplog.text
    assert KEY not in caplog.text
    assert "the secret plan" not in caplog.text


async def test_a_stop_of_the_store_holds_in_every_mode(world: World, talk: Talk) -> None:
    row = await world.settled(talk)
    await world.store.write(lambda connection: lineages.stop(connection, row.id, "missed", {"read_percent": 0}))
    for mode in BudgetMode:
        await world.budget(talk.session, mode)
        assert await world.pinger.ping_now(talk.session) == "missed"
    assert world.script.asked == []


async def test_an_unanswered_ping_of_another_worker_holds_the_lineage(world: World, talk: Talk) -> None:
    """Should two workers ever meet on one store."""
    row = await world.settled(talk)

    def reserve(connection: sqlite3.Connection) -> int | str:
        return pings.reserve(
            connection,
            lineage_id=row.id,
            session_id=talk.session,
            warmer="replay",
            model=row.model,
            ttl_class="5m",
            prefix_tokens=PREFIX,
            manual=False,
            now=world.clock.wall(),
            expires_at=world.clock.wall() + 100,
            read_usd=READ_USD,
            write_usd=WRITE_USD,
            caps=pings.Caps(idle_pings=None, session_usd=None, day_usd=3.0, day_start=0.0),
        )

    assert isinstance(await world.store.write(reserve), int)
    await world.fire(row.id)
    assert world.script.asked == []
    assert (await world.plan())[0] == "in_flight"
