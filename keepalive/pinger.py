"""Plans and sends pings: asks the policy, reserves the money, sends once, verifies, settles, says why not.

The order in `_send` is the safety of the product: nothing is sent that was not reserved, nothing is reserved that the
policy did not allow at that moment, and what was sent is judged by the provider's own figures.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace

from keepalive import experiment, policy
from keepalive.clock import Clock
from keepalive.clock_guard import ClockGuard
from keepalive.config import Config
from keepalive.flights import Flights
from keepalive.habits import Habits
from keepalive.judge import Result, judge
from keepalive.ping import build_replay
from keepalive.policy import Decision, Ping, Stop
from keepalive.prefix import BadRequest
from keepalive.scheduler import Alarm
from keepalive.state import due_at, expires_at, last_send_at
from keepalive.store_thread import StoreThread
from keepalive.usage import RateLimits
from keepalive.vault import AccountStop, Captured, Vault
from keepalive.views import Situation, gather
from keepalive.warmer import WarmAnswer, Warmer, WarmRequest
from store import lineages, pings
from store.models import BudgetMode
from store.rows import LineageRow, SessionRow

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
        warmer: Warmer,
        alive: Callable[[SessionRow], bool],
        habits: Habits | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._flights = flights
        self._config = config
        self._clock = clock
        self._guard = guard
        self._warmer = warmer
        self._alive = alive
        self._habits = habits or Habits(config)
        self._alarm: Alarm | None = None
        self._prepared: asyncio.Task[None] | None = None
        self._sending: dict[int, bool] = {}
        """Lineages whose ping is being sent, and whether a person asked for it."""
        self._withdrawn: set[int] = set()
        """Of those, the ones that must not leave any more: the rules have changed since."""

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
        await self.check_clock()
        situation = await self._gather(lineage_id)
        if situation is None:
            return
        now = self._clock.wall()
        decision = self._decide(situation, now)
        if isinstance(decision, Ping) and decision.at <= now and not await self._drawn_to_lapse(situation, now):
            await self._send(situation, manual=False)
        await self._plan(lineage_id)

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
        if self._prepared is not None:
            self._prepared.cancel()
        await self._warmer.close()

    def _decide(self, situation: Situation, now: float) -> Decision:
        return policy.decide(situation.view, situation.spend, situation.rules, now, self._habits.hazards)

    async def _drawn_to_lapse(self, situation: Situation, now: float) -> bool:
        """Whether the person's own trial leaves this idle period alone, drawn now if it is the first ping's turn."""
        idle_id, share = situation.idle_id, self._config.experiment.lapse_probability
        if idle_id is None or share <= 0 or situation.rules.mode is not BudgetMode.AUTO:
            return False
        return await self._store.write(lambda c: experiment.assign(c, idle_id, share, now)) == "lapse"

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
                clock_trusted=trusted,
                ends_known=self._habits.hazards.ends_known,
            )

        captured = self._vault.get(lineage_id)
        trusted = captured is None or self._age_known(captured)
        situation = await self._store.read(read)
        if situation is None or self._alive(situation.session):
            return situation
        return replace(situation, view=replace(situation.view, process_dead=True))

    async def _plan(self, lineage_id: int) -> None:
        situation = await self._gather(lineage_id)
        if situation is None:
            return
        decision = self._decide(situation, self._clock.wall())
        sent = situation.spend.idle_pings
        at: float | None
        allowed: int | None
        if isinstance(decision, Ping):
            at, why, args = decision.at, decision.why, decision.why_args
            allowed = sent + int(args.get("n", 1))
            self._prepare()
        else:
            at, why, args = None, decision.reason, decision.args
            allowed = situation.rules.max_idle_pings
            if decision.reason != "in_flight" and self._sending.get(lineage_id) is False:
                self._withdrawn.add(lineage_id)
        told = {**args, **policy.numbers(decision)}
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
            self._alarm.schedule(lineage_id, wake)

    def _prepare(self) -> None:
        """Load the sender's library now, not when the first ping is due: it takes over a second."""
        if self._prepared is None:
            self._prepared = asyncio.ensure_future(self._warmer.prepare())

    async def _send(self, situation: Situation, *, manual: bool) -> str:
        """Reserve, send once, verify, settle. Returns the outcome or the reason code why nothing was sent."""
        lineage, session, view = situation.lineage, situation.session, situation.view
        captured = self._vault.get(lineage.id)
        expiry, last = expires_at(view), last_send_at(view)
        read, write = view.read_usd, view.write_usd
        if captured is None or expiry is None or last is None or read is None or write is None:
            return "no_prefix"
        if lineage.ttl_class is None or lineage.id in self._sending:
            return "in_flight"
        ttl_class = lineage.ttl_class
        self._sending[lineage.id] = manual
        try:
            try:
                request = await asyncio.to_thread(_request, lineage.id, captured, last)
            except BadRequest as error:
                log.error("a captured request of %s cannot be replayed: %s", session.id, error)
                await self._store.write(lambda connection: lineages.stop(connection, lineage.id, "not_replayable", {}))
                return "not_replayable"
            caps = pings.Caps(
                idle_pings=situation.rules.max_idle_pings,
                session_usd=situation.rules.max_session_usd,
                day_usd=situation.rules.max_day_usd,
                day_start=situation.day_start,
            )
            reserved = await self._store.write(
                lambda connection: pings.reserve(
                    connection,
                    lineage_id=lineage.id,
                    session_id=session.id,
                    warmer=self._warmer.name,
                    model=lineage.model,
                    ttl_class=ttl_class,
                    prefix_tokens=lineage.prefix_tokens,
                    manual=manual,
                    now=self._clock.wall(),
                    expires_at=expiry,
                    read_usd=read,
                    write_usd=write,
                    caps=caps,
                )
            )
            if isinstance(reserved, str):
                return reserved
            answer = await self._warm(situation, captured, request)
            result = judge(answer, lineage.prefix_tokens, self._clock.wall())
            await self._settle(reserved, situation, captured, answer, result)
        finally:
            del self._sending[lineage.id]
            self._withdrawn.discard(lineage.id)
        return result.outcome

    async def _warm(self, situation: Situation, captured: Captured, request: WarmRequest) -> WarmAnswer:
        """Ask the warmer, unless the world has moved on while the money was reserved."""
        session, lineage = situation.session, situation.lineage

        def still_wanted() -> bool:
            return not (
                self._flights.any(session.id, session.launch_id, lineage.agent_id)
                or self._vault.get(lineage.id) is not captured
                or self._vault.account_stop(captured.account, self._clock.wall()) is not None
                or _near_limit(self._vault.limits(captured.account), self._clock.wall())
                or lineage.id in self._withdrawn
                or not self._age_known(captured)
                or not self._alive(session)
            )

        if not still_wanted():
            return WarmAnswer(outcome="too_late", detail="overtaken")
        try:
            return await self._warmer.warm(replace(request, still_wanted=still_wanted))
        except Exception as error:
            # A warmer does not raise. Should it, nobody knows what was sent: the reservation has to stand.
            log.error("the warmer failed with %s", type(error).__name__)
            return WarmAnswer(outcome="timeout", sent_at=self._clock.wall(), detail=type(error).__name__)

    def _age_known(self, captured: Captured) -> bool:
        """Whether the clock was not set back since this request began."""
        return captured.started_monotonic > self._guard.set_back_at

    async def _replan_capped(self, settled: int) -> None:
        """A settled ping gives back most of what it had reserved of the day: others may fit in again."""
        for lineage in await self._store.read(lineages.open_main):
            if lineage.why == "day_cap" and lineage.id != settled:
                await self._plan(lineage.id)

    async def _settle(
        self, ping_id: int, situation: Situation, captured: Captured, answer: WarmAnswer, result: Result
    ) -> None:
        lineage = situation.lineage

        def write(connection: sqlite3.Connection) -> None:
            pings.settle(
                connection,
                ping_id,
                outcome=result.outcome,
                now=self._clock.wall(),
                sent_at=answer.sent_at,
                status=answer.status,
                usage=answer.usage,
                cost_known=result.cost_known,
            )
            if result.outcome == "hit" and answer.sent_at is not None:
                lineages.touch_by_ping(connection, lineage.id, answer.sent_at)
            if result.stop and not result.whole_account and not _asked_since(connection, lineage):
                lineages.stop(connection, lineage.id, result.stop, result.args or {}, result.until)

        await self._store.write(write)
        if answer.limits is not None:
            self._vault.note_limits(captured.account, answer.limits)
        if result.stop and result.whole_account:
            standing = self._vault.account_stop(captured.account, self._clock.wall())
            if standing is None or standing.until is not None:
                # A refusal lasts until a good answer: a limit that is told later, and ends by itself, must not end it.
                self._vault.stop_account(captured.account, AccountStop(result.stop, result.args or {}, result.until))
            await self.replan_all()
        else:
            await self._replan_capped(lineage.id)
        log.info(
            "ping of %s: %s, status %s, %s", lineage.session_id, result.outcome, answer.status, answer.detail or "-"
        )


def _near_limit(limits: RateLimits, now: float) -> bool:
    """The policy's own rule once more: another session's answer may have told of it since."""
    buckets = (limits.requests, limits.tokens, limits.input_tokens)
    return any(
        bucket.used >= policy.NEAR_LIMIT and (bucket.reset_at is None or now < bucket.reset_at) for bucket in buckets
    )


def _asked_since(connection: sqlite3.Connection, lineage: LineageRow) -> bool:
    """Whether a real request was answered since this row was read: it wrote the entry anew and has voided all stops."""
    now = lineages.get(connection, lineage.id)
    return now is not None and now.requests != lineage.requests


def _request(lineage_id: int, captured: Captured, not_after: float) -> WarmRequest:
    replay = build_replay(captured.body, captured.headers, captured.target)
    return WarmRequest(
        lineage_id=lineage_id,
        body=replay.body,
        headers=replay.headers,
        target=replay.target,
        upstream=captured.route.upstream,
        proxy=captured.route.proxy,
        ca_file=captured.route.ca_file,
        not_after=not_after,
    )


def _wake(decision: Decision, situation: Situation, now: float) -> float | None:
    """When to look at this lineage again if nothing happens before."""
    if isinstance(decision, Ping):
        return decision.at
    due, last = due_at(situation.view), last_send_at(situation.view)
    if decision.reason == "working" and due is not None and last is not None:
        again = max(due, now + LOOK_AGAIN)
        return again if again < last else None
    return decision.until
