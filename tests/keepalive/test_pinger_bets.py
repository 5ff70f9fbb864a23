"""What the pinger's bets rest on besides the prior: habits, a class that lost money, and the person's own trial."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from keepalive.config import Config, section
from keepalive.pinger import LOOK_AGAIN
from store import budgets
from store.models import BudgetMode
from tests.keepalive.money_harness import Talk, World, opened

ALWAYS = section(Config, {"experiment": {"lapse_probability": 1.0}})
HALF = section(Config, {"experiment": {"lapse_probability": 0.5}})


async def drawn(world: World) -> list[str]:
    return [str(row[0]) for row in await world.rows("SELECT arm FROM assignments ORDER BY idle_id")]


class TestTheNumbers:
    async def test_go_with_the_plan(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        assert row.why_args["chance"] == 0.2303
        assert row.why_args["price"] == 0.1
        assert row.why_args["seconds"] == 300.0


class TestHabits:
    async def test_a_person_who_stays_away_gets_fewer_pings(self, world: World, talk: Talk) -> None:
        for _ in range(400):
            world.pinger._habits.hazards.learn("claude", "user", "5m", 0.0, "quiet")
        row = await world.settled(talk)
        assert row.why == "not_worth"
        assert row.next_ping_at is None

    async def test_noticed_ends_make_the_rest_worth_more(self, world: World, talk: Talk) -> None:
        for _ in range(400):
            world.pinger._habits.hazards.learn("claude", "user", "5m", 20.0, "ended")
        row = await world.settled(talk)
        assert row.why_args["n"] == 5, "nearly all ends are noticed before a ping is due"


class TestTheTrial:
    async def test_a_period_drawn_to_lapse_is_left_alone_from_its_first_due_ping_on(
        self, tmp_path: Path, talk: Talk
    ) -> None:
        async with opened(tmp_path, ALWAYS) as world:
            row = await world.settled(talk)
            assert row.why == "kept", "nothing is drawn before a ping is due"
            assert await drawn(world) == []
            await world.fire(row.id)
            assert world.script.asked == []
            assert await drawn(world) == ["lapse"]
            assert await world.plan() == ("experiment", None)
            await world.resume(talk)
            assert (await world.plan())[0] == "kept", "the next idle period is drawn anew"

    async def test_what_a_person_asked_for_is_no_part_of_it(self, tmp_path: Path, talk: Talk) -> None:
        async with opened(tmp_path, ALWAYS) as world:
            row = await world.settled(talk)
            await world.budget(talk.session, BudgetMode.HOLD, until=world.clock.wall() + 3_600.0)
            await world.fire(row.id)
            assert len(world.script.asked) == 1
            assert await world.pinger.ping_now(talk.session) == "hit"
            assert await drawn(world) == []

    async def test_each_period_is_drawn_once(self, tmp_path: Path, talk: Talk) -> None:
        async with opened(tmp_path, HALF) as world:
            arms = []
            for _ in range(12):
                row = await world.settled(talk)
                at = world.alarm.at[row.id]
                await world.fire(row.id)
                found = (await drawn(world))[-1]
                arms.append(found)
                assert (len(world.script.asked) > 0) == (found == "ping")
                world.script.asked.clear()
                world.alarm.at[row.id] = at
                await world.pinger.fire(row.id)
                assert world.script.asked == [], "not due again yet, or left alone"
                talk.go_on()
            assert set(arms) == {"ping", "lapse"}

    async def test_is_off_unless_it_was_asked_for(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.fire(row.id)
        assert len(world.script.asked) == 1
        assert await drawn(world) == []

    async def test_switched_off_it_lets_a_drawn_period_go(self, tmp_path: Path, talk: Talk) -> None:
        async with opened(tmp_path, ALWAYS) as world:
            row = await world.settled(talk)
            await world.fire(row.id)
            assert await world.plan() == ("experiment", None)
            world.pinger._config = Config()
            await world.pinger.replan_all()
            assert (await world.lineage()).why == "kept"

    async def test_who_says_no_while_the_lot_is_drawn_is_heard(self, tmp_path: Path, talk: Talk) -> None:
        rarely = section(Config, {"experiment": {"lapse_probability": 1e-12}})
        async with opened(tmp_path, rarely) as world:
            row = await world.settled(talk)

            async def say_no() -> None:
                await world.budget(talk.session, BudgetMode.OFF)

            world.store.before_write = say_no
            await world.fire(row.id)
            assert await drawn(world) == ["ping"]
            assert world.script.asked == []
            assert await world.plan() == ("off", None)

    async def test_a_locked_store_leaves_no_plan_asleep(
        self, tmp_path: Path, talk: Talk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with opened(tmp_path, HALF) as world:
            row = await world.settled(talk)

            def locked(*_: object) -> None:
                raise sqlite3.OperationalError("database is locked")

            with monkeypatch.context() as patch:
                patch.setattr("keepalive.experiment.assign", locked)
                await world.fire(row.id)
            assert world.alarm.at[row.id] == pytest.approx(world.clock.wall() + LOOK_AGAIN)
            await world.fire(row.id)
            assert len(await drawn(world)) == 1


class TestAHoldUntilSomebodyIsBack:
    async def test_ends_with_the_next_prompt(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        now = world.clock.wall()
        await world.store.write(
            lambda connection: budgets.put(
                connection,
                talk.session,
                mode=BudgetMode.HOLD,
                pings=None,
                usd=None,
                until=now + 86_400.0,
                now=now,
                until_back=True,
            )
        )
        await world.pinger.replan(talk.session)
        assert (await world.plan())[0] == "held"
        for _ in range(5):
            await world.fire(row.id)
        assert len(world.script.asked) == 5, "more than a person would get"
        await world.resume(talk)
        assert (await world.plan())[0] == "kept", "back to what the policy thinks"
        assert (await world.lineage()).why_args["n"] == 2
