"""The relay: what leaves is what came, in both directions, at the pace of the slower side."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from aiohttp import connector
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.exchange import Route
from keepalive.gateway_stream import end_to_end
from tests.keepalive.gateway_harness import (
    LAST_CHUNK,
    OK,
    SSE_HEAD,
    TOKEN,
    Peer,
    chunk,
    gateway_to,
    header_lines,
    post,
    raw_upstream,
    running,
    until,
    without,
)

PASSED = (
    b"X-Api-Key: sk-ant-test-0001\r\nanthropic-VERSION: 2023-06-01\r\nx-claude-code-session-id: abc\r\n"
    b"X-Twice: 1\r\nAccept-Encoding: gzip, br\r\nX-Twice: 2\r\nx-empty:\r\nUser-Agent: claude-cli/2.1 (external)\r\n"
)


class Stamping:
    """An upstream that keeps every request's bytes and gives each the same answer."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.requests: list[tuple[bytes, bytes]] = []

    async def __call__(self, peer: Peer) -> None:
        while True:
            self.requests.append(await peer.message())
            await peer.send(self.answer)


async def through(raw: bytes, answer: bytes = OK) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """What the upstream got and what the client got."""
    stamping = Stamping(answer)
    async with running(stamping) as (world, _):
        got = await world.ask(raw)
    (sent,) = stamping.requests
    return sent, got


@pytest.mark.parametrize("path", [f"/s/{TOKEN}/v1/messages?beta=true", "/v1/messages", "/anything"])
async def test_request_arrives_as_it_was_sent(path: str) -> None:
    body = b'{"a": "\xc3\xa9 \\ud800",  "b":1}\n'
    (head, got), _ = await through(post(body, path, PASSED))
    assert got == body
    sent = header_lines(post(body, path, PASSED).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert without(head, b"host") == [pair for pair in sent if pair[0] != b"Host"]


async def test_host_is_the_upstreams() -> None:
    async with (
        raw_upstream(stamping := Stamping()) as upstream,
        gateway_to(f"http://127.0.0.1:{upstream.port}") as world,
    ):
        await world.ask(post())
        hosts = [value for name, value in header_lines(stamping.requests[0][0]) if name == b"Host"]
        assert hosts == [b"127.0.0.1:%d" % upstream.port]


TOKENS = st.text("abcXYZ-0123456789", min_size=1, max_size=12).map(lambda name: f"x-{name}".encode())
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).map(str.encode)


@settings(max_examples=25, deadline=None)
@given(headers=st.lists(st.tuples(TOKENS, VALUES), max_size=12), body=st.binary(max_size=2000))
def test_any_headers_and_body_pass(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    extra = b"".join(b"%s: %s\r\n" % pair for pair in headers)
    (head, got), (back, returned) = asyncio.run(
        through(post(body, extra=extra), b"HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\nok" % extra)
    )
    assert (got, returned) == (body, b"ok")
    spelling: dict[bytes, bytes] = {}
    expected = [(spelling.setdefault(name.lower(), name), value) for name, value in headers]
    assert without(head, b"host", b"content-length") == expected
    assert without(back, b"content-length") == headers


@pytest.mark.parametrize(
    "target", ["/v1/a%2Fb?x=%20y&z", "/v1/messages?", "/a/../b//c", "/x;y=1?q=a+b%2B", "//twice", "/a%zz"]
)
async def test_target_keeps_its_spelling(target: str) -> None:
    (head, _), _ = await through(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert head.partition(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


async def test_base_path_of_the_upstream_goes_before_the_target() -> None:
    async with raw_upstream(stamping := Stamping()) as upstream:
        async with gateway_to(f"http://127.0.0.1:{upstream.port}/base/") as world:
            await world.ask(post(path=f"/s/{TOKEN}/v1/messages?beta=true"))
        assert stamping.requests[0][0].startswith(b"POST /base/v1/messages?beta=true HTTP/1.1\r\n")


async def test_repeated_headers_that_differ_in_case_all_arrive() -> None:
    (head, _), _ = await through(post(extra=b"X-Twice: 1\r\nx-other: 2\r\nx-twice: 3\r\n"))
    assert without(head, b"host", b"content-length") == [
        (b"X-Twice", b"1"),
        (b"x-other", b"2"),
        (b"X-Twice", b"3"),
    ]


async def test_chunked_and_compressed_uploads_pass_untouched() -> None:
    packed = gzip.compress(b"x" * 5000)
    (head, body), _ = await through(post(packed, extra=b"Content-Encoding: gzip\r\n"))
    assert body == packed
    assert (b"Content-Length", str(len(packed)).encode()) in header_lines(head)
    for path in (f"/s/{TOKEN}/v1/messages", "/v1/files"):
        raw = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        (head, body), _ = await through(raw + chunk(b"one") + chunk(b"two") + LAST_CHUNK)
        assert body == b"onetwo"


async def test_expect_continue_and_h2c_offers_are_this_hops_matter() -> None:
    stamping = Stamping()
    async with running(stamping) as (world, _):
        peer = await world.client()
        head, _, body = post(b"late", extra=b"Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        await peer.send(head + b"\r\n\r\n")
        assert await peer.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await peer.send(body)
        assert (await peer.message())[1] == b"ok"
        offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
        assert (await world.ask(post(b"h2", extra=offer)))[1] == b"ok"
    assert [body for _, body in stamping.requests] == [b"late", b"h2"]
    for head, _ in stamping.requests:
        assert [name for name, _ in header_lines(head)] == [b"Host", b"Content-Length"]


PACKED = gzip.compress(b'{"answer": 42}')
EVENT = b'event: ping\ndata: {"type": "ping"}\n\n'
ANSWERS = {
    "own date": b"HTTP/1.1 200 Fine So\r\nDATE: Mon\r\nserver: x\r\nSet-Cookie: a=1\r\nX: y\r\nset-cookie: b=2\r\n"
    b"Content-Length: 2\r\n\r\nok",
    "bare": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "gzip": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKED), PACKED),
    "error": b"HTTP/1.1 529 Overloaded\r\nretry-after: 3\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\n!",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    "no reason": b"HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\nno",
    "events": SSE_HEAD + chunk(EVENT) + chunk(EVENT * 3) + LAST_CHUNK,
    "big header": b"HTTP/1.1 200 OK\r\nX-Big: %s\r\nContent-Length: 0\r\n\r\n" % (b"v" * 50_000),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("path", [f"/s/{TOKEN}/v1/messages", "/other"])
async def test_answer_is_the_one_a_direct_client_gets(name: str, path: str) -> None:
    stamping = Stamping(ANSWERS[name])
    async with running(stamping) as (world, upstream):
        direct = Peer(*await asyncio.open_connection("127.0.0.1", upstream.port, limit=1 << 20))
        await direct.send(post())
        expected = await direct.message()
        direct.close()
        got = await world.ask(post(path=path))
    framing = (b"transfer-encoding",)
    assert got[0].partition(b"\r\n")[0] == expected[0].partition(b"\r\n")[0]
    assert without(got[0], *framing) == without(expected[0], *framing)
    assert got[1] == expected[1]


async def test_head_keeps_the_length_and_the_connection() -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.head()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 123\r\n\r\n")

    async with running(script) as (world, upstream):
        peer = await world.client()
        for _ in range(2):
            await peer.send(b"HEAD /api/hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await peer.head() == b"HTTP/1.1 200 OK\r\nContent-Length: 123\r\n\r\n"
        assert len(upstream.connections) == 1


async def test_events_pass_one_by_one() -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await peer.send(SSE_HEAD + chunk(b"data: 1\n\n"))
        await seen.wait()
        await peer.send(chunk(b"data: 2\n\n") + LAST_CHUNK)

    async with running(script) as (world, _):
        peer = await world.client()
        await peer.send(post())
        await peer.head()
        assert await peer.piece() == b"data: 1\n\n"
        seen.set()
        assert await peer.piece() == b"data: 2\n\n"
        assert await peer.piece() == b""


async def test_a_stalled_client_stops_the_upstream() -> None:
    sent = 0
    total = 256 << 20

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.message()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        while sent < total:
            peer.writer.write(bytes(1 << 16))
            await peer.writer.drain()
            sent += 1 << 16

    async with running(script) as (world, _):
        peer = await world.client()
        peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        await peer.send(post())
        await peer.head()
        peer.reader._transport.pause_reading()  # type: ignore[attr-defined]  # a client that stops reading
        before = -1
        while before != sent:  # all three run on this loop: no progress in many rounds means that all of them wait
            before = sent
            for _ in range(500):
                await asyncio.sleep(0)
    assert 0 < sent < 40 << 20


async def test_a_stalled_upstream_stops_an_untracked_upload() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with running(script) as (world, upstream):
        peer = await world.client()
        sent, before, total = 0, -1, 256 << 20
        peer.writer.write(b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % total)
        await until(lambda: bool(upstream.connections))
        while before != sent and sent < total:
            before = sent
            for _ in range(500):
                await asyncio.sleep(0)
                if peer.writer.transport.get_write_buffer_size() == 0:
                    peer.writer.write(bytes(1 << 16))
                    sent += 1 << 16
    assert 0 < sent < 40 << 20


async def test_a_client_that_leaves_is_noticed_while_the_upstream_does_not_read() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    async with running(script) as (world, upstream):
        peer = await world.client()
        await peer.send(post(bytes(32 << 20)))
        await until(lambda: bool(upstream.connections))
        peer.abort()
        assert (await world.recorder.ended()).outcome == "client_gone"
        assert world.gateway.active == 0


@pytest.mark.parametrize("path", [f"/s/{TOKEN}/v1/messages", "/v1/messages"])
@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (SSE_HEAD + chunk(b"1"), b""),
        (SSE_HEAD + chunk(b"1"), b"zz\r\nzz"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", b"2"),
    ],
    ids=["chunked", "garbage", "length"],
)
async def test_an_upstream_that_dies_looks_broken_to_the_client(answer: bytes, then: bytes, path: str) -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await peer.send(answer)
        await seen.wait()
        await peer.send(then)
        peer.close()

    async with running(script) as (world, _):
        peer = await world.client()
        await peer.send(post(path=path))
        head = await peer.head()
        seen.set()
        with pytest.raises(asyncio.IncompleteReadError):  # the connection closes before the body's end
            await peer.body(head)


async def test_an_old_client_sees_a_reset_when_the_upstream_dies() -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await peer.send(SSE_HEAD + chunk(b"data: 1\n\n"))
        await seen.wait()
        peer.close()

    async with running(script) as (world, _):
        peer = await world.client()
        await peer.send(post().replace(b"HTTP/1.1", b"HTTP/1.0"))
        await peer.head()
        seen.set()
        with pytest.raises(ConnectionResetError):
            await peer.reader.read()


async def test_a_connection_that_the_upstream_closed_is_not_used_again() -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.message()
        await peer.send(OK)
        peer.close()
        await peer.writer.wait_closed()
        closed.set()

    async with running(script) as (world, upstream):
        for count in range(1, 4):
            closed.clear()
            assert (await world.ask(post()))[1] == b"ok"
            await closed.wait()
            assert len(upstream.connections) == count


async def test_an_idle_connection_is_given_up_before_servers_drop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stamping = Stamping()
    async with running(stamping) as (world, upstream):
        skipped = 0.0
        monkeypatch.setattr(connector, "monotonic", lambda: time.monotonic() + skipped)
        for pause, connections in ((0.0, 1), (3.0, 1), (4.5, 2)):
            skipped += pause
            assert (await world.ask(post()))[1] == b"ok"
            assert len(upstream.connections) == connections


async def test_a_post_that_may_have_been_read_is_not_sent_again() -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        requests.append((await peer.message())[1])
        await peer.send(OK)
        requests.append((await peer.message())[1])
        peer.close()  # in the very moment when the pooled connection was used again

    async with running(script) as (world, _):
        assert (await world.ask(post(b"first")))[1] == b"ok"
        head, body = await world.ask(post(b"second"))
        assert head.startswith(b"HTTP/1.1 502 ")
        assert b"upstream closed the connection" in body
    assert requests == [b"first", b"second"]


async def test_cookies_are_not_kept() -> None:
    stamping = Stamping(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nContent-Length: 0\r\n\r\n")
    async with (
        raw_upstream(stamping) as upstream,
        gateway_to(f"http://localhost:{upstream.port}") as world,  # a name: cookies of addresses are never kept
    ):
        await world.ask(post())
        await world.ask(post())
    assert b"cookie" not in stamping.requests[1][0].lower()


async def test_the_launchs_proxy_is_used() -> None:
    stamping = Stamping()
    async with raw_upstream(stamping) as proxy:
        route = Route("l", "http://upstream.invalid:81/b", proxy=f"http://me:secret@127.0.0.1:{proxy.port}")
        async with gateway_to("http://127.0.0.1:9", route=route) as world:
            assert (await world.ask(post()))[1] == b"ok"
    head = stamping.requests[0][0]
    assert head.startswith(b"POST http://upstream.invalid:81/b/v1/messages HTTP/1.1\r\n")
    assert (b"Proxy-Authorization", b"Basic bWU6c2VjcmV0") in header_lines(head)
    assert "secret" not in repr(route)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout {key} -out {cert}"
    try:
        subprocess.run([*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs the openssl command for a throw-away certificate")
    key.write_bytes(key.read_bytes() + cert.read_bytes())
    return key


async def test_the_launchs_ca_file_decides_about_tls(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def tunnel(peer: Peer) -> None:
        """A proxy that connects to whatever is asked for."""
        port = int((await peer.head()).split()[1].rpartition(b":")[2])
        far = Peer(*await asyncio.open_connection("127.0.0.1", port))
        await peer.send(b"HTTP/1.1 200 Connected\r\n\r\n")

        async def pump(source: Peer, target: Peer) -> None:
            while data := await source.reader.read(1 << 16):
                await target.send(data)
            target.close()

        try:
            await asyncio.gather(pump(peer, far), pump(far, peer))
        finally:
            far.abort()

    async with raw_upstream(Stamping(), context) as upstream, raw_upstream(tunnel) as proxy:
        url = f"https://127.0.0.1:{upstream.port}"
        for route, status in (
            (Route("l", url), b"502"),
            (Route("l", url, ca_file=str(certificate.parent / "absent.pem")), b"502"),
            (Route("l", url, ca_file=str(certificate)), b"200"),
            (Route("l", url, proxy=f"http://127.0.0.1:{proxy.port}", ca_file=str(certificate)), b"200"),
        ):
            async with gateway_to(url, route=route) as world:
                head, _ = await world.ask(post())
                assert head.split()[1] == status, route
        assert len(proxy.connections) == 1


def test_end_to_end_drops_what_belongs_to_the_hop() -> None:
    kept = ((b"A", b"1"), (b"a", b"2"), (b"Content-Length", b"3"))
    hop = (
        (b"Connection", b"close, X-Named"),
        (b"x-named", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Proxy-Authorization", b"x"),
        (b"proxy-connection", b"x"),
        (b"Expect", b"100-continue"),
        (b"TE", b"trailers"),
        (b"Trailer", b"x"),
        (b"Transfer-Encoding", b"chunked"),
        (b"UPGRADE", b"h2c"),
    )
    assert end_to_end((hop[0], kept[0], *hop[1:5], kept[1], *hop[5:], kept[2])) == kept
