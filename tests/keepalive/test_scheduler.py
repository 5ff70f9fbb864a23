"""The alarm clock: what is due fires, late or not, and nothing is silently dropped. It runs on the machine's clock, so
alarms lie in the past or far in the future and no test waits for one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from keepalive.scheduler import PingScheduler

PATIENCE = 5.0
HOUR = 3600.0


class Fired:
    """Collects what fires; `again` is called from inside an alarm."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.queue: asyncio.Queue[int] = asyncio.Queue()
        self.scheduler = PingScheduler(self.fire)
        self.again: float | None = None
        self.gate: asyncio.Event | None = None

    async def fire(self, lineage_id: int) -> None:
        self.order.append(lineage_id)
        self.queue.put_nowait(lineage_id)
        at, self.again = self.again, None
        if at is not None:
            self.scheduler.schedule(lineage_id, at)
            await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()

    async def next(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.queue.get()


@pytest.fixture
async def fired() -> AsyncIterator[Fired]:
    made = Fired()
    made.scheduler.start()
    yield made
    made.scheduler.close()


async def test_an_alarm_that_is_due_fires_once(fired: Fired) -> None:
    fired.scheduler.schedule(7, time.time())
    assert await fired.next() == 7
    await asyncio.sleep(0)
    assert fired.order == [7]


async def test_an_alarm_that_is_hours_late_still_fires(fired: Fired) -> None:
    fired.scheduler.schedule(7, time.time() - 9 * HOUR)
    assert await fired.next() == 7


async def test_an_alarm_of_a_lineage_replaces_the_one_before(fired: Fired) -> None:
    fired.scheduler.schedule(7, time.time() + HOUR)
    fired.scheduler.schedule(7, time.time())
    assert await fired.next() == 7
    fired.scheduler.schedule(7, time.time() + HOUR)
    fired.scheduler.schedule(8, time.time())
    assert await fired.next() == 8
    assert fired.order == [7, 8]


async def test_a_cancelled_alarm_does_not_fire(fired: Fired) -> None:
    fired.scheduler.schedule(7, time.time() + HOUR)
    fired.scheduler.cancel(7)
    fired.scheduler.cancel(7)
    fired.scheduler.schedule(8, time.time())
    assert await fired.next() == 8
    assert fired.order == [8]


async def test_an_alarm_set_while_its_last_one_runs_is_not_dropped(fired: Fired) -> None:
    """As at the end of a ping, when the next one is due at once."""
    fired.again = time.time()
    fired.gate = asyncio.Event()
    fired.scheduler.schedule(7, time.time())
    assert [await fired.next(), await fired.next()] == [7, 7]
    fired.gate.set()


async def test_alarms_set_before_the_start_fire_after_it() -> None:
    fired = Fired()
    fired.scheduler.schedule(7, time.time() - 1)
    fired.scheduler.start()
    assert await fired.next() == 7
    fired.scheduler.close()


async def test_what_is_awaited_when_it_closes_leaves_no_word_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    made = Fired()
    made.gate = asyncio.Event()
    made.scheduler.start()
    made.scheduler.schedule(7, time.time())
    await made.next()
    made.scheduler.close()
    for _ in range(5):
        await asyncio.sleep(0)
    assert [record for record in caplog.records if record.exc_info] == []
