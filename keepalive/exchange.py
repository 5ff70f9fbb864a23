"""What the gateway hands to the rest of the keeper: where a launch's requests go, and one request with its answer.

Plain types without I/O, so that whoever learns from the traffic (observer, vault, pinger) needs no HTTP library.
Bodies and headers in here hold credentials and conversations: they live in memory only, and no `repr` shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

RawHeaders = tuple[tuple[bytes, bytes], ...]
"""Header names and values as they were on the wire: case, order and repetitions kept."""

Outcome = Literal["complete", "client_gone", "upstream_failed"]


@dataclass(frozen=True, slots=True)
class Route:
    """Where the requests of one launch go."""

    launch_id: str
    upstream: str
    """Base URL, with or without a path: `https://api.anthropic.com`, `http://127.0.0.1:9999/base`."""
    proxy: str | None = field(default=None, repr=False)
    """URL of the HTTP proxy, perhaps with a user and a password in it."""
    ca_file: str | None = None
    """PEM file with authorities that the upstream's certificate may come from, beside the usual ones."""


@dataclass(slots=True)
class Exchange:
    """One tracked request and its answer, whole or cut off.

    It fills up while it runs: from `started` on method, target, headers and start times are there, from `first_byte`
    on also body, status and response headers. Everything else is valid from `finished` on.
    """

    launch_id: str
    method: str
    target: str = field(repr=False)
    """Path and query as the client sent them, without `/s/<token>`: `Route.upstream` + this is the URL."""
    headers: RawHeaders = field(repr=False)
    """Without Host and the hop-by-hop headers."""
    started_wall: float
    """When the request's headers were there, seconds since the epoch, UTC."""
    started_monotonic: float
    body: bytes = field(default=b"", repr=False)
    status: int | None = None
    """None: the upstream never answered."""
    response_headers: RawHeaders = field(default=(), repr=False)
    response_body: bytes = field(default=b"", repr=False)
    """As on the wire, so perhaps compressed; the first 64 MiB."""
    truncated: bool = False
    """The answer was longer than what `response_body` keeps (the client got all of it)."""
    first_byte_monotonic: float | None = None
    ended_wall: float = 0.0
    ended_monotonic: float = 0.0
    outcome: Outcome = "client_gone"
    """`client_gone` also when the gateway itself stopped under the request."""


class ExchangeObserver(Protocol):
    """Learns of every tracked exchange. Whatever it raises is logged by type and never reaches the client."""

    def started(self, exchange: Exchange) -> None:
        """The request's headers are there. Runs on the loop, before anything is sent: must be cheap."""
        ...

    def first_byte(self, exchange: Exchange) -> None:
        """The answer's headers are there. Runs on the loop: must be cheap."""
        ...

    async def finished(self, exchange: Exchange) -> None:
        """The exchange is over, well or badly: exactly once for each `started`. Parse in a thread."""
        ...


class Router(Protocol):
    """Knows the launches."""

    async def route(self, token: str) -> Route | None:
        """The launch that this token names, or None."""
        ...
