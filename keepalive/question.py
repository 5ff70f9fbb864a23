"""What a bet on one more ping may know: the question that the policy, `decide` and `simulate` all ask. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from store.words import TTLClass

Kind = Literal["user", "tool", "notification"]
"""Whom the wait is for: a person's prompt, a tool (a permission, work that stalls), a background task's end."""
TTL_SECONDS: dict[TTLClass, float] = {"5m": 300.0, "1h": 3600.0}
"""What the provider promises; a configuration may scale it."""


@dataclass(frozen=True, slots=True)
class Question:
    """Is the next ping of this idle period worth it? Money is in units of (prefix tokens x input price)."""

    kind: Kind
    ttl: TTLClass
    idle_seconds: float
    """Since the last real request was sent."""
    pings_sent: int
    """In this idle period."""
    prefix_tokens: int
    read_multiplier: float
    """r: price of a cache read."""
    write_multiplier: float
    """w: price of a cache write."""
    interval_seconds: float
    """From one ping to the next."""
    ended_signal: bool = False
    """The session is known to be over."""
    ends_known_fraction: float = 0.0
    """Share of this client's session ends that are signalled at once, 0..1."""
    ttl_seconds: float = 0.0
    """Lifetime of an entry; 0: what the provider promises for the class."""
    agent: str = ""
    """The client, where it is known: people's pauses differ by the tool they use."""

    @property
    def lifetime(self) -> float:
        """Seconds that an entry lives from its last read or write."""
        return self.ttl_seconds or TTL_SECONDS[self.ttl]
