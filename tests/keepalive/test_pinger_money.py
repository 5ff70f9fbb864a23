"""What pings may cost: budgets, caps at their boundary, pings that a person asked for, and what a crash leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import keepalive.attempts
from keepalive.config import Config, section
from keepalive.ping import equal_but_for_ping_fields
from keepalive.vault import Captured
from keepalive.warmer import WarmAnswer, WarmRequest
from store import budgets, pings
from store.database import connect
from store.models import BudgetMode, Usage
from store.rows import LineageRow
from tests.keepalive.money_harness import (
    PREFIX,
    READ,
    WRITE_5M,
    Talk,
    World,
    opened,
)

READ_USD = PREFIX * READ / 1e6
WRITE_USD = PREFIX * WRITE_5M / 1e6
MARGIN = 15.0 + 0.5
"""Of the 5m class, with this lineage's p95 time to first byte."""

ROW = "SELECT outcome, settled_at IS NOT NULL, sent_at, status, cache_read, manual FROM pings ORDER BY id"
MONEY = "SELECT usd, day_usd FROM ping_money ORDER BY id"


class TestBudgets:
    async def test_off_takes_the_plan_back_and_auto_makes_it_again(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.OFF)
        assert await world.plan() == ("off", None)
        await world.pinger.fire(row.id)
        assert world.script.asked == []
        await world.budget(talk.session, BudgetMode.AUTO)
        assert (await world.plan())[0] == "kept"

    async def test_the_default_holds_for_sessions_without_their_own(self, world: World, talk: Talk) -> None:
        own = Talk(session="session-2")
        for each in (talk, own):
            await world.settled(each)
        await world.budget(own.session, BudgetMode.AUTO)
        await world.budget(budgets.DEFAULT, BudgetMode.OFF)
        assert (await world.plan())[0] == "off"
        assert (await world.plan("session-2"))[0] == "kept"

    async def test_a_hold_pings_on_where_auto_would_stop_and_ends_in_time(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        until = world.clock.wall() + 3_600.0
        await world.budget(talk.session, BudgetMode.HOLD, until=until)
        assert (await world.plan())[0] == "held"
        while row.id in world.alarm.at and world.clock.wall() < until:
            await world.fire(row.id)
        assert len(world.script.asked) == 12
        last = (await world.lineage()).last_touch_at
        assert last is not None
        assert last < until <= last + 300.0
        assert (await world.plan())[0] in ("held", "until_over")
        await world.pinger.fire(row.id)
        assert len(world.script.asked) == 12

    async def test_a_count_holds_for_an_idle_period(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.AUTO, pings=2)
        while row.id in world.alarm.at:
            await world.fire(row.id)
        assert len(world.script.asked) == 2
        assert await world.plan() == ("pings_spent", None)
        await world.resume(talk)
        await world.fire(row.id)
        assert len(world.script.asked) == 3

    async def test_money_holds_for_the_session(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.AUTO, usd=2 * READ_USD)
        for _ in range(2):
            await world.fire(row.id)
        assert await world.plan() == ("money_spent", None)
        await world.resume(talk)
        assert await world.plan() == ("money_spent", None)
        assert await world.pinger.ping_now(talk.session) == "money_spent"
        assert len(world.script.asked) == 2

    async def test_a_cap_a_ping_may_be_the_sessions_own(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        for cap, why in [(READ_USD * 0.999, "ping_cost"), (READ_USD, "kept"), (None, "kept")]:
            await world.store.write(
                lambda connection, cap=cap: budgets.put(  # type: ignore[misc]
                    connection,
                    talk.session,
                    mode=BudgetMode.AUTO,
                    pings=None,
                    usd=None,
                    until=None,
                    usd_per_ping=cap,
                    now=world.clock.wall(),
                )
            )
            await world.pinger.replan(talk.session)
            assert (await world.plan())[0] == why

    async def test_a_pause_stops_every_session_and_what_was_asked_for(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.HOLD)
        await world.store.write(lambda connection: budgets.pause(connection, world.clock.wall() + 60.0))
        await world.pinger.replan_all()
        assert await world.plan() == ("paused", None)
        await world.pinger.fire(row.id)
        assert await world.pinger.ping_now(talk.session) == "paused"
        assert world.script.asked == []
        world.clock.advance(60.0)
        assert await world.pinger.ping_now(talk.session) == "hit"


class TestARestart:
    """A budget is stored; the bytes that a ping needs are not."""

    async def held(self, world: World, talk: Talk) -> LineageRow:
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.HOLD, until=world.clock.wall() + 3_600.0)
        assert (await world.plan())[0] == "held"
        return row

    async def test_holds_nothing_and_sends_nothing(self, world: World, talk: Talk) -> None:
        row = await self.held(world, talk)
        await world.restart()
        assert await world.plan() == ("no_prefix", None)
        world.clock.advance(284.0)
        await world.pinger.fire(row.id)
        assert await world.pinger.ping_now(talk.session) == "no_prefix"
        assert world.script.asked == []

    async def test_lets_go_of_what_went_cold_meanwhile(self, world: World, talk: Talk) -> None:
        """The next request comes too late to read the entry: it begins anew, and that is what is held from then on."""
        row = await self.held(world, talk)
        world.clock.advance(301.0)
        await world.restart()
        await world.pinger.fire(row.id)
        assert await world.plan() == ("no_prefix", None)
        assert world.alarm.at == {}
        talk.go_on()
        await world.ask(talk, write=PREFIX)
        assert await world.plan() == ("one_request", None)
        assert (await world.resume(talk)).why == "held"
        assert world.script.asked == []

    async def test_of_a_warm_session_that_then_goes_cold_says_so(self, world: World, talk: Talk) -> None:
        row = await self.held(world, talk)
        await world.restart()
        row = await world.resume(talk)
        world.clock.advance(300.0)
        await world.pinger.fire(row.id)
        assert (await world.plan())[0] == "expired"
        assert world.script.asked == []

    async def test_goes_on_with_a_hold_from_the_next_request_to_its_end(self, world: World, talk: Talk) -> None:
        await self.held(world, talk)
        until = world.clock.wall() + 3_600.0
        world.clock.advance(200.0)
        await world.restart()
        row = await world.resume(talk)
        assert row.why == "held"
        assert row.why_args["until"] == pytest.approx(until)
        while row.id in world.alarm.at and world.clock.wall() < until:
            await world.fire(row.id)
        assert len(world.script.asked) == 11
        last = (await world.lineage()).last_touch_at
        assert last is not None
        assert last < until <= last + 300.0
        assert (await world.plan())[0] in ("held", "until_over")

    async def test_after_the_end_of_the_hold_holds_no_more(self, world: World, talk: Talk) -> None:
        await self.held(world, talk)
        world.clock.advance(3_601.0)
        await world.restart()
        await world.resume(talk)
        assert await world.plan() == ("until_over", None)

    async def test_forgets_no_cap(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.AUTO, pings=1)
        await world.fire(row.id)
        await world.restart()
        await world.budget(budgets.DEFAULT, BudgetMode.HOLD)
        row = await world.resume(talk)
        assert row.why == "kept"
        await world.fire(row.id)
        assert await world.plan() == ("pings_spent", None)


class TestAPingThatWasAskedFor:
    @pytest.mark.parametrize("mode", list(BudgetMode))
    async def test_is_sent_in_every_mode(self, world: World, talk: Talk, mode: BudgetMode) -> None:
        await world.settled(talk)
        await world.budget(talk.session, mode, pings=0)
        assert await world.pinger.ping_now(talk.session) == "hit"
        (request,) = world.script.asked
        assert equal_but_for_ping_fields(talk.body(), request.body)
        assert await world.rows(ROW) == [("hit", 1, world.clock.wall(), 200, PREFIX, 1)]
        assert (await world.lineage()).last_touch_at == world.clock.wall()

    async def test_moves_the_plan(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        world.clock.advance(100.0)
        await world.pinger.ping_now(talk.session)
        assert world.alarm.at[row.id] == pytest.approx(world.clock.wall() + 300.0 - MARGIN)

    @pytest.mark.parametrize(("age", "result"), [(297.9, "hit"), (298.0, "too_late"), (300.0, "expired")])
    async def test_comes_too_late_as_any_other(self, world: World, talk: Talk, age: float, result: str) -> None:
        await world.settled(talk)
        world.clock.advance(age - 2.0)
        assert await world.pinger.ping_now(talk.session) == result

    async def test_needs_a_session_and_two_requests(self, world: World, talk: Talk) -> None:
        assert await world.pinger.ping_now("nobody") == "no_request"
        await world.ask(talk, write=PREFIX)
        assert await world.pinger.ping_now(talk.session) == "one_request"

    async def test_waits_for_no_running_request(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        world.start(talk)
        assert await world.pinger.ping_now(talk.session) == "working"

    @pytest.mark.parametrize(
        ("answer", "result"),
        [
            (WarmAnswer("refused", status=401, sent_at=1.0), "refused"),
            (WarmAnswer("limited", status=429, sent_at=1.0), "limited"),
            (WarmAnswer("timeout", sent_at=1.0), "timeout"),
            (WarmAnswer("too_late"), "too_late"),
            (WarmAnswer("unreachable"), "unreachable"),
            (WarmAnswer("provider_error", status=500, sent_at=1.0), "provider_error"),
            (WarmAnswer("answered", status=200, sent_at=1.0), "unread"),
        ],
    )
    async def test_says_what_came_of_it(self, world: World, talk: Talk, answer: WarmAnswer, result: str) -> None:
        await world.settled(talk)
        world.script.script.append(answer)
        assert await world.pinger.ping_now(talk.session) == result


def capped(**budget: float) -> Config:
    return section(Config, {"budget": {"usd_per_ping": 1.0, **budget}})


class TestMoneyAtTheBoundary:
    @pytest.mark.parametrize(("cap", "why"), [(READ_USD, "kept"), (READ_USD * 0.999, "ping_cost")])
    async def test_of_one_ping(self, tmp_path: Path, talk: Talk, cap: float, why: str) -> None:
        async with opened(tmp_path, capped(usd_per_ping=cap)) as world:
            await world.settled(talk)
            assert (await world.plan())[0] == why

    @pytest.mark.parametrize(("cap", "why"), [(WRITE_USD, "kept"), (WRITE_USD * 0.999, "day_cap")])
    async def test_of_the_day_which_has_to_bear_a_miss(self, tmp_path: Path, talk: Talk, cap: float, why: str) -> None:
        async with opened(tmp_path, capped(usd_per_day=cap)) as world:
            await world.settled(talk)
            assert (await world.plan())[0] == why

    async def test_of_a_day_without_money(self, tmp_path: Path, talk: Talk) -> None:
        async with opened(tmp_path, capped(usd_per_day=0.0)) as world:
            row = await world.settled(talk)
            await world.budget(talk.session, BudgetMode.HOLD)
            assert (await world.plan())[0] == "day_cap"
            await world.pinger.fire(row.id)
            assert await world.pinger.ping_now(talk.session) == "day_cap"
            assert world.script.asked == []
            assert await world.rows("SELECT count(*) FROM pings") == [(0,)]

    async def test_a_reservation_that_another_one_beat_is_refused_and_says_why(
        self, tmp_path: Path, talk: Talk
    ) -> None:
        """Both were planned while the day had room for one of them."""
        async with opened(tmp_path, capped(usd_per_day=WRITE_USD * 1.5)) as world:
            other = Talk(session="session-2")
            await world.settled(talk)
            await world.settled(other)
            gate = asyncio.Event()

            async def slow(request: WarmRequest) -> WarmAnswer:
                await gate.wait()
                return world.script.answer(read=PREFIX)

            world.script.script.extend([slow, slow])
            both = [asyncio.ensure_future(world.pinger.ping_now(each.session)) for each in (talk, other)]
            done, _ = await asyncio.wait(both, timeout=10.0, return_when=asyncio.FIRST_COMPLETED)
            assert [task.result() for task in done] == ["day_cap"]
            assert len(world.script.asked) == 1
            gate.set()
            assert sorted([await task for task in both]) == ["day_cap", "hit"]
            assert await world.rows("SELECT count(*) FROM pings") == [(1,)]

    @pytest.mark.parametrize(
        ("pings_allowed", "usd", "answered", "why"),
        [(1, None, True, "pings_spent"), (None, 1.5 * READ_USD, True, "money_spent"), (None, None, False, "in_flight")],
    )
    async def test_what_another_worker_took_in_between_is_not_spent_twice(
        self,
        world: World,
        talk: Talk,
        monkeypatch: pytest.MonkeyPatch,
        pings_allowed: int | None,
        usd: float | None,
        answered: bool,
        why: str,
    ) -> None:
        """The decision was made on figures that no longer hold when the money is reserved."""
        row = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.AUTO, pings=pings_allowed, usd=usd)
        world.clock.advance(284.0)
        now, build = world.clock.wall(), keepalive.attempts._replay

        def take_first(lineage_id: int, captured: Captured, not_after: float) -> WarmRequest:
            other = connect(world.path)
            caps = pings.Caps(idle_pings=None, session_usd=None, day_usd=9.0, day_start=0.0)
            ping = pings.reserve(
                other,
                lineage_id=row.id,
                session_id=talk.session,
                warmer="replay",
                model=row.model,
                ttl_class="5m",
                prefix_tokens=PREFIX,
                manual=False,
                now=now,
                expires_at=now + 9,
                read_usd=READ_USD,
                write_usd=WRITE_USD,
                caps=caps,
            )
            assert isinstance(ping, int)
            if answered:
                pings.settle(other, ping, outcome="hit", now=now, usage=Usage(cache_read=PREFIX))
            other.close()
            return build(lineage_id, captured, not_after)

        monkeypatch.setattr(keepalive.attempts, "_replay", take_first)
        await world.pinger.fire(row.id)
        assert world.script.asked == []
        assert (await world.plan())[0] == why
        assert await world.rows("SELECT count(*) FROM pings") == [(1,)]

    async def test_the_days_money_is_one_for_all_sessions(self, tmp_path: Path, talk: Talk) -> None:
        async with opened(tmp_path, capped(usd_per_day=WRITE_USD + 1.5 * READ_USD)) as world:
            rows = [await world.settled(Talk(session=f"session-{n}")) for n in (1, 2, 3)]
            for row in rows:
                await world.fire(row.id) if row.id in world.alarm.at else await world.pinger.fire(row.id)
            assert len(world.script.asked) == 2
            assert (await world.plan("session-3"))[0] == "day_cap"


class TestACrash:
    async def crashed(self, world: World, talk: Talk) -> LineageRow:
        """A ping was reserved and perhaps sent; then the worker was gone."""
        row = await world.settled(talk)

        async def never(request: WarmRequest) -> WarmAnswer:
            await asyncio.Event().wait()
            raise AssertionError

        world.script.script.append(never)
        ping = asyncio.ensure_future(world.fire(row.id))
        await world.script.was_asked.wait()
        ping.cancel()
        await asyncio.wait([ping])
        return row

    async def test_leaves_the_reservation_standing(self, world: World, talk: Talk) -> None:
        await self.crashed(world, talk)
        assert await world.rows(ROW) == [("", 0, None, None, 0, 0)]
        await world.restart()
        assert await world.rows(ROW) == [("lost", 0, None, None, 0, 0)]
        assert await world.rows(MONEY) == [pytest.approx((READ_USD, WRITE_USD))]

    async def test_does_not_open_the_days_cap(self, tmp_path: Path, talk: Talk) -> None:
        async with opened(tmp_path, capped(usd_per_day=WRITE_USD * 1.5)) as world:
            row = await self.crashed(world, talk)
            await world.restart()
            await world.resume(talk)
            assert (await world.plan())[0] == "day_cap"
            await world.pinger.fire(row.id)
            assert await world.pinger.ping_now(talk.session) == "day_cap"
            assert len(world.script.asked) == 1

    async def test_counts_in_the_idle_period_and_the_session(self, world: World, talk: Talk) -> None:
        await self.crashed(world, talk)
        await world.restart()
        await world.budget(talk.session, BudgetMode.AUTO, usd=1.5 * READ_USD)
        await world.resume(talk)
        assert (await world.plan())[0] == "money_spent"

    async def test_does_not_block_the_lineage_for_good(self, world: World, talk: Talk) -> None:
        row = await self.crashed(world, talk)
        await world.restart()
        assert (await world.resume(talk)).why == "kept"
        await world.fire(row.id)
        assert len(world.script.asked) == 2
