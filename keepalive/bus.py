"""What people ask of the keeper by way of the store: budgets, the consent to forks, and pings at once.

Read by its worker several times a second; what costs money is decided by whoever is asked for it here.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Protocol

from keepalive import consent
from keepalive.budget_watch import BudgetWatch
from keepalive.clock import Clock
from keepalive.store_thread import StoreThread
from store import budgets, database, intents
from store.rows import IntentRow

log = logging.getLogger("warmside.worker")


class Plans(Protocol):
    """Who carries out what is asked for: the pinger."""

    async def replan(self, session_id: str) -> None:
        """Work out a session's next ping anew."""

    async def replan_all(self) -> None:
        """Work out every session's next ping anew."""

    async def ping_now(self, session_id: str) -> str:
        """Send one ping if anything allows it; returns what came of it."""


class Bus:
    """Remembers what it has read, and what is still to be done about it."""

    def __init__(self, store: StoreThread, plans: Plans, clock: Clock) -> None:
        self._store, self._plans, self._clock = store, plans, clock
        self._budgets = BudgetWatch()
        self._stale: set[str] = set()
        """Sessions whose plan a change of budgets calls for; `DEFAULT`: all of them."""
        self._version = -1
        self._consented = False
        self._asked: set[asyncio.Task[None]] = set()

    async def poll(self) -> None:
        """Look, and do what is asked; next to nothing while nobody has written."""
        now = self._clock.wall()
        version = await self._store.read(database.data_version)
        if version != self._version:
            for intent in await self._store.write(lambda connection: intents.take(connection, now)):
                # Not awaited here: a ping may take a minute, and meanwhile somebody may switch everything off.
                task = asyncio.create_task(self._ping_now(intent))
                self._asked.add(task)
                task.add_done_callback(self._asked.discard)
            self._stale |= await self._store.read(self._budgets.read)
            consented = await self._store.read(consent.given)
            if consented != self._consented:
                self._consented = consented
                self._stale.add(budgets.DEFAULT)
            self._version = version
        if self._budgets.pause_turned(now):
            self._stale.add(budgets.DEFAULT)
        # Forgotten when it is done and not before: a store that is locked for a while must leave no plan asleep.
        if budgets.DEFAULT in self._stale:
            await self._plans.replan_all()
            self._stale.clear()
        for session_id in tuple(self._stale):
            await self._plans.replan(session_id)
            self._stale.discard(session_id)

    async def close(self) -> None:
        """Wait no longer for pings that were asked for. (No `poll` may run any more.)"""
        asked = tuple(self._asked)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    async def _ping_now(self, intent: IntentRow) -> None:
        try:
            result = await self._plans.ping_now(intent.session_id)
        except Exception:
            log.exception("a ping that was asked for failed")
            result = "failed"
        await self._store.write(partial(intents.answer, intent_id=intent.id, result=result))
