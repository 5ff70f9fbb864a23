"""How the provider stand-in behaves: what it answers, when it fails, how slow it is.

Data only. A test turns these knobs while the stand-in runs; nothing here acts by itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from keepalive.standin_script import Responder, ScriptedAgent
from keepalive.standin_wire import Reply

FAILURE_MESSAGE = "The stand-in was told to fail."
DEFAULT_RATE_LIMITS: Mapping[str, str] = {
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-requests-reset": "2030-01-01T00:00:00Z",
    "anthropic-ratelimit-tokens-limit": "2000000",
    "anthropic-ratelimit-tokens-remaining": "1999000",
    "anthropic-ratelimit-tokens-reset": "2030-01-01T00:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that answers one request to the Messages API instead of a message."""

    status: int
    error_type: str | None = None
    message: str = FAILURE_MESSAGE
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Behaviour:
    """Knobs, to be turned at any time; they hold until they are turned back."""

    replies: Responder | deque[Reply] = field(default_factory=ScriptedAgent)
    """Who answers; of a queue the front, and the scripted agent when it is empty. Pings and calls that demand JSON
    of a schema never take from it."""
    first_byte_delay: float = 0.0
    event_delay: float = 0.0
    first_byte_gate: asyncio.Event | None = None
    """No answer begins before it is set: holds requests in flight without a sleep."""
    failures: deque[Failure] = field(default_factory=deque)
    rate_limit_headers: Mapping[str, str] = field(default_factory=lambda: DEFAULT_RATE_LIMITS)
    refuse_keys: set[str] = field(default_factory=set)
    disconnect_after_events: int | None = None
    """Cut streamed answers after so many events."""

    def fail_next(
        self,
        n: int,
        status: int,
        error_type: str | None = None,
        message: str = FAILURE_MESSAGE,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `n` requests to the Messages API (pings too) with this error."""
        self.failures.extend([Failure(status, error_type, message, headers or {})] * n)
