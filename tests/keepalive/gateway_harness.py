"""A raw-socket upstream, a raw-socket client and a gateway between them, for tests that compare bytes.

Both ends speak HTTP by hand, so that nothing tidies up what the gateway sent. Every wait is bounded.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from keepalive.clock import ManualClock
from keepalive.exchange import Exchange, ExchangeObserver, Route, Router
from keepalive.gateway import Gateway

TOKEN = "tok_0123456789abcdef"
PATIENCE_S = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def post(body: bytes = b"{}", path: str = f"/s/{TOKEN}/v1/messages", extra: bytes = b"") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + extra + b"\r\n" + body


class Peer:
    """One end of a TCP connection that reads and writes HTTP messages as plain bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        async with asyncio.timeout(PATIENCE_S):
            for start in range(0, len(data), 1 << 18):  # asyncio gets slow with one large piece
                self.writer.write(view[start : start + (1 << 18)])
                await self.writer.drain()

    async def head(self) -> bytes:
        """Up to and with the empty line."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def exactly(self, size: int) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(size)

    async def message(self) -> tuple[bytes, bytes]:
        """Head, and body with the chunked framing taken off."""
        head = await self.head()
        return head, await self.body(head)

    async def body(self, head: bytes) -> bytes:
        fields = dict(header_lines(head.lower()))
        if b"transfer-encoding" in fields:
            data = b""
            while piece := await self.piece():
                data += piece
            return data
        return await self.exactly(int(fields.get(b"content-length", b"0")))

    async def piece(self) -> bytes:
        """One chunk's data; empty at the proper end. Raises IncompleteReadError where the body is cut off."""
        async with asyncio.timeout(PATIENCE_S):
            size = int((await self.reader.readuntil(b"\r\n"))[:-2], 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def gone(self) -> None:
        """Until the other side closes; what still arrives is thrown away."""
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while await self.reader.read(1 << 16):
                    pass

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        self.writer.transport.abort()


def header_lines(head: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values in order; the first line is left out."""
    pairs = [line.partition(b":") for line in head[:-4].split(b"\r\n")[1:]]
    return [(name, value.strip()) for name, _, value in pairs]


def without(head: bytes, *names: bytes) -> list[tuple[bytes, bytes]]:
    return [pair for pair in header_lines(head) if pair[0].lower() not in names]


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Upstream:
    port: int
    connections: list[Peer] = field(default_factory=list)


@asynccontextmanager
async def raw_upstream(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """Run the script for each connection; one that ends leaves the connection as it is."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(peer: Peer) -> None:
        # When the gateway leaves, the script just ends: what a test wants to know of it, it asks by itself.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(peer)

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        upstream.connections.append(peer)
        tasks.add(asyncio.create_task(serve(peer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20, ssl=context)
    upstream = Upstream(server.sockets[0].getsockname()[1])
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for peer in upstream.connections:
            peer.abort()
        await server.wait_closed()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until this holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # nothing to wait on: the condition is the gateway's state
            await asyncio.sleep(0)


class Recorder:
    """An observer that writes down what it was told."""

    def __init__(self) -> None:
        self.log: list[tuple[str, Exchange]] = []
        self._changed = asyncio.Event()

    def started(self, exchange: Exchange) -> None:
        self.log.append(("started", exchange))

    def first_byte(self, exchange: Exchange) -> None:
        self.log.append(("first_byte", exchange))

    async def finished(self, exchange: Exchange) -> None:
        self.log.append(("finished", exchange))
        self._changed.set()

    def names(self) -> list[str]:
        return [name for name, _ in self.log]

    async def ended(self, count: int = 1) -> Exchange:
        """Wait for so many ends; the last one's exchange."""
        async with asyncio.timeout(PATIENCE_S):
            while self.names().count("finished") < count:
                self._changed.clear()
                await self._changed.wait()
        return self.log[-1][1]


class Launches:
    """A router over one dict."""

    def __init__(self, routes: dict[str, Route]) -> None:
        self.routes = routes

    async def route(self, token: str) -> Route | None:
        return self.routes.get(token)


@dataclass
class World:
    gateway: Gateway
    port: int
    recorder: Recorder
    clock: ManualClock
    clients: list[Peer] = field(default_factory=list)

    async def client(self, limit: int = 1 << 20) -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit))
        self.clients.append(peer)
        return peer

    async def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer to one request on a connection of its own."""
        peer = await self.client()
        await peer.send(request)
        return await peer.message()


@asynccontextmanager
async def gateway_to(
    upstream: str,
    *,
    route: Route | None = None,
    router: Router | None = None,
    observer: ExchangeObserver | None = None,
) -> AsyncIterator[World]:
    """A gateway whose default upstream is this, and TOKEN's too unless a route says otherwise."""
    recorder, clock = Recorder(), ManualClock()
    gateway = Gateway(
        router=router or Launches({TOKEN: route or Route("launch-1", upstream)}),
        observer=observer or recorder,
        default_upstream=upstream,
        clock=clock,
        logger=logging.getLogger("warmside.test"),
    )
    sock = socket.create_server(("127.0.0.1", 0))
    await gateway.start(sock)
    world = World(gateway, sock.getsockname()[1], recorder, clock)
    try:
        yield world
    finally:
        for peer in world.clients:
            peer.abort()
        await gateway.stop(0.2)


@asynccontextmanager
async def running(script: Script) -> AsyncIterator[tuple[World, Upstream]]:
    """Gateway and raw upstream together."""
    async with (
        raw_upstream(script) as upstream,
        gateway_to(f"http://127.0.0.1:{upstream.port}") as world,
    ):
        yield world, upstream
