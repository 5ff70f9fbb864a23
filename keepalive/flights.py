"""Which sessions have a real request on its way right now, told by the request's headers alone.

A ping must not be sent beside a real request of its lineage, and the body that would name the lineage exactly is
still being sent at that moment. Counting by session and agent id is never too lax: it can only hold back a ping.
"""

from __future__ import annotations

from collections import Counter

from keepalive.exchange import Exchange
from keepalive.usage import Headers, header_value

SESSION = b"x-claude-code-session-id"
"""Claude Code names its session in every request."""


def named(headers: Headers, header: bytes) -> str:
    """An id that a header gives; one that could not be stored or shown as it is counts as none ('')."""
    name = header_value(headers, header) or ""
    return name if len(name) <= 200 and name.isprintable() else ""


def named_session(headers: Headers) -> str:
    """The session that a request's headers name, or ''; other clients have a header of their own for it."""
    return named(headers, SESSION) or named(headers, b"x-session-id")


def flight_key(exchange: Exchange) -> tuple[str, str]:
    """(session id, or the launch's for clients that name none, agent id; '' is the main thread)."""
    session = named_session(exchange.headers)
    return session or exchange.launch_id, named(exchange.headers, b"x-claude-code-agent-id")


class Flights:
    """Counts of running requests."""

    def __init__(self) -> None:
        self._running: Counter[tuple[str, str]] = Counter()

    def enter(self, key: tuple[str, str]) -> None:
        """A request has started."""
        self._running[key] += 1

    def leave(self, key: tuple[str, str]) -> None:
        """It is over."""
        self._running[key] -= 1
        if self._running[key] <= 0:
            del self._running[key]

    def any(self, session_id: str, launch_id: str | None, agent_id: str = "") -> bool:
        """Whether a request of this thread runs, under the session's name or its launch's."""
        return (session_id, agent_id) in self._running or (launch_id or "", agent_id) in self._running

    def others(self, key: tuple[str, str]) -> bool:
        """Whether more than one request runs under this key."""
        return self._running[key] > 1
