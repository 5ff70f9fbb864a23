"""One APScheduler job per lineage: wakes the pinger when a ping is due. The only importer of apscheduler.

Jobs are derived from the store, never stored themselves. A job that comes late (the machine slept, the loop was
busy) still runs and decides for itself whether it is too late, so nothing is silently dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

_AT_ONCE = 8
Fire = Callable[[int], Awaitable[None]]


class Alarm(Protocol):
    """What the pinger asks of a scheduler; tests bring one that fires by hand."""

    def schedule(self, lineage_id: int, at: float) -> None:
        """Wake the pinger for this lineage at `at` (wall clock); replaces the lineage's earlier alarm."""
        ...

    def cancel(self, lineage_id: int) -> None:
        """Forget the lineage's alarm, if there is one."""
        ...


class PingScheduler:
    """The alarm clock of the keeper's loop; start it inside the running loop."""

    def __init__(self, fire: Fire) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._fire = fire

    def start(self) -> None:
        self._scheduler.start()

    def schedule(self, lineage_id: int, at: float) -> None:
        self._scheduler.add_job(
            self._ring,
            DateTrigger(datetime.fromtimestamp(at, UTC)),
            args=(lineage_id,),
            id=str(lineage_id),
            replace_existing=True,
            # A lineage's next alarm is set while the last one still runs; with the default of one it would be dropped.
            max_instances=_AT_ONCE,
            misfire_grace_time=None,
            coalesce=True,
        )

    async def _ring(self, lineage_id: int) -> None:
        # The keeper leaves while a ping is awaited: its reservation stands, and a traceback would tell of no fault.
        with suppress(asyncio.CancelledError):
            await self._fire(lineage_id)

    def cancel(self, lineage_id: int) -> None:
        with suppress(JobLookupError):
            self._scheduler.remove_job(str(lineage_id))

    def close(self) -> None:
        self._scheduler.shutdown(wait=False)
