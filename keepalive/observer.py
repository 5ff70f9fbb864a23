"""Learns from each finished exchange: session, lineage, cache clock, usage, what the session now waits for.

Runs after the last byte has gone to the client; parsing happens in a thread, the store is written in its own. What is
learned of content is its size and its fingerprints; the bytes themselves go to the vault alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from keepalive.clock import Clock
from keepalive.config import Config
from keepalive.exchange import Exchange, Route
from keepalive.flights import SESSION, Flights, flight_key, named, named_session
from keepalive.fork_mark import is_aside, may_be_aside
from keepalive.prefix import BadRequest, parse_request
from keepalive.recorder import Recorder, Seen
from keepalive.store_thread import StoreThread
from keepalive.usage import parse_response
from keepalive.vault import Captured, Trace, Vault


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
        self._recorder = Recorder(config, flights)
        self._route_of = route_of
        self._agent_of = agent_of
        self._changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_by_one = asyncio.Lock()

    def started(self, exchange: Exchange) -> None:
        if not self._names_itself(exchange):
            return
        key = flight_key(exchange)
        self._flights.enter(key)
        held = self._vault.of_thread(*key)
        if not key[1] and not may_be_aside(exchange.headers, held[1].headers if held else None):
            task = asyncio.ensure_future(self._note_start(key[0], exchange))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def first_byte(self, exchange: Exchange) -> None:
        """Nothing to learn yet: the usage comes with the body."""

    async def finished(self, exchange: Exchange) -> None:
        key = flight_key(exchange)
        if not self._names_itself(exchange):
            return
        session_id, others = key[0], set[str]()
        try:
            # In the order of their ends: which request is a thread's last one is compared with the one held so far.
            async with self._one_by_one:
                try:
                    seen = await asyncio.to_thread(self._parse, exchange)
                    if seen is None:
                        await self._store.write(lambda c: self._recorder.rest(c, exchange, key[0], side=False))
                    elif seen.facts.fork:
                        self._vault.note_limits(seen.account, seen.response.limits)
                        await self._store.write(lambda c: self._recorder.rest(c, exchange, key[0], side=True))
                    else:
                        session_id = seen.session_id
                        others = await self._learn(seen)
                finally:
                    self._flights.leave(key)
        finally:
            await self._changed(session_id)
            for other in others - {session_id}:
                await self._changed(other)

    async def close(self) -> None:
        """Wait for what starts have still to write; after the gateway has stopped, before the store is closed."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _parse(self, exchange: Exchange) -> Seen | None:
        if exchange.status is None and exchange.outcome != "client_gone":
            return None
        try:
            facts = parse_request(exchange.body, exchange.headers)
        except BadRequest:
            return None
        response = parse_response(
            exchange.status or 0, exchange.response_headers, exchange.response_body, unsplit=facts.ttl_class or "5m"
        )
        return Seen(
            exchange=exchange,
            route=self._route_of(exchange.launch_id),
            facts=facts,
            response=response,
            # The headers' name first: that is the one under which it is counted as running.
            session_id=named_session(exchange.headers) or facts.session_id or exchange.launch_id,
            account=self._vault.account(exchange.headers),
        )

    def _names_itself(self, exchange: Exchange) -> bool:
        """A script that an agent started inherits base URL and token: without the session header that the agent
        always sends, such a request must not become what we ping."""
        if self._agent_of(exchange.launch_id) != "claude":
            return True
        return named(exchange.headers, SESSION) != ""

    async def _note_start(self, session_id: str, exchange: Exchange) -> None:
        await self._store.write(lambda connection: self._recorder.began(connection, session_id, exchange))
        await self._changed(session_id)

    async def _learn(self, seen: Seen) -> set[str]:
        """Store and hold what was seen; returns the sessions whose account turned out to work again."""
        lifted: set[str] = set()
        if seen.response.status == 200 and self._vault.clear_account(seen.account):
            lifted = self._vault.sessions_of(seen.account)
        self._vault.note_limits(seen.account, seen.response.limits)
        before = self._vault.of_thread(seen.session_id, seen.facts.agent_id)
        last = self._vault.last_of(seen.session_id, seen.facts.agent_id)
        # A thread's first request that this worker sees is taken for a main one, whatever it is.
        main = before[1].headers if before else None
        seen = replace(seen, aside=is_aside(seen.exchange.headers, seen.facts.shape, main))
        lineage_id = await self._store.write(lambda connection: self._recorder.learned(connection, seen, before, last))
        if seen.response.status == 200 and seen.response.usage is not None and not seen.beside:
            started = seen.exchange.started_monotonic
            answered = started + (seen.first_byte_seconds or 0.0)
            trace = Trace(seen.facts.shape, seen.exchange.started_wall, started, answered)
            self._vault.remember(seen.session_id, seen.facts.agent_id, trace)
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
                    started_monotonic=seen.exchange.started_monotonic,
                    headers=seen.exchange.headers,
                    body=seen.exchange.body,
                ),
            )
        return lifted
