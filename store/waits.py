"""Long waits of this machine's own sessions, as the policy learns from them: how long, and how each of them ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Literal, NamedTuple

from store import idle_gaps
from store.idle_gaps import IdleGap
from store.words import TTLClass

Kind = Literal["user", "tool"]
Outcome = Literal["returned", "ended", "quiet", "open"]

MOST_SESSIONS, MOST_WAITS = 400, 2_000
"""How far back: the newest sessions whose provider promises lifetimes, and of those the newest waits."""
LEAST_SECONDS = 240.0
"""Shorter waits are over before a ping is due, whatever the class, where lifetimes are the provider's own."""
LEAST_PREFIX = 10_000
"""Smaller prefixes are not worth a ping, and most of them are no conversation yet."""


class Wait(NamedTuple):
    """A wait of a main thread for a person or for anything else."""

    agent: str
    kind: Kind
    """`tool` is whatever is no person, background tasks too."""
    ttl: TTLClass
    """Class of the entry that it kept or let lapse."""
    seconds: float
    """From the send of the request before it until the next one, until its end was noticed, or until now."""
    outcome: Outcome
    """returned: a request came. ended: the session's end was noticed first. quiet: neither, for a day. open: neither
    so far, and no day is over."""
    at: float
    """Its start: when the request before it was sent, seconds since the epoch."""
    watched: bool = False
    """The session was seen open, so that an end could have been noticed."""


def waits(connection: sqlite3.Connection, now: float, least_seconds: float = LEAST_SECONDS) -> list[Wait]:
    """The newest waits over prefixes that a ping could have kept, newest first; `now` is wall clock.

    One that was over within `least_seconds` by a request is none; those that ended otherwise count whatever their
    length, since without them nobody would ever seem to leave. The model is the same on both sides, and no compaction
    lies between. A session's end counts even where it was opened again later: nobody pings past it.
    """
    sessions = [name for (name,) in connection.execute(_NEWEST, {"most": MOST_SESSIONS})]
    found: list[Wait] = []
    for gap in idle_gaps.rows(connection, sessions=sessions, least_seconds=least_seconds, now=now):
        found.extend(_waits(gap, now, least_seconds))
    found.sort(key=lambda wait: wait.at, reverse=True)
    return found[:MOST_WAITS]


_NEWEST = """
SELECT id FROM sessions s WHERE EXISTS (
    SELECT 1 FROM lineages l WHERE l.session_id = s.id AND l.agent_id = '' AND l.ttl_class IN ('5m', '1h'))
ORDER BY coalesce(last_activity_at, opened_at) DESC LIMIT :most
"""


def _waits(gap: IdleGap, now: float, least_seconds: float) -> Iterator[Wait]:
    """The wait before a request, and for a session's newest one also the wait after it."""
    same = gap.model_before == gap.model_after and not gap.compacted
    if gap.ttl_before is not None and gap.prefix_tokens >= LEAST_PREFIX and gap.seconds >= least_seconds:
        began = gap.at - gap.seconds
        if gap.ended_within is not None:
            yield Wait(gap.agent, _kind(gap.kind), gap.ttl_before, gap.ended_within, "ended", began, gap.watched)
        elif same:
            yield Wait(gap.agent, _kind(gap.kind), gap.ttl_before, gap.seconds, "returned", began, gap.watched)
    prefix = gap.read + gap.written + gap.uncached
    if gap.ttl_after is None or prefix < LEAST_PREFIX:
        return
    kind = _kind(gap.left_waiting)
    if gap.ended_after is not None:
        yield Wait(gap.agent, kind, gap.ttl_after, gap.ended_after, "ended", gap.at, gap.watched)
    elif gap.last_of_session:
        yield Wait(gap.agent, kind, gap.ttl_after, now - gap.at, "quiet", gap.at, gap.watched)
    elif gap.open_for is not None:
        yield Wait(gap.agent, kind, gap.ttl_after, gap.open_for, "open", gap.at, gap.watched)


def _kind(kind: idle_gaps.Kind) -> Kind:
    return "user" if kind == "user" else "tool"
