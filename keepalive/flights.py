"""Which sessions have a real request on its way right now, told by the request's headers alone.

A ping must not be sent beside a real request of its lineage, and the body that would name the lineage exactly is
still being sent at that moment. Counting by session and agent id is never too lax: it can only hold back a ping.
"""

from __future__ import annotations

from collections import Counter

from keepalive.exchange import Exchange
from keepalive.usage import header_value


def flight_key(exchange: Exchange) -> tuple[str, str]:
    """(session id, or the launch's for clients that name none, agent id; '' is the main thread)."""
    session = header_value(exchange.headers, b"x-claude-code-session-id") or header_value(
        exchange.headers, b"x-session-id"
    )
    return session or exchange.launch_id, header_value(exchange.headers, b"x-claude-code-agent-id") or ""


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
