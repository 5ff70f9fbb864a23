"""What really leaves for a ping, seen by a raw socket server, and how each kind of answer is told."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from keepalive.clock import ManualClock
from keepalive.ping import build_replay, equal_but_for_ping_fields
from keepalive.sender import ReplayWarmer
from keepalive.warmer import WarmRequest

KEY = b"sk-ant-test-0001"
CAPTURED_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"Host", b"127.0.0.1:9999"),
    (b"X-Claude-Code-Session-Id", b"11111111-2222-3333-4444-555555555555"),
    (b"x-api-key", KEY),
    (b"anthropic-version", b"2023-06-01"),
    (b"anthropic-beta", b"claude-code-20250219,effort-2025-11-24"),
    (b"X-Twice", b"one"),
    (b"X-Twice", b"two"),
    (b"User-Agent", b"claude-cli/2.1.331 (external, cli)"),
    (b"Content-Type", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate, br, zstd"),
    (b"Connection", b"keep-alive"),
    (b"Content-Length", b"123"),
)
EXPECTED_HEADERS = [*CAPTURED_HEADERS[1:9]]
CAPTURED_BODY = (
    b'{"model":"claude-opus-5-5", "max_tokens":128000,"stream":true,'
    b'"messages":[{"role":"user","content":[{"type":"text","text":"half \\ud83d, whole \xf0\x9f\x98\x80",'
    b'"cache_control":{"type":"ephemeral"}}]}]}'
)
ANSWER = {
    "id": "msg_ping",
    "type": "message",
    "model": "claude-opus-5-5",
    "content": [],
    "stop_reason": "max_tokens",
    "usage": {"input_tokens": 1, "cache_read_input_tokens": 900, "output_tokens": 0},
}


def http(status: int, body: bytes, *headers: bytes) -> bytes:
    head = [b"HTTP/1.1 %d X" % status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def message(*headers: bytes) -> bytes:
    return http(200, json.dumps(ANSWER).encode(), b"Content-Type: application/json", *headers)


class RawServer:
    """Answers every request on 127.0.0.1 with the same bytes and keeps what it received, connection by connection."""

    def __init__(self, answer: bytes | None, trusted: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.received: list[list[bytes]] = []
        self.all_closed = asyncio.Event()
        self._open = 0
        self._tls = trusted
        self._server: asyncio.Server | None = None

    async def start(self) -> RawServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def only_request(self) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
        """Request line, headers in order, body."""
        [[request]] = self.received
        head, _, body = request.partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        return line, [(name, value) for name, _, value in (field.partition(b": ") for field in fields)], body

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests: list[bytes] = []
        self._open += 1
        self.all_closed.clear()
        try:
            while head := await self._head(reader):
                if not requests:
                    self.received.append(requests)
                requests.append(head + await reader.readexactly(_length(head)))
                if self.answer is None:
                    await reader.read()  # keep silent until the client leaves
                    break
                writer.write(self.answer)
                await writer.drain()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._open -= 1
            if not self._open:
                self.all_closed.set()

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        if self._open:
            await asyncio.wait_for(self.all_closed.wait(), 5)


def _length(head: bytes) -> int:
    for field in head.lower().split(b"\r\n"):
        if field.startswith(b"content-length: "):
            return int(field[16:])
    return 0


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    running = await RawServer(message()).start()
    yield running
    await running.stop()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def warmer(clock: ManualClock) -> AsyncIterator[ReplayWarmer]:
    made = ReplayWarmer(clock)
    yield made
    await made.close()


def ping(upstream: object, **changes: object) -> WarmRequest:
    replay = build_replay(CAPTURED_BODY, CAPTURED_HEADERS, "/v1/messages?beta=true")
    fields: dict[str, object] = {
        "lineage_id": 7,
        "body": replay.body,
        "headers": replay.headers,
        "target": replay.target,
        "upstream": upstream,
        "proxy": None,
        "ca_file": None,
        "not_after": ManualClock().wall() + 100,
    }
    return WarmRequest(**{**fields, **changes})  # type: ignore[arg-type]


def test_importing_the_sender_loads_no_sdk() -> None:
    code = "import sys, keepalive.sender; print([m for m in ('anthropic', 'httpx2', 'pydantic') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


async def test_the_captured_request_leaves_and_nothing_else(server: RawServer, warmer: ReplayWarmer) -> None:
    request = ping(server.url)
    await warmer.warm(request)
    line, headers, body = server.only_request()
    assert line == b"POST /v1/messages?beta=true HTTP/1.1"
    assert body == request.body
    assert equal_but_for_ping_fields(CAPTURED_BODY, body)
    own = [(b"Host", b"127.0.0.1:%d" % server.port), (b"Content-Length", b"%d" % len(body))]
    assert [header for header in headers if header not in own] == EXPECTED_HEADERS
    assert len(headers) == len(EXPECTED_HEADERS) + 2


async def test_the_environment_changes_nothing(
    server: RawServer, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dead = "http://127.0.0.1:9"
    for name, value in {
        "ANTHROPIC_BASE_URL": dead,
        "ANTHROPIC_CUSTOM_HEADERS": "X-Leaked: yes\nx-api-key: sk-ant-test-leaked\nAuthorization: Bearer leaked",
        "ANTHROPIC_API_KEY": "sk-ant-test-leaked",
        "ANTHROPIC_AUTH_TOKEN": "leaked",
        "ANTHROPIC_PROFILE": "leaked",
        "ANTHROPIC_CONFIG_DIR": str(tmp_path),
        "HTTP_PROXY": dead,
        "http_proxy": dead,
        "ALL_PROXY": dead,
    }.items():
        monkeypatch.setenv(name, value)
    warmer = ReplayWarmer(clock)
    answer = await warmer.warm(ping(server.url))
    await warmer.close()
    assert answer.outcome == "answered"
    _, headers, _ = server.only_request()
    assert b"leaked" not in server.received[0][0].lower()
    assert [header for header in headers if header[0] not in (b"Host", b"Content-Length")] == EXPECTED_HEADERS


async def test_an_answer_is_told_in_full(server: RawServer, warmer: ReplayWarmer, clock: ManualClock) -> None:
    server.answer = message(b"anthropic-ratelimit-requests-limit: 50", b"anthropic-ratelimit-requests-remaining: 5")
    answer = await warmer.warm(ping(server.url))
    assert (answer.outcome, answer.status, answer.message_id, answer.detail) == ("answered", 200, "msg_ping", "")
    assert answer.usage is not None
    assert (answer.usage.input, answer.usage.cache_read, answer.usage.cache_write) == (1, 900, 0)
    assert answer.limits is not None
    assert answer.limits.near_limit == pytest.approx(0.9)
    assert (answer.sent_at, answer.answered_at) == (clock.wall(), clock.wall())


async def test_a_compressed_answer_is_read(server: RawServer, warmer: ReplayWarmer) -> None:
    packed = gzip.compress(json.dumps(ANSWER).encode())
    server.answer = http(200, packed, b"Content-Encoding: gzip", b"Content-Type: application/json")
    answer = await warmer.warm(ping(server.url))
    assert answer.outcome == "answered"
    assert answer.usage is not None
    assert answer.usage.cache_read == 900


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (302, "provider_error"),
        (400, "refused"),
        (401, "refused"),
        (403, "refused"),
        (404, "refused"),
        (429, "limited"),
        (500, "provider_error"),
        (503, "provider_error"),
        (529, "provider_error"),
    ],
)
async def test_errors_are_told_and_never_retried(
    server: RawServer, warmer: ReplayWarmer, status: int, outcome: str
) -> None:
    error = {"type": "error", "error": {"type": "some_error", "message": f"quoted {KEY.decode()}"}}
    server.answer = http(
        status, json.dumps(error).encode(), b"retry-after: 7", b"Location: /elsewhere", b"x-should-retry: true"
    )
    answer = await warmer.warm(ping(server.url))
    assert (answer.outcome, answer.status, answer.retry_after) == (outcome, status, 7.0)
    assert answer.detail == "some_error"
    assert answer.sent_at is not None
    assert [len(requests) for requests in server.received] == [1]


async def test_an_unreadable_success_is_a_provider_error(server: RawServer, warmer: ReplayWarmer) -> None:
    server.answer = http(200, b"<html>a login page</html>", b"Content-Type: text/html")
    answer = await warmer.warm(ping(server.url))
    assert (answer.outcome, answer.detail, answer.status) == ("provider_error", "unreadable answer", 200)


async def test_a_silent_provider_is_a_timeout(server: RawServer, clock: ManualClock) -> None:
    server.answer = None
    warmer = ReplayWarmer(clock, timeout=0.2)
    await warmer.prepare()
    answer = await warmer.warm(ping(server.url))
    await asyncio.wait_for(server.all_closed.wait(), 5)  # the connection does not linger
    await warmer.close()
    assert (answer.outcome, answer.detail, answer.sent_at) == ("timeout", "TimeoutError", clock.wall())


async def test_a_broken_answer_is_unreachable_after_sending(server: RawServer, warmer: ReplayWarmer) -> None:
    server.answer = b"this is no HTTP\r\n\r\n"
    answer = await warmer.warm(ping(server.url))
    assert (answer.outcome, answer.detail) == ("unreachable", "RemoteProtocolError")
    assert answer.sent_at is not None


async def test_nobody_listening_is_unreachable_and_unsent(server: RawServer, warmer: ReplayWarmer) -> None:
    url = server.url
    await server.stop()
    answer = await warmer.warm(ping(url))
    assert (answer.outcome, answer.detail, answer.sent_at) == ("unreachable", "ConnectError", None)


@pytest.mark.parametrize(
    "changes",
    [{"ca_file": "/nonexistent/ca.pem"}, {"proxy": "gopher://127.0.0.1:1"}, {"upstream": "http://[broken"}],
)
async def test_an_impossible_route_is_unreachable(warmer: ReplayWarmer, changes: dict[str, object]) -> None:
    answer = await warmer.warm(ping(**{"upstream": "http://127.0.0.1:9", **changes}))
    assert (answer.outcome, answer.sent_at) == ("unreachable", None)


@pytest.mark.parametrize("seconds", [0.0, -5.0])
async def test_nothing_is_sent_at_or_after_the_deadline(
    server: RawServer, warmer: ReplayWarmer, clock: ManualClock, seconds: float
) -> None:
    answer = await warmer.warm(ping(server.url, not_after=clock.wall() + seconds))
    assert (answer.outcome, answer.sent_at) == ("too_late", None)
    assert server.received == []


async def test_what_is_no_longer_wanted_once_the_connection_is_up_is_not_sent(
    server: RawServer, warmer: ReplayWarmer
) -> None:
    answer = await warmer.warm(ping(server.url, still_wanted=lambda: False))
    assert (answer.outcome, answer.sent_at) == ("too_late", None)
    assert server.received == []


class LateClock(ManualClock):
    """Jumps past the deadline between the first look and the second, as a slow handshake would."""

    def wall(self) -> float:
        now = super().wall()
        self.step(1000)
        return now


async def test_the_deadline_is_checked_again_when_the_connection_is_up(server: RawServer) -> None:
    warmer = ReplayWarmer(LateClock())
    answer = await warmer.warm(ping(server.url))
    await asyncio.wait_for(server.all_closed.wait(), 5)
    await warmer.close()
    assert (answer.outcome, answer.sent_at) == ("too_late", None)
    assert server.received == []


async def test_a_subscription_login_is_never_replayed(server: RawServer, warmer: ReplayWarmer) -> None:
    headers = ((b"Authorization", b"Bearer made-up"), (b"anthropic-beta", b"oauth-2025-04-20"))
    answer = await warmer.warm(ping(server.url, headers=headers))
    assert (answer.outcome, answer.status, answer.sent_at) == ("refused", None, None)
    assert server.received == []


async def test_a_connection_is_reused_without_cookies_and_closed(server: RawServer, warmer: ReplayWarmer) -> None:
    server.answer = message(b"Set-Cookie: a=b")
    await warmer.warm(ping(server.url))
    await warmer.warm(ping(server.url))
    assert [len(requests) for requests in server.received] == [2]
    assert b"a=b" not in server.received[0][1]
    assert not server.all_closed.is_set()
    await warmer.close()
    await asyncio.wait_for(server.all_closed.wait(), 5)


async def test_pings_at_the_same_time_do_not_mix(server: RawServer, warmer: ReplayWarmer) -> None:
    pings = [
        ping(server.url, body=b'{"max_tokens":0,"n":%d}' % 10**n, headers=((b"X-N", b"%d" % 10**n),)) for n in range(5)
    ]
    answers = await asyncio.gather(*(warmer.warm(one) for one in pings))
    assert {answer.outcome for answer in answers} == {"answered"}
    sent = [request.partition(b"\r\n\r\n") for requests in server.received for request in requests]
    assert sorted(body for _, _, body in sent) == sorted(one.body for one in pings)
    for head, _, body in sent:
        assert body == b'{"max_tokens":0,"n":%d}' % int(head.partition(b"X-N: ")[2].split()[0])


@pytest.mark.parametrize(
    ("path", "target", "line"),
    [
        ("", "/v1/messages?beta=true&x=%2F%20y", b"POST /v1/messages?beta=true&x=%2F%20y HTTP/1.1"),
        ("/anthropic", "/v1/messages", b"POST /anthropic/v1/messages HTTP/1.1"),
        ("/anthropic/", "/v1/messages?a=1&a=2", b"POST /anthropic/v1/messages?a=1&a=2 HTTP/1.1"),
    ],
)
async def test_the_target_is_kept_below_the_upstream(
    server: RawServer, warmer: ReplayWarmer, path: str, target: str, line: bytes
) -> None:
    await warmer.warm(ping(server.url + path, target=target))
    assert server.only_request()[0] == line


async def test_a_plain_proxy_gets_the_whole_address(server: RawServer, warmer: ReplayWarmer) -> None:
    answer = await warmer.warm(ping("http://provider.invalid", proxy=server.url))
    assert answer.outcome == "answered"
    line, headers, _ = server.only_request()
    assert line == b"POST http://provider.invalid/v1/messages?beta=true HTTP/1.1"
    assert (b"Host", b"provider.invalid") in headers
    assert [header for header in headers if header[0] not in (b"Host", b"Content-Length")] == EXPECTED_HEADERS


async def test_neither_log_nor_repr_nor_detail_shows_a_secret(
    server: RawServer, warmer: ReplayWarmer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    request = ping(server.url, proxy=None, headers=((b"x-api-key", KEY), (b"X-Broken", KEY + b"\x00")))
    broken = await warmer.warm(request)
    await warmer.warm(ping(server.url))
    server.answer = http(400, b'{"type":"error","error":{"type":"invalid_request_error","message":"half"}}')
    refused = await warmer.warm(ping(server.url))
    assert broken.detail == "LocalProtocolError"
    shown = caplog.text + repr(request) + repr(broken) + repr(refused)
    assert KEY.decode() not in shown
    assert "half" not in shown


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A throw-away authority for 127.0.0.1: certificate and key files."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    wanted = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=warmside-test -addext subjectAltName=IP:127.0.0.1"
    command = ["openssl", *wanted.split(), "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@pytest.fixture
async def secure(certificate: tuple[Path, Path]) -> AsyncIterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    running = await RawServer(message(), context).start()
    yield running
    await running.stop()


async def test_the_routes_own_authority_is_trusted(
    secure: RawServer, warmer: ReplayWarmer, certificate: tuple[Path, Path]
) -> None:
    strange = await warmer.warm(ping(secure.url))
    known = await warmer.warm(ping(secure.url, ca_file=str(certificate[0])))
    assert (strange.outcome, strange.sent_at) == ("unreachable", None)
    assert known.outcome == "answered"


class Tunnel:
    """A proxy that connects every CONNECT to one server and keeps what it was asked."""

    def __init__(self, port: int) -> None:
        self.asked: list[bytes] = []
        self._port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://user:secret@127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))

    @staticmethod
    async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()


@pytest.mark.parametrize("late", [False, True])
async def test_a_tunnel_carries_the_captured_request_in_time(
    secure: RawServer, certificate: tuple[Path, Path], late: bool
) -> None:
    tunnel = Tunnel(secure.port)
    warmer = ReplayWarmer(LateClock() if late else ManualClock())
    answer = await warmer.warm(ping(secure.url, proxy=await tunnel.start(), ca_file=str(certificate[0])))
    await warmer.close()
    await tunnel.stop()
    await asyncio.wait_for(secure.all_closed.wait(), 5)
    [asked] = tunnel.asked
    assert asked.startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1" % secure.port)
    assert KEY not in asked
    if late:
        assert (answer.outcome, answer.sent_at, secure.received) == ("too_late", None, [])
        return
    assert answer.outcome == "answered"
    _, headers, _ = secure.only_request()
    assert [header for header in headers if header[0] not in (b"Host", b"Content-Length")] == EXPECTED_HEADERS
