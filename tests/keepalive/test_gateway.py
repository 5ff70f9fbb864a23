"""The gateway's door: who may pass, where to, what is tracked, and that observers hear of everything exactly once."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from keepalive import gateway as gateway_module
from keepalive.exchange import Exchange, Route
from keepalive.gateway import host_allowed, split_token
from tests.keepalive.gateway_harness import (
    LAST_CHUNK,
    OK,
    SSE_HEAD,
    TOKEN,
    Launches,
    Peer,
    Recorder,
    World,
    chunk,
    gateway_to,
    header_lines,
    post,
    raw_upstream,
    running,
    until,
)

KEY = b"sk-ant-test-0001"


async def answering(peer: Peer) -> None:
    while True:
        await peer.message()
        await peer.send(OK)


def error_of(body: bytes) -> tuple[str, str]:
    """Type and message; checks that it is the provider's shape."""
    data = json.loads(body)
    assert set(data) == {"type", "error"}
    assert data["type"] == "error"
    assert set(data["error"]) == {"type", "message"}
    assert data["error"]["message"].startswith("warmside: ")
    return data["error"]["type"], data["error"]["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost", "LOCALHOST:65535", "[::1]", "[::1]:9"])
async def test_loopback_hosts_pass(host: str) -> None:
    async with running(answering) as (world, _):
        assert (await world.ask(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()))[1] == b"ok"


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["127.0.0.1.evil.example"],
        ["localhost."],
        ["127.0.0.1:x"],
        ["[::2]"],
        ["10.0.0.1:80"],
        [""],
        [],
    ],
)
async def test_foreign_hosts_are_refused(hosts: list[str]) -> None:
    async with running(answering) as (world, upstream):
        lines = "".join(f"Host: {host}\r\n" for host in hosts)
        head, body = await world.ask(f"GET /s/{TOKEN}/x HTTP/1.0\r\n{lines}\r\n".encode())
        assert head.split()[1] == b"403"
        assert error_of(body)[0] == "forbidden"
        assert not upstream.connections


def test_two_hosts_are_none() -> None:
    assert host_allowed(((b"Host", b"localhost"), (b"X", b"1")))
    assert not host_allowed(((b"Host", b"localhost"), (b"host", b"localhost")))


async def test_a_target_that_is_no_path_is_refused() -> None:
    async with running(answering) as (world, upstream):
        for target in ("http://evil.example/v1/messages", "*"):
            head, _ = await world.ask(f"OPTIONS {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert head.split()[1] in (b"400", b"404")
        assert not upstream.connections


PASS = "pass-0123456789abcdef"
OFFER = b"Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"


def asked_for_a_websocket(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode() + OFFER + b"\r\n"


async def test_codex_is_told_to_use_http_and_its_connection_stays() -> None:
    async with raw_upstream(answering) as upstream:
        route = Route("launch-2", f"http://127.0.0.1:{upstream.port}")
        async with gateway_to(route.upstream, router=Launches({PASS: route})) as world:
            peer = await world.client()
            await peer.send(asked_for_a_websocket(f"/s/{PASS}/responses?x=1"))
            head, body = await peer.message()
            assert head.split()[1] == b"426"
            assert (b"Upgrade", b"HTTP/1.1") in header_lines(head)
            assert error_of(body)[0] == "invalid_request_error"
            assert not upstream.connections
            await peer.send(post(path=f"/s/{PASS}/responses"))
            assert (await peer.message())[1] == b"ok"
            assert world.recorder.names() == []


@pytest.mark.parametrize(
    "path", [f"/s/{TOKEN}/responses", f"/s/{PASS}/v1/realtime", "/v1/responses", "/s/unknown/responses"]
)
async def test_any_other_websocket_is_the_providers_to_decline(path: str) -> None:
    heads = []

    async def declining(peer: Peer) -> None:
        while True:
            heads.append(await peer.head())
            await peer.send(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 2\r\n\r\nno")

    async with raw_upstream(declining) as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        routes = {TOKEN: Route("launch-1", url), PASS: Route("launch-2", url)}
        async with gateway_to(url, router=Launches(routes)) as world:
            peer = await world.client()
            for _ in range(2):
                await peer.send(asked_for_a_websocket(path))
                head, body = await peer.message()
                assert (head.split()[1], body) == (b"405", b"no")
            await peer.send(post(path="/x"))
            assert (await peer.message())[1] == b"no"
    names = [name.lower() for name, _ in header_lines(heads[0])]
    assert b"sec-websocket-version" in names
    assert b"upgrade" not in names, "that is between two ends of one connection"


@pytest.mark.parametrize(
    "path",
    ["/v1/chat/completions", "/v1/responses", "/v1beta/models/m:generateContent", "/v1/messages/batches", "/messages"],
)
async def test_requests_of_another_kind_are_never_tracked(path: str) -> None:
    async with running(answering) as (world, _):
        assert (await world.ask(post(path=f"/s/{TOKEN}{path}")))[1] == b"ok"
        assert world.recorder.names() == []


async def test_a_launch_that_only_passes_is_never_tracked() -> None:
    async with raw_upstream(answering) as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        async with gateway_to(url, router=Launches({PASS: Route("launch-2", url)})) as world:
            assert (await world.ask(post(path=f"/s/{PASS}/v1/messages")))[1] == b"ok"
            assert world.recorder.names() == []


@pytest.mark.parametrize(
    ("path", "token", "target"),
    [
        ("/s/abc/v1/messages?beta=true", "abc", "/v1/messages?beta=true"),
        ("/s/abc", "abc", "/"),
        ("/s/abc/", "abc", "/"),
        ("/s/a-b_C9?x=1", "a-b_C9", "/?x=1"),
        ("/s/abc//v1", "abc", "//v1"),
        ("/s/a%20b/v1", None, "/s/a%20b/v1"),
        ("/s//v1", None, "/s//v1"),
        ("/s", None, "/s"),
        ("/v1/s/abc/x", None, "/v1/s/abc/x"),
    ],
)
def test_split_token(path: str, token: str | None, target: str) -> None:
    assert split_token(path) == (token, target)


async def test_the_token_decides_where_a_request_goes_and_whether_it_is_seen() -> None:
    served: list[tuple[str, bytes]] = []

    def named(name: str) -> Callable[[Peer], Awaitable[None]]:
        async def script(peer: Peer) -> None:
            while True:
                served.append((name, (await peer.message())[0].partition(b" HTTP")[0]))
                await peer.send(OK)

        return script

    async with raw_upstream(named("default")) as default, raw_upstream(named("launch")) as own:
        route = Route("launch-7", f"http://127.0.0.1:{own.port}")
        async with gateway_to(f"http://127.0.0.1:{default.port}", route=route) as world:
            await world.ask(post(path=f"/s/{TOKEN}/v1/messages?beta=true"))
            for path in ("/v1/messages", "/s/unknown/v1/messages?x"):
                await world.ask(post(path=path))
            await world.ask(post(path=f"/s/{TOKEN}/v1/messages/count_tokens"))
            await world.ask(f"GET /s/{TOKEN}/v1/messages HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await world.ask(post(path=f"/s/{TOKEN}/deep/v1/messages"))
            await world.recorder.ended(2)
    assert served == [
        ("launch", b"POST /v1/messages?beta=true"),
        ("default", b"POST /v1/messages"),
        ("default", b"POST /v1/messages?x"),
        ("launch", b"POST /v1/messages/count_tokens"),
        ("launch", b"GET /v1/messages"),
        ("launch", b"POST /deep/v1/messages"),
    ]
    seen = [exchange.target for name, exchange in world.recorder.log if name == "finished"]
    assert seen == ["/v1/messages?beta=true", "/deep/v1/messages"]


async def test_a_launch_that_cannot_be_looked_up_goes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Launches):
        async def route(self, token: str) -> Route | None:
            raise RuntimeError(f"no table for {token}")

    async with (
        raw_upstream(answering) as upstream,
        gateway_to(f"http://127.0.0.1:{upstream.port}", router=Broken({})) as world,
    ):
        head, body = await world.ask(post())
        assert head.split()[1] == b"502"
        assert error_of(body)[0] == "api_error"
        assert not upstream.connections
    assert "router failed with RuntimeError" in caplog.text
    assert TOKEN not in caplog.text


async def test_an_exchange_holds_what_passed_and_when() -> None:
    answer_now = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await answer_now.wait()
        await peer.send(SSE_HEAD.replace(b"\r\n\r\n", b"\r\nX-Id: 1\r\nx-id: 2\r\n\r\n") + chunk(b"data: 1\n\n"))
        await peer.send(chunk(b"data: 2\n\n") + LAST_CHUNK)

    async with running(script) as (world, upstream):
        peer = await world.client()
        extra = b"X-API-Key: " + KEY + b"\r\nConnection: keep-alive\r\nx-A: 1\r\n"
        await peer.send(post(b'{"a":1}', extra=extra))
        await until(lambda: bool(upstream.connections))
        assert world.gateway.active == 1
        assert world.recorder.names() == ["started"]
        world.clock.advance(2.5)
        answer_now.set()
        await peer.message()
        exchange = await world.recorder.ended()
        assert world.gateway.active == 0
    assert world.recorder.names() == ["started", "first_byte", "finished"]
    assert (exchange.launch_id, exchange.method, exchange.target) == ("launch-1", "POST", "/v1/messages")
    assert exchange.headers == ((b"Content-Length", b"7"), (b"X-API-Key", KEY), (b"x-A", b"1"))
    assert exchange.body == b'{"a":1}'
    assert exchange.status == 200
    assert exchange.response_headers == (
        (b"Content-Type", b"text/event-stream"),
        (b"X-Id", b"1"),
        (b"x-id", b"2"),
    )
    assert exchange.response_body == b"data: 1\n\ndata: 2\n\n"
    assert (exchange.outcome, exchange.truncated) == ("complete", False)
    assert exchange.first_byte_monotonic == exchange.started_monotonic + 2.5
    assert exchange.ended_wall == exchange.started_wall + 2.5
    assert "sk-ant" not in repr(exchange)


async def test_an_upstream_that_is_not_there_gives_a_quick_502() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    async with gateway_to(f"http://127.0.0.1:{port}") as world, asyncio.timeout(1.0):
        for path in (f"/s/{TOKEN}/v1/messages", "/v1/models"):
            head, body = await world.ask(post(path=path))
            assert head.startswith(b"HTTP/1.1 502 ")
            assert error_of(body) == ("api_error", "warmside: upstream refused the connection")
        exchange = await world.recorder.ended()
        assert (exchange.outcome, exchange.status) == ("upstream_failed", None)


@pytest.mark.parametrize("upstream", ["ftp://127.0.0.1", "http://127.0.0.1:x", "nonsense", ""])
async def test_an_unusable_upstream_is_a_502(upstream: str) -> None:
    async with gateway_to(upstream) as world:
        head, body = await world.ask(post())
        assert head.startswith(b"HTTP/1.1 502 ")
        assert error_of(body)[0] == "api_error"


async def test_64_megabytes_pass_and_more_are_refused() -> None:
    async def script(peer: Peer) -> None:
        while True:
            size = int(dict(header_lines(await peer.head()))[b"Content-Length"])
            while size:
                size -= len(await peer.reader.read(min(size, 1 << 20)))
            await peer.send(OK)

    limit = 64 << 20
    async with running(script) as (world, upstream):
        assert (await world.ask(post(bytes(limit))))[1] == b"ok"
        exchange = await world.recorder.ended()
        assert len(exchange.body) == limit
        head, body = await world.ask(post(bytes(limit + 1)))
        assert head.split()[1] == b"413"
        assert error_of(body)[0] == "request_too_large"
        await world.recorder.ended(2)
        assert (await world.ask(post(bytes(limit + 1), path="/v1/files")))[1] == b"ok"
        assert len(upstream.connections) <= 2


async def test_what_is_kept_is_bounded_and_what_passes_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "MAX_CAPTURE", 1000)

    async def script(peer: Peer) -> None:
        while True:
            await peer.message()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b"x" * 3000)

    async with running(script) as (world, _):
        assert len((await world.ask(post(b"y" * 1000)))[1]) == 3000
        exchange = await world.recorder.ended()
        assert (len(exchange.body), len(exchange.response_body), exchange.truncated) == (1000, 1000, True)
        raw = f"POST /s/{TOKEN}/v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        head, _ = await world.ask(raw.encode() + chunk(b"y" * 900) + chunk(b"y" * 101) + LAST_CHUNK)
        assert head.split()[1] == b"413"


async def leave_before_first_byte(world: World, peer: Peer, upstream_busy: asyncio.Event) -> None:
    await peer.send(post())
    await upstream_busy.wait()
    peer.abort()


async def leave_in_mid_stream(world: World, peer: Peer, upstream_busy: asyncio.Event) -> None:
    await peer.send(post())
    await peer.head()
    peer.abort()


async def leave_in_mid_upload(world: World, peer: Peer, upstream_busy: asyncio.Event) -> None:
    await peer.send(post(b"x" * 100)[:-50])
    await until(lambda: world.gateway.active == 1)
    peer.abort()


async def stay(world: World, peer: Peer, upstream_busy: asyncio.Event) -> None:
    await peer.send(post())
    with suppress(asyncio.IncompleteReadError):
        await peer.message()


async def stop_the_gateway(world: World, peer: Peer, upstream_busy: asyncio.Event) -> None:
    await peer.send(post())
    await upstream_busy.wait()
    await world.gateway.stop(0.01)


CLIENTS = [
    leave_before_first_byte,
    leave_in_mid_stream,
    leave_in_mid_upload,
    stay,
    stop_the_gateway,
]
ANSWERS = {
    "silent": (b"", False),
    "head only": (SSE_HEAD, False),
    "streaming": (SSE_HEAD + chunk(b"data: 1\n\n"), False),
    "dies at once": (b"", True),
    "dies in the head": (SSE_HEAD[:20], True),
    "dies in mid stream": (SSE_HEAD + chunk(b"data: 1\n\n"), True),
    "garbage": (b"\x00\x01 nonsense\r\n\r\n", True),
}


CASES = [
    (client, answer)
    for answer, (data, dies) in ANSWERS.items()
    for client in CLIENTS
    if (client is not leave_in_mid_stream or data.startswith(SSE_HEAD)) and (client is not stay or dies)
]  # the others would wait for ever, as they should


@pytest.mark.parametrize(("client", "answer"), CASES)
async def test_every_start_has_one_end_and_no_call_outlives_its_client(
    client: Callable[[World, Peer, asyncio.Event], Awaitable[None]], answer: str
) -> None:
    data, dies = ANSWERS[answer]
    busy = asyncio.Event()
    left = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await peer.send(data)
        busy.set()
        if dies:
            peer.close()
        await peer.gone()
        left.set()

    async with running(script) as (world, upstream):
        peer = await world.client()
        await client(world, peer, busy)
        exchange = await world.recorder.ended()
        if upstream.connections:
            async with asyncio.timeout(2.0):
                await left.wait()
        await until(lambda: world.gateway.active == 0)
    names = world.recorder.names()
    assert (names[0], names[-1], len(names) - names.count("first_byte")) == ("started", "finished", 2)
    assert names.count("first_byte") == (exchange.status is not None)
    assert all(each is exchange for _, each in world.recorder.log)
    if not dies or client is leave_in_mid_upload:
        assert exchange.outcome == "client_gone"
    elif client is stay:
        assert exchange.outcome == "upstream_failed"
    else:
        assert exchange.outcome in ("client_gone", "upstream_failed")  # whichever was first
    if client is leave_in_mid_upload:
        assert not upstream.connections  # the provider saw nothing of it


@pytest.mark.parametrize("hook", ["started", "first_byte", "finished"])
async def test_an_observer_that_fails_hurts_nobody(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Recorder):
        def started(self, exchange: Exchange) -> None:
            super().started(exchange)
            self.fail("started", exchange)

        def first_byte(self, exchange: Exchange) -> None:
            super().first_byte(exchange)
            self.fail("first_byte", exchange)

        async def finished(self, exchange: Exchange) -> None:
            await super().finished(exchange)
            self.fail("finished", exchange)

        def fail(self, name: str, exchange: Exchange) -> None:
            if name == hook:
                raise ValueError(f"cannot parse {exchange.body!r} {exchange.headers!r}")

    observer = Failing()
    extra = b"x-api-key: " + KEY + b"\r\n"
    async with (
        raw_upstream(answering) as upstream,
        gateway_to(f"http://127.0.0.1:{upstream.port}", observer=observer) as world,
    ):
        assert (await world.ask(post(b"private", extra=extra)))[1] == b"ok"
        await observer.ended()
    assert observer.names() == ["started", "first_byte", "finished"]
    assert "observer failed with ValueError at " in caplog.text
    assert "private" not in caplog.text
    assert KEY.decode() not in caplog.text


async def test_no_log_holds_a_key_or_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with running(answering) as (world, _):
        await world.ask(post(extra=b"x-api-key: " + KEY + b"\r\n"))
        for broken in (
            b"GET /s/" + TOKEN.encode() + b"/\xff\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            post(extra=b"x-api-key : " + KEY + b"\r\n"),
            post(extra=b"x-api-key: " + KEY + b"\x01\r\n"),
            post(extra=b"x-api-key: " + KEY + b"\xe9\r\n"),
        ):
            head, _ = await world.ask(broken)
            assert head.split()[1] in (b"400", b"502")
    assert KEY.decode() not in caplog.text
    assert TOKEN not in caplog.text


async def test_a_connection_idle_for_an_hour_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    real, skipped = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: real() + skipped)

    async def script(peer: Peer) -> None:  # without the harness's patience, which ends as time jumps
        while True:
            await peer.reader.readuntil(b"{}")
            peer.writer.write(OK)

    async with running(script) as (world, _):
        peer = await world.client()
        for _ in range(3):
            await peer.send(post())
            assert (await peer.message())[1] == b"ok"
            skipped += 3700.0
            for _ in range(10):
                await asyncio.sleep(0)


async def test_many_and_large_headers_pass() -> None:
    received: list[bytes] = []

    async def script(peer: Peer) -> None:
        received.append((await peer.message())[0])
        await peer.send(OK)

    extra = b"X-Large: " + b"v" * 60_000 + b"\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500))
    async with running(script) as (world, _):
        assert (await world.ask(post(extra=extra, path="/" + "p" * 30_000)))[1] == b"ok"
    assert len(header_lines(received[0])) == 503


async def test_more_than_a_hundred_requests_at_once() -> None:
    everyone = asyncio.Event()
    count = 130
    waiting = 0

    async def script(peer: Peer) -> None:
        nonlocal waiting
        await peer.message()
        waiting += 1
        if waiting == count:
            everyone.set()
        await everyone.wait()
        await peer.send(OK)

    async with running(script) as (world, _):
        answers = await asyncio.gather(*(world.ask(post()) for _ in range(count)))
        assert [body for _, body in answers] == [b"ok"] * count
        assert (await world.recorder.ended(count)).outcome == "complete"


async def test_only_loopback_is_served() -> None:
    async with gateway_to("http://127.0.0.1:9") as world:
        with socket.socket() as sock:
            sock.bind(("", 0))
            with pytest.raises(ValueError, match="loopback"):
                await world.gateway.start(sock)


async def test_stop_lets_a_request_end_within_the_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "_STOP_STEP_S", 0.001)
    finish = asyncio.Event()
    busy = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await peer.send(SSE_HEAD)
        busy.set()
        await finish.wait()
        await peer.send(chunk(b"data: 1\n\n") + LAST_CHUNK)

    async with running(script) as (world, _):
        peer = await world.client()
        await peer.send(post())
        await busy.wait()
        stopping = asyncio.create_task(world.gateway.stop(5.0))
        await peer.head()
        await asyncio.wait([stopping], timeout=0.05)
        assert not stopping.done()
        finish.set()
        assert await peer.piece() == b"data: 1\n\n"
        assert await peer.piece() == b""
        await stopping
        assert world.recorder.log[-1][1].outcome == "complete"
        with pytest.raises(ConnectionRefusedError):
            await world.client()
