"""Learns from each finished exchange: session, lineage, cache clock, usage, what the session now waits for.

Runs after the last byte has gone to the client; parsing happens in a thread, the store is written in its own. What is
learned of content is its size and its fingerprints; the bytes themselves go to the vault alone.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from keepalive import pricing
from keepalive.clock import Clock
from keepalive.config import Config
from keepalive.exchange import Exchange, Route
from keepalive.flights import Flights, flight_key
from keepalive.ping import pingable
from keepalive.prefix import BadRequest, RequestFacts, compare, parse_request
from keepalive.store_thread import StoreThread
from keepalive.usage import ResponseFacts, header_value, parse_response
from keepalive.vault import Captured, Vault
from store import idle, launches, lineages, requests, sessions
from store.models import Evidence, Status, WaitingFor
from store.rows import LineageRow

_CAUSES = {
    "model": "model_changed",
    "tools": "tools_changed",
    "system": "system_changed",
    "messages": "messages_changed",
    "shrunk": "messages_changed",
}
"""Reason code of a lineage that another prefix took over."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One parsed exchange on its way into the store."""

    exchange: Exchange
    route: Route
    facts: RequestFacts
    response: ResponseFacts
    session_id: str
    account: str

    @property
    def first_byte_seconds(self) -> float | None:
        first = self.exchange.first_byte_monotonic
        return None if first is None else first - self.exchange.started_monotonic


class Observer:
    """Implements `ExchangeObserver`.

    `changed` is awaited with a session's id whenever something was learned that may change its plan; `route_of` gives
    a launch's route back by its id, `agent_of` the client that it started.
    """

    def __init__(
        self,
        *,
        store: StoreThread,
        vault: Vault,
        flights: Flights,
        config: Config,
        clock: Clock,
        route_of: Callable[[str], Route],
        agent_of: Callable[[str], str],
        changed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._vault = vault
        self._flights = flights
        self._config = config
        self._clock = clock
        self._route_of = route_of
        self._agent_of = agent_of
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: dict[str, tuple[Status, WaitingFor]] = {}

    def started(self, exchange: Exchange) -> None:
        key = flight_key(exchange)
        self._flights.enter(key)
        if not key[1] and self._names_itself(exchange):
            task = asyncio.ensure_future(self._note_start(key[0], exchange))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def first_byte(self, exchange: Exchange) -> None:
        """Nothing to learn yet: the usage comes with the body."""

    async def finished(self, exchange: Exchange) -> None:
        key = flight_key(exchange)
        try:
            seen = await asyncio.to_thread(self._parse, exchange)
            if seen is not None:
                await self._learn(seen)
        finally:
            self._flights.leave(key)
            await self._changed(key[0] if seen is None else seen.session_id)

    def _parse(self, exchange: Exchange) -> _Seen | None:
        if not self._names_itself(exchange):
            return None
        if exchange.status is None and exchange.outcome != "client_gone":
            return None
        try:
            facts = parse_request(exchange.body, exchange.headers)
        except BadRequest:
            return None
        response = parse_response(
            exchange.status or 0, exchange.response_headers, exchange.response_body, unsplit=facts.ttl_class or "5m"
        )
        return _Seen(
            exchange=exchange,
            route=self._route_of(exchange.launch_id),
            facts=facts,
            response=response,
            session_id=facts.session_id or exchange.launch_id,
            account=self._vault.account(exchange.headers),
        )

    def _names_itself(self, exchange: Exchange) -> bool:
        """A script that an agent started inherits base URL and token: without the session header that the agent
        always sends, such a request must not become what we ping."""
        if self._agent_of(exchange.launch_id) != "claude":
            return True
        return header_value(exchange.headers, b"x-claude-code-session-id") is not None

    async def _note_start(self, session_id: str, exchange: Exchange) -> None:
        def note(connection: sqlite3.Connection) -> None:
            _know_session(connection, session_id, exchange)
            sessions.set_state(connection, session_id, Status.BUSY, None, exchange.started_wall)

        await self._store.write(note)
        await self._changed(session_id)

    async def _learn(self, seen: _Seen) -> None:
        if seen.response.status == 200:
            self._vault.clear_account(seen.account)
        self._vault.note_limits(seen.account, seen.response.limits)
        before = self._vault.of_thread(seen.session_id, seen.facts.agent_id)
        lineage_id = await self._store.write(lambda connection: self._record(connection, seen, before))
        if lineage_id is not None:
            self._vault.hold(
                lineage_id,
                Captured(
                    session_id=seen.session_id,
                    agent_id=seen.facts.agent_id,
                    account=seen.account,
                    route=seen.route,
                    target=seen.exchange.target,
                    facts=seen.facts,
                    started_at=seen.exchange.started_wall,
                    headers=seen.exchange.headers,
                    body=seen.exchange.body,
                ),
            )

    def _record(self, connection: sqlite3.Connection, seen: _Seen, before: tuple[int, Captured] | None) -> int | None:
        """Write what was seen; returns the lineage whose last request this now is, or None."""
        facts, response, at = seen.facts, seen.response, seen.exchange.started_wall
        _know_session(connection, seen.session_id, seen.exchange)
        if seen.session_id != seen.exchange.launch_id:
            sessions.adopt_launch_name(connection, seen.exchange.launch_id, seen.session_id)
        pricing.ensure(connection, facts.model)
        answered = response.status == 200 and response.usage is not None
        lineage_id = None
        newest = before is None or before[1].started_at <= at
        if answered and facts.kind != "side" and newest:
            lineage_id = self._continue_lineage(connection, seen, before)
        if answered and response.usage is not None and response.message_id:
            requests.record(
                connection,
                message_id=response.message_id,
                session_id=seen.session_id,
                agent_id=facts.agent_id,
                lineage_id=lineage_id,
                evidence=Evidence.GATEWAY,
                model=facts.model,
                started_at=at,
                usage=response.usage,
                status=response.status,
                first_byte_seconds=seen.first_byte_seconds,
                ended_at=seen.exchange.ended_wall,
            )
        if facts.kind == "main" and (response.status == 200 or seen.exchange.outcome == "client_gone"):
            self._know_turn(connection, seen)
        elif facts.kind == "side" and not self._flights.others(flight_key(seen.exchange)):
            # A title or a probe says nothing about the session: undo the "busy" that its start looked like.
            state = self._settled.get(seen.session_id)
            if state is not None:
                sessions.set_state(connection, seen.session_id, *state, seen.exchange.ended_wall)
        return lineage_id

    def _continue_lineage(
        self, connection: sqlite3.Connection, seen: _Seen, before: tuple[int, Captured] | None
    ) -> int:
        facts, response, at = seen.facts, seen.response, seen.exchange.started_wall
        usage = response.usage
        assert usage is not None  # noqa: S101 - the caller checked it
        row = lineages.current(connection, seen.session_id, facts.agent_id)
        lineage_id = None
        if row is not None:
            reason = row.replaced or _break(row, before, facts, usage.cache_read)
            if reason:
                lineages.replace(connection, row.id, reason, usage.cache_write)
                idle.close_unreturned(connection, row.id, at=at, by="replaced")
            else:
                lineage_id = row.id
                idle.close_by_request(connection, row.id, at=at, read_tokens=usage.cache_read)
        if lineage_id is None:
            lineage_id = lineages.start(
                connection,
                seen.session_id,
                facts.agent_id,
                model=facts.model,
                evidence=Evidence.GATEWAY,
                at=at,
            )
        ttl_seconds = self._config.ttl(facts.ttl_class)
        lineages.touch_by_request(
            connection,
            lineage_id,
            at=at,
            prefix_tokens=response.replay_prefix,
            ttl_class=facts.ttl_class,
            ttl_seconds=ttl_seconds,
            model=facts.model,
            evidence=Evidence.GATEWAY,
            held=True,
            thinking=facts.thinking == "enabled",
            replayable=pingable(facts) or "",
        )
        if ttl_seconds is not None:
            idle.open_period(
                connection,
                lineage_id,
                seen.session_id,
                at=at,
                ttl_class=facts.ttl_class,
                ttl_seconds=ttl_seconds,
                prefix_tokens=response.replay_prefix,
            )
        return lineage_id

    def _know_turn(self, connection: sqlite3.Connection, seen: _Seen) -> None:
        """After a main request: model, size, login, and what the session waits for now."""
        known: dict[str, str | int | float | None] = {"login": seen.facts.login, "model": seen.facts.model}
        if seen.response.usage is not None:
            known["context_tokens"] = seen.response.usage.prefix
        sessions.save(connection, seen.session_id, agent=_agent(connection, seen.exchange), **known)
        runs_tool = seen.response.stop_reason == "tool_use"
        waiting = WaitingFor.TOOL if runs_tool else WaitingFor.YOU
        status = Status.BUSY if runs_tool else Status.IDLE
        self._settled[seen.session_id] = (status, waiting)
        sessions.set_state(connection, seen.session_id, status, waiting, seen.exchange.ended_wall)
        idle.note_waiting(connection, seen.session_id, waiting)


def _break(row: LineageRow, before: tuple[int, Captured] | None, facts: RequestFacts, cache_read: int) -> str:
    """Why this request does not continue the lineage, or ''."""
    if before is not None and before[0] == row.id:
        change = compare(before[1].facts, facts)
        return "" if change.continues else _CAUSES.get(change.cause, "replaced")
    # This worker has not seen the request before (it was started since): the provider's own answer decides.
    if row.model != facts.model:
        return "model_changed"
    return "" if cache_read >= 0.5 * row.prefix_tokens else "replaced"


def _know_session(connection: sqlite3.Connection, session_id: str, exchange: Exchange) -> None:
    """Make sure that the session is there, open, and tied to its launch."""
    row = sessions.get(connection, session_id)
    launch = launches.get(connection, exchange.launch_id)
    known: dict[str, str | int | float | None] = {
        "launch_id": exchange.launch_id,
        "last_activity_at": exchange.started_wall,
        "ended_at": None,
        "end_reason": "",
    }
    if row is None:
        known["opened_at"] = exchange.started_wall
    if launch is not None and not (row and row.cwd):
        known["cwd"] = launch.cwd
    if launch is not None and (row is None or row.pid is None):
        known["pid"] = launch.pid
    sessions.save(connection, session_id, agent=launch.agent if launch else "other", **known)


def _agent(connection: sqlite3.Connection, exchange: Exchange) -> str:
    launch = launches.get(connection, exchange.launch_id)
    return launch.agent if launch else "other"
