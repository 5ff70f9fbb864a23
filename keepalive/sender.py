"""Sends replayed pings through the anthropic SDK; the only module that imports it.

It exists to keep the SDK's weight and habits in one place. The SDK is loaded by `prepare`, in a thread, never by
importing this module. Its own headers (version, credential, X-Stainless, User-Agent) and everything that it or its
HTTP client would take from the environment are replaced at the last moment by the captured request's: what leaves is
that request. This module must not decide whether a ping is worth sending, and must not log what it sends.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal

from keepalive.clock import Clock
from keepalive.prefix import login
from keepalive.usage import parse_response
from keepalive.warmer import Outcome, WarmAnswer, WarmRequest

if TYPE_CHECKING:
    import anthropic
    import httpx2

_Route = tuple[str, str | None, str | None]
"""Upstream, proxy and CA file: what makes one connection pool."""

_CONNECT_SECONDS = 10.0
_LOGGERS = ("anthropic", "httpx2", "httpcore2")


class ReplayWarmer:
    """Warms a prefix by sending the captured request again, with the headers that it came with."""

    name: Literal["replay"] = "replay"

    def __init__(self, clock: Clock, timeout: float = 60.0) -> None:
        """`timeout`: seconds for one ping, from the start of connecting to the end of the answer."""
        self._clock = clock
        self._timeout = timeout
        self._clients: dict[_Route, anthropic.AsyncAnthropic] = {}
        self._opening = asyncio.Lock()

    async def prepare(self) -> None:
        """Load the SDK in a thread (a second or more the first time)."""
        await asyncio.to_thread(_load)

    async def warm(self, request: WarmRequest) -> WarmAnswer:
        """Send one ping, at most once and never at or after `not_after`."""
        if login(request.headers) == "subscription":
            # The policy never asks for this; the terms forbid it, so the last door is shut too.
            return WarmAnswer("refused", detail="subscription login")
        ping = _Ping(request, self._clock)
        if ping.is_late():
            return WarmAnswer("too_late", detail="due before the sender was asked")
        await self.prepare()
        import anthropic
        import httpx2

        try:
            client = await self._client((request.upstream, request.proxy, request.ca_file))
            _leaving.set(ping)
            async with asyncio.timeout(self._timeout):
                response = await client.post(request.target, content=request.body, cast_to=httpx2.Response)
        except anthropic.APIStatusError as error:
            response = error.response
        except (anthropic.APITimeoutError, TimeoutError) as error:
            return ping.failed("timeout", error)
        except (anthropic.APIConnectionError, httpx2.InvalidURL, OSError, ValueError) as error:
            return ping.failed("unreachable", error)
        return ping.answered(response)

    async def close(self) -> None:
        """Close all connections; pings that still run fail as unreachable."""
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.close()

    async def _client(self, route: _Route) -> anthropic.AsyncAnthropic:
        async with self._opening:
            if route not in self._clients:
                # Reading the system's certificates takes tens of milliseconds: not on the loop.
                self._clients[route] = await asyncio.to_thread(_open, route)
            return self._clients[route]


class _Ping:
    """One ping on its way out: what has to leave, when it left, and what came back."""

    def __init__(self, request: WarmRequest, clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._refused = False
        self._sent_at: float | None = None

    def is_late(self) -> bool:
        return self._clock.wall() >= self._request.not_after

    def dress(self, outgoing: httpx2.Request) -> None:
        """Replace all that the SDK and its client put into the head of the request."""
        import httpx2

        length = b"%d" % len(self._request.body)
        outgoing.headers = httpx2.Headers(
            [
                (b"Host", outgoing.url.netloc),
                *self._request.headers,
                (b"Content-Length", length),
            ]
        )
        outgoing.extensions["trace"] = self._trace

    async def _trace(self, event: str, info: dict[str, object]) -> None:
        # The connection is up (or reused) and the next step writes: the last moment to look at the clock. A proxy's
        # CONNECT comes by here too and sends nothing of ours.
        if event == "http11.send_request_headers.started" and getattr(info["request"], "method", b"") != b"CONNECT":
            if self.is_late() or not self._request.still_wanted():
                self._refused = True
                raise _TooLateError
            self._sent_at = self._clock.wall()

    def failed(self, outcome: Outcome, error: Exception) -> WarmAnswer:
        """No answer. Only the error's kind is told: its text may quote a header."""
        if self._refused:
            return WarmAnswer("too_late", detail="too late or no longer wanted once the connection was up")
        # The SDK wraps what the HTTP client raised. (Under our own timeout the cause is a cancellation: no news.)
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        return WarmAnswer(outcome, sent_at=self._sent_at, detail=type(cause).__name__)

    def answered(self, response: httpx2.Response) -> WarmAnswer:
        # The client has undone the content coding already.
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        facts = parse_response(response.status_code, headers, response.content)
        outcome = _outcome(response.status_code)
        detail = facts.error_type or ("" if outcome == "answered" else f"status {response.status_code}")
        if outcome == "answered" and (not facts.complete or facts.usage is None):
            outcome, detail = "provider_error", "unreadable answer"
        return WarmAnswer(
            outcome,
            status=response.status_code,
            usage=facts.usage,
            message_id=facts.message_id,
            retry_after=facts.limits.retry_after,
            limits=facts.limits,
            sent_at=self._sent_at,
            answered_at=self._clock.wall(),
            detail=detail,
        )


class _TooLateError(Exception):
    """Stops a request whose connection came up after its deadline, or after it was wanted."""


_leaving: ContextVar[_Ping] = ContextVar("_leaving")
"""The ping that the current task sends: the SDK has no way to hand it to the HTTP client's hook."""


async def _on_request(outgoing: httpx2.Request) -> None:
    _leaving.get().dress(outgoing)


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return "answered"
    if status == 429:
        return "limited"
    return "refused" if 400 <= status < 500 else "provider_error"


def _load() -> None:
    import anthropic  # noqa: F401  (httpx2 comes with it)

    # At level DEBUG, which ANTHROPIC_LOG or a root logger may ask for, the SDK logs bodies and headers.
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _open(route: _Route) -> anthropic.AsyncAnthropic:
    """A client for one route. Raises OSError for an unreadable CA file, ValueError for an impossible proxy."""
    import anthropic
    import httpx2

    upstream, proxy, ca_file = route
    trusted = httpx2.create_ssl_context(trust_env=False)
    if ca_file is not None:
        trusted.load_verify_locations(cafile=ca_file)
    through = httpx2.Proxy(proxy, ssl_context=trusted if proxy.startswith("https:") else None) if proxy else None
    http = httpx2.AsyncClient(
        verify=trusted,
        proxy=through,
        trust_env=False,
        follow_redirects=False,
        event_hooks={"request": [_on_request]},
    )
    # A credential has to be given, or the SDK looks for one in the environment and on disk. It never leaves.
    return anthropic.AsyncAnthropic(
        api_key="replaced-by-the-captured-credential",
        base_url=upstream,
        http_client=http,
        max_retries=0,
        timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        open_telemetry=False,
    )
