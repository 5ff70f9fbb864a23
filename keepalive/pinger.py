"""Plans pings and lets them go when they are due: asks the policy, keeps one alarm a lineage, says why not.

Nothing is tried here that the policy did not allow at that moment; how one ping is reserved, sent and judged is
`attempts`' part.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace

from keepalive import experiment, policy
from keepalive.attempts import Attempts
from keepalive.clock import Clock
from keepalive.clock_guard import ClockGuard
from keepalive.config import Config
from keepalive.flights import Flights
from keepalive.habits import Habits
from keepalive.plugin_sessions import PluginSessions
from keepalive.policy import Decision, Ping, Stop
from keepalive.scheduler import Alarm
from keepalive.state import due_at, expires_at, last_send_at, warmer_of
from keepalive.store_thread import StoreThread
from keepalive.vault import Vault
from keepalive.views import Situation, gather
from keepalive.warmer import Warmer
from store import lineages
from store.models import BudgetMode, ReasonArgs
from store.models import Warmer as WarmerName
from store.rows import SessionRow

log = logging.getLogger("warmside.pinger")

LOOK_AGAIN = 5.0
"""Seconds after which a ping that was due while a request ran is looked at again: several sessions of one launch may
share a flight, and its end is told to one of them."""


class Pinger:
    """Keeps one alarm a lineage and answers it. `alive` tells whether a session's process still runs (cheap)."""

    def __init__(
        self,
        *,
        store: StoreThread,
        vault: Vault,
        flights: Flights,
        config: Config,
        clock: Clock,
        guard: ClockGuard,
        warmers: Mapping[WarmerName, Warmer],
        plugins: PluginSessions,
        alive: Callable[[SessionRow], bool],
        habits: Habits | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._flights = flights
        self._config = config
        self._clock = clock
        self._guard = guard
        self._warmers = warmers
        self._plugins = plugins
        self._alive = alive
        self._habits = habits or Habits(config)
        self._alarm: Alarm | None = None
        self._prepared: dict[WarmerName, asyncio.Task[None]] = {}
        self._attempts = Attempts(
            store=store,
            vault=vault,
            flights=flights,
            clock=clock,
            guard=guard,
            warmers=warmers,
            plugins=plugins,
            alive=alive,
        )

    def use(self, alarm: Alarm) -> None:
        """Set the alarm clock; it calls `fire`."""
        self._alarm = alarm

    async def replan(self, session_id: str) -> None:
        """Work out the next ping of a session's main thread anew: after a request, a budget change, a new state."""
        lineage = await self._store.read(lambda connection: lineages.current(connection, session_id))
        if lineage is not None:
            await self._plan(lineage.id)

    async def replan_all(self) -> None:
        """Work out every plan anew: at start, after a jump of the clock, after an account was stopped."""
        for lineage in await self._store.read(lineages.open_main):
            await self._plan(lineage.id)

    async def check_clock(self) -> None:
        """The heartbeat: after a jump of the clock no plan stands until it was worked out again."""
        jump = self._guard.jump()
        if jump != 0.0:
            log.info("the clock jumped by %.0f s; every plan is worked out again", jump)
            await self.replan_all()

    async def fire(self, lineage_id: int) -> None:
        """The alarm: send the ping if it is (still) due and allowed, and plan the next one."""
        try:
            await self.check_clock()
            situation = await self._gather(lineage_id)
            if situation is not None and self._due(situation) and await self._draws(situation):
                situation = await self._gather(lineage_id)  # drawing took a moment: somebody may have said no
            # From the decision to the attempt nothing is awaited, so that no change of mind falls in between.
            outcome = ""
            if situation is not None and self._due(situation):
                outcome = await self._send(situation, manual=False)
            # A client that has a turn to run said so a moment before anybody else: its turn is seen at the next look.
            await self._plan(lineage_id, self._clock.wall() + LOOK_AGAIN if outcome == "busy" else None)
        except sqlite3.Error:
            # A locked store, as a rule. The alarm is gone and the plan stands: look again, while there is time.
            log.exception("a ping could not be looked after")
            if self._alarm is not None:
                self._alarm.schedule(lineage_id, self._clock.wall() + LOOK_AGAIN)

    async def ping_now(self, session_id: str) -> str:
        """A person asked: one ping inside every invariant and money cap, whatever the mode; returns what came of it."""
        await self.check_clock()
        lineage = await self._store.read(lambda connection: lineages.current(connection, session_id))
        situation = await self._gather(lineage.id) if lineage else None
        if situation is None:
            return "no_request"
        now = self._clock.wall()
        expiry = expires_at(situation.view)
        asked = replace(
            situation.rules,
            mode=BudgetMode.HOLD,
            until=(expiry or now) + (situation.view.ttl_seconds or 0.0),
            max_idle_pings=None,
        )
        decision = self._decide(replace(situation, rules=asked), now)
        if isinstance(decision, Stop):
            return decision.reason
        result = await self._send(replace(situation, rules=asked), manual=True)
        await self._plan(situation.lineage.id)
        return result

    async def close(self) -> None:
        """Stop the warmer; a ping on its way keeps its reservation."""
        for task in self._prepared.values():
            task.cancel()
        for one in self._warmers.values():
            await one.close()

    def _decide(self, situation: Situation, now: float) -> Decision:
        return policy.decide(situation.view, situation.spend, situation.rules, now, self._habits.hazards)

    def _due(self, situation: Situation) -> bool:
        now = self._clock.wall()
        decision = self._decide(situation, now)
        return isinstance(decision, Ping) and decision.at <= now

    async def _draws(self, situation: Situation) -> bool:
        """Let the person's own trial draw this idle period at its first due ping; whether there was a draw."""
        idle_id, share = situation.idle_id, self._config.experiment.lapse_probability
        if idle_id is None or share <= 0 or situation.rules.mode is not BudgetMode.AUTO:
            return False
        now = self._clock.wall()
        await self._store.write(lambda connection: experiment.assign(connection, idle_id, share, now))
        return True

    async def _gather(self, lineage_id: int) -> Situation | None:
        def read(connection: sqlite3.Connection) -> Situation | None:
            return gather(
                connection,
                lineage_id,
                vault=self._vault,
                flights=self._flights,
                config=self._config,
                now=self._clock.wall(),
                process_dead=False,
                clock_trusted=True,
                ends_known=self._habits.hazards.ends_known,
                plugins=self._plugins,
            )

        captured = self._vault.get(lineage_id)
        situation = await self._store.read(read)
        if situation is None:
            return None
        trusted, alive = self._attempts.age_known(situation.lineage, captured), self._alive(situation.session)
        if trusted and alive:
            return situation
        return replace(situation, view=replace(situation.view, process_dead=not alive, clock_trusted=trusted))

    async def _plan(self, lineage_id: int, not_before: float | None = None) -> None:
        """Decide, store it, set the alarm; it does not ring before `not_before`."""
        situation = await self._gather(lineage_id)
        if situation is None:
            return
        self._attempts.reconsider(situation)
        decision = self._decide(situation, self._clock.wall())
        sent = situation.spend.idle_pings
        at: float | None
        allowed: int | None
        if isinstance(decision, Ping):
            at, why, args = decision.at, decision.why, decision.why_args
            allowed = sent + int(args.get("n", 1))
            self._prepare(situation)
        else:
            at, why, args = None, decision.reason, decision.args
            allowed = situation.rules.max_idle_pings
            if decision.reason != "in_flight":
                self._attempts.withdraw(lineage_id)
        way = warmer_of(situation.view)
        told: ReasonArgs = {**args, **policy.numbers(decision), **({"warmer": way} if way else {})}
        await self._store.write(
            lambda connection: lineages.plan(
                connection, lineage_id, why=why, args=told, next_ping_at=at, max_idle_pings=allowed
            )
        )
        if self._alarm is None:
            return
        wake = _wake(decision, situation, self._clock.wall())
        if wake is None or situation.session.ended_at is not None:
            self._alarm.cancel(lineage_id)
        else:
            self._alarm.schedule(lineage_id, max(wake, not_before or wake))

    def _prepare(self, situation: Situation) -> None:
        """Load the sender's library now, not when the first ping is due: it takes over a second."""
        way = warmer_of(situation.view)
        if way is not None and way in self._warmers and way not in self._prepared:
            self._prepared[way] = asyncio.ensure_future(self._warmers[way].prepare())

    async def _send(self, situation: Situation, *, manual: bool) -> str:
        """One ping; afterwards plans that its outcome touches are worked out again. Returns its outcome."""
        sent = await self._attempts.make(situation, manual=manual)
        if sent.whole_account:
            await self.replan_all()
        elif sent.settled:
            await self._replan_capped(situation.lineage.id)
        return sent.outcome

    async def _replan_capped(self, settled: int) -> None:
        """A settled ping gives back most of what it had reserved of the day: others may fit in again."""
        for lineage in await self._store.read(lineages.open_main):
            if lineage.why == "day_cap" and lineage.id != settled:
                await self._plan(lineage.id)


def _wake(decision: Decision, situation: Situation, now: float) -> float | None:
    """When to look at this lineage again if nothing happens before."""
    if isinstance(decision, Ping):
        return decision.at
    due, last = due_at(situation.view), last_send_at(situation.view)
    if decision.reason == "working" and due is not None and last is not None:
        again = max(due, now + LOOK_AGAIN)
        return again if again < last else None
    return decision.until
