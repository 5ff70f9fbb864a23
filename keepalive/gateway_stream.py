"""The gateway's way to the provider: one request up, its answer down, byte for byte.

Knows nothing of launches, tokens or observers. It must not decompress, follow redirects, keep cookies, retry a POST,
add a header, or end a broken answer as if it were whole. aiohttp's API cannot pass on header bytes that are not
UTF-8: such a request is refused here, such bytes in an answer's header are lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from functools import lru_cache

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from keepalive.exchange import Outcome, RawHeaders, Route

MAX_CAPTURE = 64 << 20
"""Bytes kept of a tracked request and of its answer, each."""
MAX_FIELD = 64 << 10
"""Bytes of a request line or of one header, in both directions."""
MAX_HEADERS = 1024

_POOL_IDLE_S = 4.0
# Servers commonly drop an idle connection after 5 s (Node, uvicorn) or more. A POST must not be sent twice, so a
# connection that may be about to close is not used: an idle one is given up before that.
_CONNECT_TIMEOUT_S = 10.0

# Host is set by each hop. `Expect: 100-continue` is met at this one: an upstream may ignore it, and the body would
# then wait for ever.
_OF_THIS_HOP = frozenset(
    {b"connection", b"expect", b"host", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)
_ADDED_BY_AIOHTTP = ("Content-Type", "Date", "Server")
_NOT_TO_ADD = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_BROKEN = (aiohttp.ClientError, aiohttp.http.HttpProcessingError, OSError)


class UpstreamFailed(Exception):
    """No answer came; the message says why, for the client, without URLs' credentials or header values."""


def end_to_end(headers: RawHeaders) -> RawHeaders:
    """The headers meant for the other end: without Host, the hop-by-hop ones and those that `Connection` names."""
    dropped = set(_OF_THIS_HOP)
    for name, value in headers:
        if name.lower() == b"connection":
            dropped.update(token.strip().lower() for token in value.split(b","))
    return tuple(
        (name, value)
        for name, value in headers
        if (lower := name.lower()) not in dropped and not lower.startswith(b"proxy-")
    )


def cut(request: web.BaseRequest) -> None:
    """Close the client's connection so that the answer under way looks broken, which it is."""
    transport = request.transport
    if transport is None:
        return
    if request.version >= aiohttp.HttpVersion11:
        transport.close()  # what is buffered still leaves; the missing end of the body gives it away
    else:
        # HTTP/1.0 ends a body by closing: only a reset looks broken.
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class RelayedResponse(web.StreamResponse):
    """An upstream's answer on its way to the client, without the headers that aiohttp would add of its own."""

    def __init__(self, status: int, reason: str | None, headers: CIMultiDict[str]) -> None:
        super().__init__(status=status, reason=reason or "", headers=headers)
        self._to_remove = [name for name in _ADDED_BY_AIOHTTP if name not in headers]

    @staticmethod
    async def drop_added(_request: web.Request, response: web.StreamResponse) -> None:
        """Handler of aiohttp's `on_response_prepare` signal."""
        if isinstance(response, RelayedResponse):
            for name in response._to_remove:
                response.headers.popall(name, None)


class Upstream:
    """The connections to the providers. `open` before use, `close` after."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_POOL_IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),  # one client's cookies are not another's
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
            auto_decompress=False,
            trust_env=False,  # the launch's proxy counts, not the keeper's
            skip_auto_headers=_NOT_TO_ADD,
            max_line_size=MAX_FIELD,
            max_field_size=MAX_FIELD,
            max_headers=MAX_HEADERS,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, route: Route, method: str, target: str, headers: RawHeaders, body: AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        """Send one request; returns when the answer's headers are there, its body unread.

        `headers` are end-to-end ones. Raises UpstreamFailed.
        """
        if self._session is None:
            raise UpstreamFailed("the gateway is stopping")
        try:
            return await self._session.request(
                method,
                _url(route.upstream, target),
                headers=_request_headers(headers),
                data=body,
                allow_redirects=False,
                proxy=route.proxy,
                ssl=True if route.ca_file is None else await self._context(route.ca_file),
            )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UpstreamFailed(_explain(error)) from error

    async def _context(self, ca_file: str) -> ssl.SSLContext:
        context = self._contexts.get(ca_file)
        if context is None:
            try:
                context = await asyncio.to_thread(_make_context, ca_file)
            except OSError as error:  # ssl.SSLError is one
                raise UpstreamFailed("the launch's CA file cannot be read") from error
            self._contexts[ca_file] = context
        return context


async def relay(
    answer: aiohttp.ClientResponse, request: web.Request, keep: Callable[[bytes], None] | None
) -> tuple[web.StreamResponse, Outcome]:
    """Pass an answer on as it arrives, each piece also to `keep`.

    The slower side sets the pace: nothing is read from the upstream while the client's socket is full. When this is
    cancelled or returns, the upstream's connection is closed unless its answer was read to the end.
    """
    headers = CIMultiDict((_text(name), _text(value)) for name, value in end_to_end(answer.raw_headers))
    response = RelayedResponse(answer.status, answer.reason, headers)
    with contextlib.closing(answer), _breaks_with_its_connection(answer):
        try:
            await response.prepare(request)
            while True:
                try:
                    piece = await answer.content.readany()
                except _BROKEN:
                    cut(request)
                    return response, "upstream_failed"
                if not piece:
                    break
                if keep is not None:
                    keep(piece)
                await response.write(piece)
            await response.write_eof()
        except ConnectionError:  # from writing: the client left
            return response, "client_gone"
    return response, "complete"


@contextlib.contextmanager
def _breaks_with_its_connection(answer: aiohttp.ClientResponse) -> Iterator[None]:
    """Wake whoever reads the body when its connection is lost.

    aiohttp does so itself but for a body whose chunks are malformed: there it closes the connection and the reader
    would wait for ever.
    """
    protocol = None if answer.connection is None else answer.connection.protocol
    closed = None if protocol is None else protocol.closed
    if closed is None:  # the whole answer is here already
        yield
        return

    def lost(done: asyncio.Future[None]) -> None:
        if not done.cancelled():
            done.exception()  # seen, so that nobody complains of it
        if not answer.content.is_eof() and answer.content.exception() is None:
            answer.content.set_exception(aiohttp.ClientPayloadError("the connection was lost"))

    closed.add_done_callback(lost)
    try:
        yield
    finally:
        closed.remove_done_callback(lost)


@lru_cache(maxsize=64)
def _base(upstream: str) -> tuple[str, str, str]:
    """Scheme, authority and path of a base URL. Raises ValueError."""
    url = URL(upstream)
    authority = url.host_port_subcomponent
    if url.scheme not in {"http", "https"} or not authority:
        raise ValueError("not an http URL")
    return url.scheme, authority, url.raw_path.rstrip("/")


def _url(upstream: str, target: str) -> URL:
    # The target is given as the path alone, query and all: split and put together again, a bare "?" would get lost.
    scheme, authority, path = _base(upstream)
    return URL.build(scheme=scheme, authority=authority, path=path + target, encoded=True)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _request_headers(headers: RawHeaders) -> list[tuple[str, str]]:
    """For aiohttp, which of two headers that differ in case alone keeps one: the first one's spelling is used.

    Raises ValueError for bytes that would not reach the upstream as they are.
    """
    spelling: dict[bytes, str] = {}
    pairs = []
    for name, value in headers:
        pairs.append((spelling.setdefault(name.lower(), name.decode()), value.decode()))
    return pairs


def _make_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    # Python 3.13 refuses certificates that the agents' own runtimes accept, company proxies' among them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["http/1.1"])
    return context


def _explain(error: Exception) -> str:
    """What went wrong, in words of ours: aiohttp's may hold the proxy's password."""
    match error:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return "the proxy did not connect to the upstream"
        case aiohttp.ClientConnectorDNSError():
            return "the upstream's name could not be resolved"
        case aiohttp.ClientSSLError():
            return "the upstream's TLS certificate or handshake was not accepted"
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return "upstream refused the connection"
        case aiohttp.ClientConnectorError():
            return "upstream could not be reached"
        case TimeoutError():
            return f"upstream did not accept the connection within {_CONNECT_TIMEOUT_S:.0f} s"
        case aiohttp.ClientResponseError():
            return "upstream's answer was not HTTP"
        case aiohttp.InvalidURL() | ValueError():
            return "the upstream's URL, or a header of the request, is not one that can be passed on"
        case _:
            return "upstream closed the connection without an answer"
