"""One ping from its reservation to its settlement: reserves the money, sends once, verifies, settles.

The order in `make` is the safety of the product: nothing is sent that was not reserved, nothing leaves once the world
has moved on, and what was sent is judged by the provider's own figures.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from keepalive import policy
from keepalive.clock import Clock
from keepalive.clock_guard import Ages, ClockGuard
from keepalive.flights import Flights
from keepalive.judge import ForkTerms, Result, judge
from keepalive.ping import build_replay
from keepalive.plugin_sessions import PluginSessions
from keepalive.prefix import BadRequest
from keepalive.state import expires_at, last_send_at, warmer_of
from keepalive.store_thread import StoreThread
from keepalive.usage import RateLimits
from keepalive.vault import AccountStop, Captured, Vault
from keepalive.views import Situation
from keepalive.warmer import WarmAnswer, Warmer, WarmRequest, fork_request
from store import lineages, pings, sessions
from store.models import TTLClass, Usage
from store.models import Warmer as WarmerName
from store.rows import LineageRow, SessionRow

log = logging.getLogger("warmside.pinger")

NO_PING = frozenset({"too_late", "busy", "silent", "nothing_to_fork", "plan_login"})
"""Outcomes after which, where nothing left, there was no ping: it was overtaken, or the client was asked in vain."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one attempt."""

    outcome: str
    """As in the store's pings, or the reason code why nothing was reserved."""
    settled: bool = False
    """A reservation was given back, or became a cost."""
    whole_account: bool = False
    """Nothing more is sent with its credential for now."""


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A ping that is being sent."""

    manual: bool
    """A person asked for it."""
    plan_login: bool
    """It may leave under a plan's login, since that was consented to."""
    requests: int
    """Real requests of its lineage when it was decided on."""


class Attempts:
    """Pings on their way, one a lineage. `alive` tells whether a session's process still runs (cheap); `plugins` which
    clients could be asked for a fork; `warmers` are the ways to send."""

    def __init__(
        self,
        *,
        store: StoreThread,
        vault: Vault,
        flights: Flights,
        clock: Clock,
        guard: ClockGuard,
        warmers: Mapping[WarmerName, Warmer],
        plugins: PluginSessions,
        alive: Callable[[SessionRow], bool],
    ) -> None:
        self._store = store
        self._vault = vault
        self._flights = flights
        self._clock = clock
        self._guard = guard
        self._ages = Ages(clock, guard)
        self._warmers = warmers
        self._plugins = plugins
        self._alive = alive
        self._sending: dict[int, _Leaving] = {}
        """By lineage."""
        self._withdrawn: set[int] = set()
        """Of those, the ones that must not leave any more: the rules have changed since."""

    def withdraw(self, lineage_id: int) -> None:
        """The rules have changed: a ping of this lineage that has not left stays, unless a person asked for it."""
        leaving = self._sending.get(lineage_id)
        if leaving is not None and not leaving.manual:
            self._withdrawn.add(lineage_id)

    def reconsider(self, now: Situation) -> None:
        """What was decided on another ground stays, whoever asked for it: another request has renewed the entry, or
        nobody agrees any more to what leaves under a plan's login. (The plan alone does not tell: which login it is,
        the client may be the only one to know.)"""
        leaving = self._sending.get(now.lineage.id)
        if leaving is None:
            return
        if leaving.requests != now.lineage.requests or (leaving.plan_login and not now.plan_login):
            self._withdrawn.add(now.lineage.id)

    def age_known(self, lineage: LineageRow, captured: Captured | None) -> bool:
        """Whether the clock was not set back since the lineage's last request began."""
        if captured is None:
            return self._ages.known(lineage.id, lineage.last_request_at)
        return captured.started_monotonic > self._guard.set_back_at

    async def make(self, situation: Situation, *, manual: bool) -> Sent:
        """Reserve, send once, verify, settle."""
        lineage, session, view = situation.lineage, situation.session, situation.view
        way = warmer_of(view)
        captured = self._vault.get(lineage.id)
        expiry, last = expires_at(view), last_send_at(view)
        read, write = view.read_usd, view.write_usd
        if way is None or expiry is None or last is None or read is None or write is None:
            return Sent("no_prefix")
        if way == "replay" and captured is None:
            return Sent("no_prefix")
        if lineage.ttl_class is None or lineage.id in self._sending or way not in self._warmers:
            return Sent("in_flight")
        ttl_class = lineage.ttl_class
        self._sending[lineage.id] = _Leaving(
            manual, plan_login=way == "fork" and situation.plan_login, requests=lineage.requests
        )
        try:
            try:
                request = await self._request(situation, captured if way == "replay" else None, last)
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
                    warmer=way,
                    model=lineage.model,
                    ttl_class=ttl_class,
                    prefix_tokens=situation.prompt_tokens,
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
            answer = await self._warm(way, situation, captured, request)
            fork = ForkTerms(situation.reply_tokens, assumed=view.forks_unproven) if way == "fork" else None
            if way == "fork" and answer.usage is not None:
                answer = replace(answer, usage=_of_class(answer.usage, ttl_class))
            result = judge(answer, lineage.prefix_tokens, self._clock.wall(), fork)
            await self._settle(reserved, lineage, captured, answer, result, plan_asked=request.plan_login)
        finally:
            del self._sending[lineage.id]
            self._withdrawn.discard(lineage.id)
        whole_account = bool(result.stop) and result.whole_account and captured is not None
        return Sent(result.outcome, settled=True, whole_account=whole_account)

    async def _request(self, situation: Situation, captured: Captured | None, not_after: float) -> WarmRequest:
        """What the warmer is asked. Raises BadRequest where a captured request cannot be repeated."""
        lineage = situation.lineage
        if captured is not None:
            return await asyncio.to_thread(_replay, lineage.id, captured, not_after)
        return fork_request(lineage.id, situation.session.id, not_after, plan_login=situation.plan_login)

    async def _warm(
        self, way: WarmerName, situation: Situation, captured: Captured | None, request: WarmRequest
    ) -> WarmAnswer:
        """Ask the warmer, unless the world has moved on while the money was reserved."""
        session, lineage, until = situation.session, situation.lineage, situation.rules.until

        def still_wanted() -> bool:
            now = self._clock.wall()
            return not (
                self._flights.any(session.id, session.launch_id, lineage.agent_id)
                or self._vault.get(lineage.id) is not captured
                or (captured is not None and self._account_refuses(captured, now))
                or lineage.id in self._withdrawn
                or (until is not None and now >= until)
                or not self.age_known(lineage, captured)
                or (way == "fork" and not self._plugins.rests(session.id))
                or not self._alive(session)
            )

        if not still_wanted():
            return WarmAnswer(outcome="too_late", detail="overtaken")
        try:
            return await self._warmers[way].warm(replace(request, still_wanted=still_wanted))
        except Exception as error:
            # A warmer does not raise. Should it, nobody knows what was sent: the reservation has to stand.
            log.error("the warmer failed with %s", type(error).__name__)
            return WarmAnswer(outcome="timeout", sent_at=self._clock.wall(), detail=type(error).__name__)

    def _account_refuses(self, captured: Captured, now: float) -> bool:
        return self._vault.account_stop(captured.account, now) is not None or _near_limit(
            self._vault.limits(captured.account), now
        )

    async def _settle(
        self,
        ping_id: int,
        lineage: LineageRow,
        captured: Captured | None,
        answer: WarmAnswer,
        result: Result,
        *,
        plan_asked: bool,
    ) -> None:
        # Whose account it is, only a captured request says: without one the stop is the lineage's own.
        whole_account = result.whole_account and captured is not None

        def write(connection: sqlite3.Connection) -> None:
            if result.outcome in NO_PING and answer.sent_at is None:
                pings.take_back(connection, ping_id)
            else:
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
            if result.outcome == "plan_login" and not plan_asked:
                # Now its login is known, and what holds it back is the answer to the question. (A client that refuses
                # what was consented to is stopped like any other: it would be asked again at once.)
                sessions.save(connection, lineage.session_id, login="subscription")
            elif result.stop and not whole_account and not _asked_since(connection, lineage):
                lineages.stop(connection, lineage.id, result.stop, result.args or {}, result.until)

        await self._store.write(write)
        if answer.limits is not None and captured is not None:
            self._vault.note_limits(captured.account, answer.limits)
        if result.stop and whole_account and captured is not None:
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


def _of_class(usage: Usage, ttl_class: TTLClass) -> Usage:
    """A fork's usage: the client does not say of which class the written tokens are. They are of the session's."""
    written = usage.cache_write_5m + usage.cache_write_1h
    if ttl_class == "1h":
        return structs.replace(usage, cache_write_5m=0, cache_write_1h=written)
    return structs.replace(usage, cache_write_5m=written, cache_write_1h=0)


def _asked_since(connection: sqlite3.Connection, lineage: LineageRow) -> bool:
    """Whether a real request was answered since this row was read: it wrote the entry anew and has voided all stops."""
    now = lineages.get(connection, lineage.id)
    return now is not None and now.requests != lineage.requests


def _replay(lineage_id: int, captured: Captured, not_after: float) -> WarmRequest:
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
