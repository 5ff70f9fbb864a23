"""One attempt: what may still hold it back between reservation and sending, and what then becomes of the money."""

from __future__ import annotations

from keepalive.usage import Bucket, RateLimits
from keepalive.vault import AccountStop
from keepalive.warmer import WarmAnswer, WarmRequest
from store.models import BudgetMode
from tests.keepalive.money_harness import Talk, World

ROW = "SELECT outcome, settled_at IS NOT NULL, sent_at FROM pings ORDER BY id"


async def held_back(world: World, row_id: int) -> bool:
    """Ring; the connection takes a while to come up, and then the warmer asks once more."""
    asked: list[bool] = []

    async def slow(request: WarmRequest) -> WarmAnswer:
        asked.append(request.still_wanted())
        return world.script.answer(read=world.script.prefix) if asked[0] else WarmAnswer("too_late", detail="overtaken")

    world.script.script.append(slow)
    await world.fire(row_id)
    return asked == [False] or asked == []


class TestHeldBackAtTheLastMoment:
    async def test_not_without_a_reason(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        assert not await held_back(world, row.id)

    async def test_by_a_limit_that_another_session_was_told_of(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        captured = world.vault.get(row.id)
        assert captured is not None

        async def told() -> None:
            world.vault.note_limits(captured.account, RateLimits(requests=Bucket(100, 5, world.clock.wall() + 60)))

        world.store.after_reserve = told
        assert await held_back(world, row.id)
        assert await world.rows(ROW) == []

    async def test_not_by_a_limit_that_is_filled_up_again(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        captured = world.vault.get(row.id)
        assert captured is not None

        async def told() -> None:
            world.vault.note_limits(captured.account, RateLimits(requests=Bucket(100, 5, world.clock.wall() - 1)))

        world.store.after_reserve = told
        assert not await held_back(world, row.id)

    async def test_by_the_end_of_its_budget(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        due = world.alarm.at[row.id]
        await world.budget(talk.session, BudgetMode.AUTO, until=due + 3.0)

        async def later() -> None:
            world.clock.advance(3.0)

        world.store.after_reserve = later
        assert await held_back(world, row.id)
        assert await world.rows(ROW) == []
        assert (await world.plan())[0] == "until_over"

    async def test_by_a_key_that_was_refused_meanwhile(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        captured = world.vault.get(row.id)
        assert captured is not None

        async def refused() -> None:
            world.vault.stop_account(captured.account, AccountStop("refused", {"status": 401}, None))

        world.store.after_reserve = refused
        assert await held_back(world, row.id)
