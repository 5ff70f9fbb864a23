"""One ping from its reservation to its settlement: reserves the money, sends once, verifies, settles.

The order in `make` is the safety of the product: nothing is sent that was not reserved, nothing leaves once the world
has moved on, and what was sent is judged by the provider's own figures.
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
from keepalive.flights import Flights
from keepalive.judge import Result, judge
from keepalive.ping import build_replay
from keepalive.prefix import BadRequest
from keepalive.state import expires_at, last_send_at
from keepalive.store_thread import StoreThread
from keepalive.usage import RateLimits
from keepalive.vault import AccountStop, Captured, Vault
from keepalive.views import Situation
from keepalive.warmer import WarmAnswer, Warmer, WarmRequest
from store import lineages, pings
from store.rows import LineageRow, SessionRow

log = logging.getLogger("warmside.pinger")


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one attempt."""

    outcome: str
    """As in the store's pings, or the reason code why nothing was reserved."""
    settled: bool = False
    """A reservation was given back, or became a cost."""
    whole_account: bool = False
    """Nothing more is sent with its credential for now."""


class Attempts:
    """Pings on their way, one a lineage. `alive` tells whether a session's process still runs (cheap)."""

    def __init__(
        self,
        *,
        store: StoreThread,
        vault: Vault,
        flights: Flights,
        clock: Clock,
        guard: ClockGuard,
        warmer: Warmer,
        alive: Callable[[SessionRow], bool],
    ) -> None:
        self._store = store
        self._vault = vault
        self._flights = flights
        self._clock = clock
        self._guard = guard
        self._warmer = warmer
        self._alive = alive
        self._sending: dict[int, bool] = {}
        """Lineages whose ping is being sent, and whether a person asked for it."""
        self._withdrawn: set[int] = set()
        """Of those, the ones that must not leave any more: the rules have changed since."""

    def withdraw(self, lineage_id: int) -> None:
        """The rules have changed: a ping of this lineage that has not left stays, unless a person asked for it."""
        if self._sending.get(lineage_id) is False:
            self._withdrawn.add(lineage_id)

    def age_known(self, captured: Captured) -> bool:
        """Whether the clock was not set back since this request began."""
        return captured.started_monotonic > self._guard.set_back_at

    async def make(self, situation: Situation, *, manual: bool) -> Sent:
        """Reserve, send once, verify, settle."""
        lineage, session, view = situation.lineage, situation.session, situation.view
        captured = self._vault.get(lineage.id)
        expiry, last = expires_at(view), last_send_at(view)
        read, write = view.read_usd, view.write_usd
        if captured is None or expiry is None or last is None or read is None or write is None:
            return Sent("no_prefix")
        if lineage.ttl_class is None or lineage.id in self._sending:
            return Sent("in_flight")
        ttl_class = lineage.ttl_class
        self._sending[lineage.id] = manual
        try:
            try:
                request = await asyncio.to_thread(_request, lineage.id, captured, last)
            except BadRequest as error:
                log.error("a captured request of %s cannot be replayed: %s", session.id, error)
                await self._store.write(lambda connection: lineages.stop(connection, lineage.id, "not_replayable", {}))
                return Sent("not_replayable")
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
                return Sent(reserved)
            answer = await self._warm(situation, captured, request)
            result = judge(answer, lineage.prefix_tokens, self._clock.wall())
            await self._settle(reserved, lineage, captured, answer, result)
        finally:
            del self._sending[lineage.id]
            self._withdrawn.discard(lineage.id)
        return Sent(result.outcome, settled=True, whole_account=bool(result.stop) and result.whole_account)

    async def _warm(self, situation: Situation, captured: Captured, request: WarmRequest) -> WarmAnswer:
        """Ask the warmer, unless the world has moved on while the money was reserved."""
        session, lineage, until = situation.session, situation.lineage, situation.rules.until

        def still_wanted() -> bool:
            now = self._clock.wall()
            return not (
                self._flights.any(session.id, session.launch_id, lineage.agent_id)
                or self._vault.get(lineage.id) is not captured
                or self._vault.account_stop(captured.account, now) is not None
                or _near_limit(self._vault.limits(captured.account), now)
                or lineage.id in self._withdrawn
                or (until is not None and now >= until)
                or not self.age_known(captured)
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

    async def _settle(
        self, ping_id: int, lineage: LineageRow, captured: Captured, answer: WarmAnswer, result: Result
    ) -> None:
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
            self._vault.stop_account(captured.account, AccountStop(result.stop, result.args or {}, result.until))
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
