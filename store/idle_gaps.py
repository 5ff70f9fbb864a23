"""Idle gaps as they were: one row a request, with what the thread waited for before it and what it read and wrote."""

from __future__ import annotations

from typing import Literal, NamedTuple

from store.words import TTLClass


class IdleGap(NamedTuple):
    """One request of a main thread and the gap before it; the first request of a session has none."""

    session: str
    agent: str
    kind: Literal["user", "tool", "notification"]
    """Whom the thread waited for: a person's prompt, a tool's result, a background task's end."""
    seconds: float
    """From the previous request's send to this one's: the clock that a TTL runs on."""
    prefix_tokens: int
    """Input, cache read and cache write of the previous request."""
    read: int
    """Tokens that this request read from the cache, wrote to it, and sent uncached."""
    written: int
    uncached: int
    ttl_before: TTLClass | None
    """Class of the previous request's write, and of this one's."""
    ttl_after: TTLClass | None
    model_before: str
    model_after: str
    compacted: bool
    """A compaction lies between the two."""
    at: float
    """Start of this request, seconds since the epoch."""
    last_of_session: bool
    """Nothing came after it."""
    ended_after: float | None = None
    """For the last one: seconds from its send to the moment at which the session's end was noticed; None: it was not."""
