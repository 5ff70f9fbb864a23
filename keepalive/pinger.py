"""Plans and sends pings: asks the policy, reserves the money, sends once, verifies, settles, says why not.

The order in `_send` is the safety of the product: nothing is sent that was not reserved, nothing is reserved that the
policy did not allow at that moment, and what was sent is judged by the provider's own figures.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace

from keepalive import policy
from keepalive.clock import Clock
from keepalive.clock_guard import ClockGuard
from keepalive.config import Config
from keepalive.flights import Flights
from keepalive.ping import build_replay, verify
from keepalive.policy import Ping, Stop
from keepalive.scheduler import Alarm
from keepalive.state import expires_at, last_send_at
from keepalive.store_thread import StoreThread
from keepalive.vault import AccountStop, Captured, Vault
from keepalive.views import Situation, gather
from keepalive.warmer import WarmAnswer, Warmer, WarmRequest
from store import lineages, pings
from store.models import BudgetMode, ReasonArgs
from store.rows import SessionRow

log = logging.getLogger("warmside.pinger")


@dataclass(frozen=True, slots=True)
class _Result:
    """What a ping's answer means: its outcome in the store, and the stop that follows, if any."""

    outcome: str
    stop: str = ""
    args: ReasonArgs | None = None
    until: float | None = None
    whole_account: bool = False
    cost_known: bool = True


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
    ) -> None:
        self._store = store
        self._vault = vault
        self._flights = flights
        self._config = config
        self._clock = clock
        self._guard = guard
        self._warmer = warmer
        self._alive = alive
        self._alarm: Alarm | None = None
        self._prepared: asyncio.Task[None] | None = None
        self._sending: set[int] = set()

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
        if jump == 0.0:
            return
        log.info("the clock jumped by %.0f s; every plan is worked out again", jump)
        if jump < 0:
            # Times stored before the jump lie in the future now: how old the entries are cannot be known.
            def distrust(connection: sqlite3.Connection) -> None:
                for lineage in lineages.open_main(connection):
                    lineages.stop(connection, lineage.id, "clock", {})

            await self._store.write(distrust)
        await self.replan_all()

    async def fire(self, lineage_id: int) -> None:
        """The alarm: send the ping if it is (still) due and allowed, and plan the next one."""
        await self.check_clock()
        situation = await self._gather(lineage_id)
        if situation is None:
            return
        now = self._clock.wall()
        decision = policy.decide(situation.view, situation.spend, situation.rules, now)
        if isinstance(decision, Ping) and decision.at <= now:
            await self._send(situation, manual=False)
        await self._plan(lineage_id)

    async def ping_now(self, session_id: str) -> str:
        """A person asked: one ping inside every invariant and money cap, whatever the mode; returns what came of it."""
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
        decision = policy.decide(situation.view, situation.spend, asked, now)
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
            )

        situation = await self._store.read(read)
        if situation is None or self._alive(situation.session):
            return situation
        return replace(situation, view=replace(situation.view, process_dead=True))

    async def _plan(self, lineage_id: int) -> None:
        situation = await self._gather(lineage_id)
        if situation is None:
            return
        decision = policy.decide(situation.view, situation.spend, situation.rules, self._clock.wall())
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
        await self._store.write(
            lambda connection: lineages.plan(
                connection, lineage_id, why=why, args=args, next_ping_at=at, max_idle_pings=allowed
            )
        )
        wake = at if isinstance(decision, Ping) else decision.until
        if self._alarm is None:
            return
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
        self._sending.add(lineage.id)
        try:
            request = await asyncio.to_thread(_request, lineage.id, captured, last)
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
            answer = await self._warm(situation, request)
            result = _judge(answer, lineage.prefix_tokens, self._clock.wall())
            await self._settle(reserved, situation, captured, answer, result)
        finally:
            self._sending.discard(lineage.id)
        return result.outcome

    async def _warm(self, situation: Situation, request: WarmRequest) -> WarmAnswer:
        """Ask the warmer, unless the world has moved on while the money was reserved."""
        session, lineage = situation.session, situation.lineage
        overtaken = self._flights.any(session.id, session.launch_id, lineage.agent_id)
        if overtaken or self._vault.get(lineage.id) is None or not self._alive(session):
            return WarmAnswer(outcome="too_late", detail="overtaken")
        return await self._warmer.warm(request)

    async def _settle(
        self, ping_id: int, situation: Situation, captured: Captured, answer: WarmAnswer, result: _Result
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
            if result.stop and not result.whole_account:
                lineages.stop(connection, lineage.id, result.stop, result.args or {}, result.until)

        await self._store.write(write)
        if answer.limits is not None:
            self._vault.note_limits(captured.account, answer.limits)
        if result.stop and result.whole_account:
            self._vault.stop_account(captured.account, AccountStop(result.stop, result.args or {}, result.until))
            await self.replan_all()
        log.info(
            "ping of %s: %s, status %s, %s", lineage.session_id, result.outcome, answer.status, answer.detail or "-"
        )


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


def _judge(answer: WarmAnswer, prefix_tokens: int, now: float) -> _Result:
    """What an answer means for the lineage and its account."""
    match answer.outcome:
        case "answered" if answer.usage is not None:
            verdict = verify(prefix_tokens, answer.usage)
            if verdict.hit:
                return _Result("hit")
            return _Result("miss", "missed", {"read_percent": round(verdict.read_percent)})
        case "answered":
            # Billed, but nobody said how much: the reservation stands.
            return _Result("unread", "missed", {"read_percent": 0}, cost_known=False)
        case "too_late":
            return _Result("too_late")
        case "refused":
            return _Result("refused", "refused", {"status": answer.status or 401}, whole_account=True)
        case "limited":
            until = _limited_until(answer, now)
            args: ReasonArgs = {} if until is None else {"until": until}
            return _Result("limited", "limited", args, until, whole_account=True)
        case "timeout":
            return _Result("timeout", "provider", {"status": "timeout"}, cost_known=False)
        case "unreachable":
            return _Result("unreachable", "provider", {"status": "unreachable"})
        case _:
            return _Result("provider_error", "provider", {"status": answer.status or 0})


def _limited_until(answer: WarmAnswer, now: float) -> float | None:
    """When a rate limit ends; None when the provider did not say (a spend cap): then until the next good answer."""
    if answer.retry_after is not None:
        return now + answer.retry_after
    limits = answer.limits
    if limits is None:
        return None
    resets = [
        bucket.reset_at
        for bucket in (limits.requests, limits.tokens, limits.input_tokens)
        if bucket.remaining == 0 and bucket.reset_at is not None and bucket.reset_at > now
    ]
    return max(resets, default=None)
