"""What is asked by way of the store: heard once, done until it is done, and answered whatever comes of it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keepalive import consent
from keepalive.bus import Bus
from keepalive.clock import ManualClock
from keepalive.store_thread import StoreThread
from store import budgets, intents
from store.migrations import open_store
from store.models import BudgetMode
from tests.fresh_store import fresh_store


class Plans:
    """Notes what is asked of it; pings wait until they are released, and what is `broken` fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False
        self.released = asyncio.Event()

    async def replan(self, session_id: str) -> None:
        self._note(session_id)

    async def replan_all(self) -> None:
        self._note("all")

    async def ping_now(self, session_id: str) -> str:
        self._note(f"ping {session_id}")
        await self.released.wait()
        return "hit"

    def told(self) -> list[str]:
        """What was asked since the last time."""
        told, self.asked = sorted(self.asked), []
        return told

    def _note(self, what: str) -> None:
        self.asked.append(what)
        if self.broken:
            raise sqlite3.OperationalError("made-up trouble")


class Side:
    """A bus, who carries out what it hears, and a connection of the people who ask."""

    def __init__(self, bus: Bus, plans: Plans, clock: ManualClock, db: sqlite3.Connection) -> None:
        self.bus, self.plans, self.clock, self.db = bus, plans, clock, db

    def put(self, key: str, mode: BudgetMode) -> None:
        budgets.put(self.db, key, mode=mode, pings=None, usd=None, until=None, now=self.clock.wall())

    async def heard(self) -> list[str]:
        """What one look leads to."""
        await self.bus.poll()
        await asyncio.sleep(0)  # (a ping begins beside it)
        return self.plans.told()

    def result(self, number: int) -> str:
        found = intents.get(self.db, number)
        assert found is not None
        return found.result

    async def answered(self, number: int) -> str:
        """What came of an intent, once all that were taken are answered."""
        await asyncio.gather(*self.bus._asked)
        return self.result(number)


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[Side]:
    file = tmp_path / "warmside.db"
    fresh_store(file).close()
    store, plans, clock = StoreThread(file), Plans(), ManualClock()
    await store.open()
    bus = Bus(store, plans, clock)
    db = open_store(file)
    try:
        yield Side(bus, plans, clock, db)
    finally:
        await bus.close()
        await store.close()
        db.close()


async def test_a_budget_is_heard_once_for_its_session_or_for_all(side: Side) -> None:
    assert await side.heard() == []
    side.put("a", BudgetMode.OFF)
    side.put("b", BudgetMode.HOLD)
    assert await side.heard() == ["a", "b"]
    assert await side.heard() == []
    side.put(budgets.DEFAULT, BudgetMode.OFF)
    budgets.forget(side.db, "a")
    assert await side.heard() == ["all"]
    assert await side.heard() == []


async def test_a_pause_is_heard_and_its_end_by_the_clock_alone(side: Side) -> None:
    budgets.pause(side.db, side.clock.wall() + 60.0)
    assert await side.heard() == ["all"]
    side.clock.advance(59.0)
    assert await side.heard() == []
    side.clock.advance(1.0)
    assert await side.heard() == ["all"]


async def test_consent_is_heard_when_it_is_given_and_when_it_is_taken_back(side: Side) -> None:
    for yes in (True, False):
        consent.put(side.db, yes, side.clock.wall())
        assert await side.heard() == ["all"]
        assert await side.heard() == []


@pytest.mark.parametrize(("key", "told"), [("a", ["a"]), (budgets.DEFAULT, ["all"])])
async def test_what_could_not_be_done_is_done_at_the_next_look(side: Side, key: str, told: list[str]) -> None:
    side.put(key, BudgetMode.OFF)
    side.plans.broken = True
    with pytest.raises(sqlite3.OperationalError):
        await side.bus.poll()
    assert side.plans.told() == told
    side.plans.broken = False
    assert await side.heard() == told
    assert await side.heard() == []


async def test_a_ping_that_takes_long_holds_up_nothing(side: Side) -> None:
    first = intents.ask_ping(side.db, "a", side.clock.wall())
    assert await side.heard() == ["ping a"]
    second = intents.ask_ping(side.db, "b", side.clock.wall())
    side.put("a", BudgetMode.OFF)
    assert await side.heard() == ["a", "ping b"]
    assert (side.result(first), side.result(second)) == ("", "")
    side.plans.released.set()
    assert [await side.answered(each) for each in (first, second)] == ["hit", "hit"]


async def test_an_old_wish_is_void_and_one_that_fails_is_answered(side: Side, caplog: pytest.LogCaptureFixture) -> None:
    old = intents.ask_ping(side.db, "a", side.clock.wall() - intents.VOID_AFTER)
    new = intents.ask_ping(side.db, "b", side.clock.wall())
    side.plans.broken = True
    assert await side.heard() == ["ping b"]
    assert await side.answered(new) == "failed"
    assert side.result(old) == "no_keeper"
    assert "made-up trouble" in caplog.text


async def test_at_the_end_nobody_waits_for_a_ping(side: Side) -> None:
    number = intents.ask_ping(side.db, "a", side.clock.wall())
    assert await side.heard() == ["ping a"]
    await side.bus.close()
    assert side.result(number) == ""
