"""The gateway: what agents take for their provider. Every request passes through untouched; tracked ones are seen.

A launch's base URL ends in `/s/<token>`; the token says where its requests go and whether they may be tracked (see
`PASSING`). Whatever has no valid token passes to the default upstream, unseen. The gateway must not edit a request or
an answer, hold an event back, parse anything while bytes are under way, log a header, a body or a path, or answer for
the provider except where the provider cannot be reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
import traceback
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from keepalive.clock import Clock
from keepalive.exchange import Exchange, ExchangeObserver, RawHeaders, Route, Router
from keepalive.gateway_stream import (
    MAX_CAPTURE,
    MAX_FIELD,
    MAX_HEADERS,
    RelayedResponse,
    Upstream,
    UpstreamFailed,
    cut,
    end_to_end,
    relay,
)
from keepalive.launching.start import PASSING

_CLIENT_IDLE_S = 24 * 3600.0
# Longer than any client keeps an idle connection: the side that sends must be the one that closes, or the first
# prompt after a pause meets a closed socket.
_TOKEN = re.compile(r"/s/([A-Za-z0-9_-]+)(?=[/?]|$)")
_LOOPBACK = re.compile(rb"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
_TRACKED_PATH = "/v1/messages"
_NO_WEBSOCKET_PATH = "/responses"  # where Codex asks for one, and takes HTTP once it is told to
_STOP_STEP_S = 0.05


class BodyTooLarge(Exception):
    """A tracked request's body is over MAX_CAPTURE."""


class Gateway:
    """Serves agents on one listening socket from `start` to `stop`."""

    def __init__(
        self,
        *,
        router: Router,
        observer: ExchangeObserver,
        default_upstream: str,
        clock: Clock,
        logger: logging.Logger,
    ) -> None:
        self._router = router
        self._observer = observer
        self._untracked = Route(launch_id="", upstream=default_upstream)
        self._clock = clock
        self._logger = logger
        self._upstream = Upstream()
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._observing: set[asyncio.Task[None]] = set()

    @property
    def active(self) -> int:
        """Requests in flight."""
        return self._active

    async def start(self, sock: socket.socket) -> None:
        """Serve on this socket, which listens already. Raises ValueError when it is not bound to loopback."""
        if sock.getsockname()[0] not in _LOOPBACK_ADDRESSES:
            raise ValueError("the gateway serves loopback addresses only")
        await self._upstream.open()
        app = web.Application()
        app.on_response_prepare.append(RelayedResponse.drop_added)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,  # a client that leaves ends the upstream's call, also before its first byte
            auto_decompress=False,
            access_log=None,  # paths hold tokens
            logger=_silent_logger(),
            keepalive_timeout=_CLIENT_IDLE_S,
            max_line_size=MAX_FIELD,
            max_field_size=MAX_FIELD,
            max_headers=MAX_HEADERS,
            shutdown_timeout=_STOP_STEP_S,
        )
        await self._runner.setup()
        self._site = web.SockSite(self._runner, sock)
        await self._site.start()

    async def stop(self, grace: float = 5.0) -> None:
        """Take no new connection, give requests in flight `grace` seconds, then cut them.

        Observers are told of everything before this returns, unless they need longer than `grace` again.
        """
        if self._runner is None or self._site is None:
            return
        await self._site.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace)
        await self._runner.cleanup()
        await self._upstream.close()
        self._runner = self._site = None
        if self._observing:
            _, late = await asyncio.wait(self._observing, timeout=max(grace, _STOP_STEP_S))
            for task in late:
                task.cancel()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._active += 1
        self._idle.clear()
        try:
            return await self._admit(request)
        except Exception as error:
            self._log_failure("gateway", error)
            if request.writer.output_size > 0:
                cut(request)
            return refusal(502, "api_error", "the gateway failed")
        finally:
            self._active -= 1
            if self._active == 0:
                self._idle.set()

    async def _admit(self, request: web.Request) -> web.StreamResponse:
        if not host_allowed(request.raw_headers):
            # Else any web page could reach us under a name of its own that resolves to loopback.
            return refusal(403, "forbidden", "only requests to 127.0.0.1 or localhost are taken")
        if not request.raw_path.startswith("/"):
            return refusal(400, "invalid_request_error", "the request target must be a path")
        token, target = split_token(request.raw_path)
        try:
            route = None if token is None else await self._router.route(token)
        except Exception as error:
            # Not to the default upstream: it may not be the one that this launch's credentials are for.
            self._log_failure("router", error)
            return refusal(502, "api_error", "the launch could not be looked up")
        if token is None or route is None:
            return await self._pass(request, self._untracked, target)
        path = target.partition("?")[0]
        if token.startswith(PASSING):
            if path.endswith(_NO_WEBSOCKET_PATH) and request.headers.get("Upgrade", "").lower() == "websocket":
                answer = refusal(426, "invalid_request_error", "no websocket here, use HTTP")
                answer.headers["Upgrade"] = "HTTP/1.1"  # the status demands the header
                return answer
        elif request.method == "POST" and path.endswith(_TRACKED_PATH):
            return await self._track(request, route, target)
        return await self._pass(request, route, target)

    async def _pass(self, request: web.Request, route: Route, target: str) -> web.StreamResponse:
        body = request.content.iter_any() if request.body_exists else None
        try:
            answer = await self._upstream.send(route, request.method, target, end_to_end(request.raw_headers), body)
        except UpstreamFailed as error:
            return refusal(502, "api_error", str(error))
        response, _ = await relay(answer, request, None)
        return response

    async def _track(self, request: web.Request, route: Route, target: str) -> web.StreamResponse:
        exchange = Exchange(
            launch_id=route.launch_id,
            method=request.method,
            target=target,
            headers=end_to_end(request.raw_headers),
            started_wall=self._clock.wall(),
            started_monotonic=self._clock.monotonic(),
        )
        self._tell(self._observer.started, exchange)
        capture = _Capture()
        try:
            return await self._relay_tracked(request, route, exchange, capture)
        finally:
            exchange.ended_wall = self._clock.wall()
            exchange.ended_monotonic = self._clock.monotonic()
            task = asyncio.create_task(self._finish(exchange, capture))
            self._observing.add(task)
            task.add_done_callback(self._observing.discard)

    async def _relay_tracked(
        self, request: web.Request, route: Route, exchange: Exchange, capture: _Capture
    ) -> web.StreamResponse:
        try:
            await capture.read_request(request)
            body = capture.request_pieces() if request.body_exists else None
            answer = await self._upstream.send(route, exchange.method, exchange.target, exchange.headers, body)
        except OSError:  # from reading: the client left in the middle of its upload
            return refusal(400, "invalid_request_error", "the request's body broke off")
        except BodyTooLarge:
            exchange.outcome = "upstream_failed"
            return refusal(413, "request_too_large", "the request is larger than 64 MiB")
        except UpstreamFailed as error:
            exchange.outcome = "upstream_failed"
            return refusal(502, "api_error", str(error))
        exchange.status = answer.status
        exchange.response_headers = end_to_end(answer.raw_headers)
        exchange.first_byte_monotonic = self._clock.monotonic()
        self._tell(self._observer.first_byte, exchange)
        response, exchange.outcome = await relay(answer, request, capture.keep_response)
        return response

    def _tell(self, hook: Callable[[Exchange], None], exchange: Exchange) -> None:
        try:
            hook(exchange)
        except Exception as error:
            self._log_failure("observer", error)

    async def _finish(self, exchange: Exchange, capture: _Capture) -> None:
        try:
            await asyncio.to_thread(capture.fill, exchange)
            await self._observer.finished(exchange)
        except Exception as error:
            self._log_failure("observer", error)

    def _log_failure(self, who: str, error: Exception) -> None:
        # The message of an exception may quote what it choked on, so only type and place are said.
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
        self._logger.error("gateway: %s failed with %s at %s", who, type(error).__name__, place)


class _Capture:
    """The bytes of a tracked exchange, gathered in pieces and joined when it is over."""

    def __init__(self) -> None:
        self._request: list[bytes] = []
        self._response: list[bytes] = []
        self._room = MAX_CAPTURE
        self._truncated = False

    async def read_request(self, request: web.Request) -> None:
        """Read the whole upload before any of it goes up.

        So a client that leaves is noticed at once even when the upstream stalls, and what is too large is refused
        before the provider sees any of it. Raises BodyTooLarge.
        """
        if (request.content_length or 0) > MAX_CAPTURE:
            raise BodyTooLarge
        size = 0
        async for piece in request.content.iter_any():
            size += len(piece)
            if size > MAX_CAPTURE:
                raise BodyTooLarge
            self._request.append(piece)

    async def request_pieces(self) -> AsyncIterator[bytes]:
        for piece in self._request:
            yield piece

    def keep_response(self, piece: bytes) -> None:
        if len(piece) > self._room:
            piece = piece[: self._room]
            self._truncated = True
        self._room -= len(piece)
        self._response.append(piece)

    def fill(self, exchange: Exchange) -> None:
        exchange.body = b"".join(self._request)
        exchange.response_body = b"".join(self._response)
        exchange.truncated = self._truncated


def split_token(path: str) -> tuple[str | None, str]:
    """Token and what follows it (always a path): `/s/abc/v1/messages?x` gives `abc`, `/v1/messages?x`."""
    found = _TOKEN.match(path)
    if found is None:
        return None, path
    rest = path[found.end() :]
    return found[1], rest if rest.startswith("/") else "/" + rest


def host_allowed(headers: RawHeaders) -> bool:
    """True when there is one Host and it names this machine's loopback, with or without a port."""
    hosts = [value for name, value in headers if name.lower() == b"host"]
    return len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0]) is not None


def refusal(status: int, kind: str, message: str) -> web.Response:
    """An answer of our own, in the provider's error shape."""
    error = {"type": kind, "message": f"warmside: {message}"}
    return web.json_response({"type": "error", "error": error}, status=status)


def _silent_logger() -> logging.Logger:
    """For aiohttp, which quotes lines that it cannot parse: they may hold a token or a key."""
    logger = logging.Logger("warmside.gateway.aiohttp")
    logger.disabled = True
    return logger
