"""What the pinger asks a warmer for and what it gets back; the two ways to warm a prefix share these types.

They exist so that policy, budget, verification and ledger need not know which way ran. Types only: no I/O, and no
`repr` here may show a credential or a captured body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from keepalive.usage import RateLimits
from store.models import Usage

Outcome = Literal[
    "answered",
    "refused",
    "limited",
    "provider_error",
    "timeout",
    "too_late",
    "unreachable",
    # by fork alone; of none of these anything was sent
    "busy",
    "silent",
    "nothing_to_fork",
    "plan_login",
]
"""`busy`: the client has a turn to run; `silent`: no plugin stands behind the session, or it did not answer;
`nothing_to_fork`: before the first prompt, or a fork would not send what is cached (a new model, a compaction);
`plan_login`: the client would have sent it under a plan's login, and nobody has consented to that."""


@dataclass(frozen=True, slots=True)
class WarmRequest:
    """One ping that is due. For a replay, `body` and `headers` are what `ping.build_replay` made; for a fork see
    `fork_request`: the client sends its own."""

    lineage_id: int
    body: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    target: str
    """Path and query below the upstream, as captured."""
    upstream: str = field(repr=False)
    """The provider's base URL; it may have a path, and in odd set-ups a password."""
    proxy: str | None = field(repr=False)
    """URL of the launch's proxy, or None for a direct connection."""
    ca_file: str | None
    """PEM file with authorities that are trusted besides the system's own."""
    not_after: float
    """Wall time, seconds since the epoch: nothing is sent at or after it."""
    still_wanted: Callable[[], bool] = field(default=lambda: True, repr=False)
    """Asked once more at the last moment before something leaves; cheap, never waits. A connection may take seconds
    to come up, and meanwhile the person may have come back, left or said no."""
    session_id: str = ""
    """Whose client is asked, for a fork."""
    plan_login: bool = False
    """Consent was given to a fork under a plan's login. Without it the client lets none go under such a login."""


def fork_request(
    lineage_id: int,
    session_id: str,
    not_after: float,
    still_wanted: Callable[[], bool] = lambda: True,
    plan_login: bool = False,
) -> WarmRequest:
    """A ping by fork: nothing of the request is ours, so there is only whom to ask, until when and under what login."""
    return WarmRequest(
        lineage_id=lineage_id,
        body=b"",
        headers=(),
        target="",
        upstream="",
        proxy=None,
        ca_file=None,
        not_after=not_after,
        still_wanted=still_wanted,
        session_id=session_id,
        plan_login=plan_login,
    )


@dataclass(frozen=True, slots=True)
class WarmAnswer:
    """How a ping went. `sent_at` None means that nothing was sent, so nothing can be billed."""

    outcome: Outcome
    status: int | None = None
    usage: Usage | None = None
    message_id: str | None = None
    retry_after: float | None = None
    """Seconds."""
    limits: RateLimits | None = None
    sent_at: float | None = None
    """Wall time just before the first byte of the request left."""
    answered_at: float | None = None
    """Wall time when the whole answer was there."""
    detail: str = ""
    """The provider's error word or the kind of failure; never text that could quote a request."""
    tried_tool: bool = False
    """A fork's model wanted a tool instead of answering."""


class Warmer(Protocol):
    """Something that can read a lineage's prefix again. `warm` never raises for what a provider or network does."""

    @property
    def name(self) -> Literal["replay", "fork"]: ...

    async def prepare(self) -> None:
        """Do the slow part (heavy imports) ahead of time; called when the first ping is scheduled, not when due."""
        ...

    async def warm(self, request: WarmRequest) -> WarmAnswer:
        """Send one ping, at most once, before `not_after`."""
        ...

    async def close(self) -> None:
        """Close what is open; a ping that still runs is abandoned."""
        ...
