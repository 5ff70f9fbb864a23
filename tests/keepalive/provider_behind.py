"""A real gateway with the real observer, and behind it the provider stand-in, all on one clock that a test moves."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from keepalive.exchange import Exchange, Route
from keepalive.gateway import Gateway
from keepalive.observer import Observer
from keepalive.standin import LogEntry, StandIn
from keepalive.standin_cache import PromptCache
from store import breaks
from store.break_models import BreakView
from tests.keepalive.gateway_harness import PATIENCE_S, TOKEN, Launches
from tests.keepalive.money_harness import KEY, LAUNCH, World, opened
from tests.keepalive.shapes import BETAS

SESSION = "session-1"


class Awaited:
    """The observer, and when it has learned."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.learned: asyncio.Queue[Exchange] = asyncio.Queue()

    def started(self, exchange: Exchange) -> None:
        self.observer.started(exchange)

    def first_byte(self, exchange: Exchange) -> None:
        self.observer.first_byte(exchange)

    async def finished(self, exchange: Exchange) -> None:
        await self.observer.finished(exchange)
        await self.learned.put(exchange)


@dataclass
class Wire:
    """One client's connection to the gateway, and what came of it."""

    world: World
    provider: StandIn
    observer: Awaited
    http: aiohttp.ClientSession
    url: str
    _asked: int = field(default=0)

    async def ask(self, body: dict[str, Any], *, betas: str = BETAS, agent: str = "", key: str = KEY) -> LogEntry:
        """Send a request, read its whole answer, wait until it has been learned; ten seconds go by."""
        headers = {"x-api-key": key, "anthropic-beta": betas, "x-claude-code-session-id": SESSION}
        if agent:
            headers["x-claude-code-agent-id"] = agent
        async with asyncio.timeout(PATIENCE_S):
            async with self.http.post(self.url, data=json.dumps(body).encode(), headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()
            await self.observer.learned.get()
            self._asked += 1
            entry = (await self.provider.entries(self._asked))[-1]
        self.world.clock.advance(10.0)
        return entry

    async def breaks(self) -> tuple[BreakView, ...]:
        return await self.world.store.read(lambda connection: breaks.of_session(connection, SESSION))

    async def restart(self) -> None:
        """A new worker on the same store, behind the same gateway."""
        await self.world.restart()
        self.observer.observer = self.world.observer

    def evict(self) -> None:
        """The provider forgets everything, for no reason that a client could know."""
        self.provider.cache = a_cache(self.world)


def a_cache(world: World) -> PromptCache:
    return PromptCache(world.clock, minimum_tokens=10)


@asynccontextmanager
async def wired(folder: Path) -> AsyncIterator[Wire]:
    async with opened(folder) as world:
        provider = StandIn(a_cache(world), world.clock)
        await provider.start()
        route = Route(LAUNCH, provider.url)
        world.routes[LAUNCH] = route
        observer = Awaited(world.observer)
        gateway = Gateway(
            router=Launches({TOKEN: route}),
            observer=observer,
            default_upstream=provider.url,
            clock=world.clock,
            logger=logging.getLogger("warmside.test"),
        )
        sock = socket.create_server(("127.0.0.1", 0))
        await gateway.start(sock)
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/s/{TOKEN}/v1/messages?beta=true"
        try:
            async with aiohttp.ClientSession() as http:
                yield Wire(world, provider, observer, http, url)
        finally:
            await gateway.stop(0.2)
            await provider.stop()


def spent(entry: LogEntry) -> tuple[int, int]:
    """Tokens that a request read and wrote, as the provider counted them."""
    assert entry.usage is not None
    read, written = entry.usage["cache_read_input_tokens"], entry.usage["cache_creation_input_tokens"]
    assert isinstance(read, int)
    assert isinstance(written, int)
    return read, written
