"""What the gateway adds to a request, measured beside a direct connection in the same run.

Three processes: a raw-socket upstream that answers at once, the gateway in front of it, and this one, the client.
Direct and through the gateway take turns, so that a busy machine hurts both alike. Run `python bench/gateway.py`;
it ends within about 20 s.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keepalive.clock import SystemClock
from keepalive.exchange import Exchange, Route
from keepalive.gateway import Gateway

TOKEN = "bench"  # noqa: S105
SMALL = 6 * 1024
LARGE = 9 * 1024 * 1024
EVENTS = 500
EVENT_GAP_S = 0.002
STAGE_S = 5.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class UpstreamProtocol(asyncio.Protocol):
    """Answers each complete POST with one event, or with EVENTS stamped ones when the query asks for them."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._missing = -1
        self._stream = False
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._buffer += data
            head, end, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not end:
                return
            self._stream = b"?events" in head.partition(b"\r\n")[0]
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._missing = int(length) - len(rest)
            self._buffer.clear()
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            self._task = asyncio.get_running_loop().create_task(self._answer())

    async def _answer(self) -> None:
        assert self._transport is not None
        self._transport.write(HEAD + chunk(b"data: first\n\n"))
        if self._stream:
            for _ in range(EVENTS):
                await asyncio.sleep(EVENT_GAP_S)
                self._transport.write(chunk(b"data: %20d\n\n" % time.perf_counter_ns()))
        self._transport.write(b"0\r\n\r\n")


class NoObserver:
    def started(self, exchange: Exchange) -> None: ...

    def first_byte(self, exchange: Exchange) -> None: ...

    async def finished(self, exchange: Exchange) -> None: ...


class OneRouter:
    def __init__(self, upstream: str) -> None:
        self._route = Route(launch_id="bench", upstream=upstream)

    async def route(self, token: str) -> Route | None:
        return self._route if token == TOKEN else None


def serve_upstream(pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(UpstreamProtocol, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.recv)

    asyncio.run(main())


def serve_gateway(pipe: Connection, upstream_port: int) -> None:
    async def main() -> None:
        upstream = f"http://127.0.0.1:{upstream_port}"
        gateway = Gateway(
            router=OneRouter(upstream),
            observer=NoObserver(),
            default_upstream=upstream,
            clock=SystemClock(),
            logger=logging.getLogger("bench"),
        )
        sock = socket.create_server(("127.0.0.1", 0))
        await gateway.start(sock)
        pipe.send(sock.getsockname()[1])
        await asyncio.to_thread(pipe.recv)
        await gateway.stop(1.0)

    asyncio.run(main())


class Client:
    """One blocking keep-alive connection."""

    def __init__(self, port: int, prefix: str) -> None:
        self._port, self._prefix = port, prefix
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def first_byte_ms(self, body: bytes) -> float:
        """From the first byte sent to the first byte received."""
        started = time.perf_counter_ns()
        self._sock.sendall(self._head("/v1/messages", body) + body)
        data = self._sock.recv(65536)
        elapsed = time.perf_counter_ns() - started
        self._drain(data)
        return elapsed / 1e6

    def event_ms(self, body: bytes) -> list[float]:
        """From the upstream's write to our read, for each stamped event."""
        self._sock.sendall(self._head("/v1/messages?events", body) + body)
        delays: list[float] = []
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data = self._sock.recv(65536)
            now = time.perf_counter_ns()
            for line in data.split(b"\n"):
                if line.startswith(b"data: ") and not line.endswith(b"first"):
                    delays.append((now - int(line[6:])) / 1e6)
        return delays

    def _head(self, path: str, body: bytes) -> bytes:
        return (
            f"POST {self._prefix}{path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"x-api-key: sk-ant-test-0001\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()

    def _drain(self, data: bytes) -> None:
        while not data.endswith(b"0\r\n\r\n"):
            data = data[-8:] + self._sock.recv(65536)


def take_turns(
    direct: Callable[[], list[float]], through: Callable[[], list[float]], rounds: int
) -> tuple[list[float], list[float]]:
    """Alternate until all rounds are run or STAGE_S is over; the first round warms up and does not count."""
    direct()
    through()
    deadline = time.perf_counter() + STAGE_S
    a: list[float] = []
    b: list[float] = []
    for _ in range(rounds):
        a += direct()
        b += through()
        if time.perf_counter() > deadline:
            break
    return a, b


def row(name: str, samples: tuple[list[float], list[float]], target: float) -> None:
    (d50, d99), (g50, g99) = ((statistics.median(s), statistics.quantiles(s, n=100)[98]) for s in samples)
    verdict = "ok" if g50 - d50 <= target else "OVER"
    print(
        f"{name:<22}{len(samples[0]):>6}{d50:>9.3f}{d99:>9.3f}{g50:>10.3f}{g99:>9.3f}{g50 - d50:>10.3f}"
        f"{target:>8.1f} {verdict}"
    )


def main() -> None:
    context = multiprocessing.get_context("spawn")
    up_pipe, up_end = context.Pipe()
    gw_pipe, gw_end = context.Pipe()
    upstream = context.Process(target=serve_upstream, args=(up_end,))
    upstream.start()
    upstream_port = up_pipe.recv()
    gateway = context.Process(target=serve_gateway, args=(gw_end, upstream_port))
    gateway.start()
    try:
        direct = Client(upstream_port, "")
        through = Client(gw_pipe.recv(), f"/s/{TOKEN}")
        small, large = b"x" * SMALL, b"x" * LARGE
        print(f"{'ms':<22}{'n':>6}{'direct50':>9}{'p99':>9}{'gateway50':>10}{'p99':>9}{'added50':>10}{'target':>8}")
        row(
            "first byte, 6 KB",
            take_turns(lambda: [direct.first_byte_ms(small)], lambda: [through.first_byte_ms(small)], 1000),
            1.0,
        )
        row(
            "first byte, 9 MB",
            take_turns(lambda: [direct.first_byte_ms(large)], lambda: [through.first_byte_ms(large)], 60),
            15.0,
        )
        row("one SSE event", take_turns(lambda: direct.event_ms(small), lambda: through.event_ms(small), 3), 0.3)
    finally:
        for pipe, process in ((gw_pipe, gateway), (up_pipe, upstream)):
            pipe.send(None)
            process.join(5)
            if process.is_alive():
                process.terminate()


if __name__ == "__main__":
    main()
