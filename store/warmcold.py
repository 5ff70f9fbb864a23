"""A person's prompts after a pause, with what the pause did to the cache and what the turn then was like.

The rows that a comparison of warm and cold resumes is made from. Nothing is judged here: each prompt carries what the
store knows, and the first reason, if any, why it must not be compared.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Literal, NamedTuple

from store import assignments, first_calls, turns
from store.assignments import Arm, AssignedPeriod
from store.cache_events import LIFETIMES, Around, Seen, Sent, events
from store.database import snapshot
from store.first_calls import FirstCalls
from store.models import TTLClass, TurnView

SHORTEST_GAP = 0.8
"""Share of the shortest lifetime: after a shorter pause no entry is near its end."""
LEAST_PREFIX = 10_000
"""Smaller prefixes are read and written too quickly to matter."""
SOON = 60.0
"""Seconds within which the next prompt looks like a correction."""
_SETTINGS = frozenset({"effort_changed", "thinking_changed", "speed_changed", "betas_changed"})

Exclusion = Literal["", "small", "no_ttl", "compacted", "model_changed", "settings_changed", "resumed", "running"]
"""Why a prompt is not compared: prefix under 10k; no lifetime promised or none seen; the conversation was compacted;
another model; other settings (as far as the gateway saw them); left and opened again; its turn still runs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn was like. None is not known."""

    first_calls: FirstCalls | None = None
    """Shell commands among its first calls."""
    failed_commands: int = 0
    files_changed: int = 0
    requests: int = 0
    first_usd: float | None = None
    """Of its first request, the one that found the cache warm or cold."""
    usd: float | None = None
    first_byte_seconds: float | None = None
    """Of that request; known where it passed the gateway."""
    followed_soon: bool = False
    """The next prompt came within a minute after its end."""


@dataclass(frozen=True, slots=True)
class Return:
    """The first request of a turn, after a pause."""

    session: str
    turn: int
    at: float
    gap_seconds: float
    """From the previous request's send to this one's: the clock that a lifetime runs on."""
    ttl_class: TTLClass | None
    """Of the entry that the pause began with."""
    lifetime: float | None
    prefix_tokens: int
    """The whole prompt of the request before."""
    read_tokens: int
    prompt_tokens: int
    excluded: Exclusion = ""
    assigned: AssignedPeriod | None = None
    outcome: Outcome = Outcome()


@dataclass(frozen=True, slots=True)
class History:
    """All that a comparison may look at."""

    returns: tuple[Return, ...] = ()
    assigned: Mapping[Arm, int] = field(default_factory=dict)
    """Pauses drawn, whether or not a prompt came after them."""
    without_transcript: int = 0
    """Returns to compare whose transcript is gone, so that nobody knows how their first calls went."""


def read(
    connection: sqlite3.Connection, *, since: float = 0.0, lifetimes: Mapping[TTLClass, float] = LIFETIMES
) -> History:
    """The prompts at or after `since` that came after a pause near or over a lifetime, or after one that was drawn.

    `lifetimes` are the configured ones. Transcripts that are still there are read again for what the store does not
    keep, those of sessions with something to compare alone.
    """
    with snapshot(connection):
        drawn: dict[str, list[AssignedPeriod]] = {}
        counts: dict[Arm, int] = {}
        for period in assignments.of_main_threads(connection, since):
            drawn.setdefault(period.session_id, []).append(period)
            counts[period.arm] = counts.get(period.arm, 0) + 1
        returns: list[Return] = []
        unread = 0
        for session_id, thread in _threads(connection, since):
            found = [
                _return(before, now, left, drawn.get(session_id, ()), lifetimes)
                for before, now, left in _prompts(thread)
                if now.sent.at >= since
            ]
            kept = [one for one in found if _near(one, lifetimes)]
            if kept:
                kept = _judged(connection, thread, kept, lifetimes)
                kept, unread_here = _with_outcomes(connection, thread, kept)
                returns += kept
                unread += unread_here
    return History(tuple(returns), counts, unread)


class _Row(NamedTuple):
    session_id: str
    sent: Sent
    message_id: str
    first_byte_seconds: float | None
    usd: float | None


_REQUESTS = """
SELECT r.session_id, r.id, coalesce(r.turn, (SELECT max(n) FROM turns t WHERE t.session_id = r.session_id
                                             AND t.started_at <= r.started_at), -1) AS n,
       r.started_at, r.model, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h,
       coalesce(r.message_id, ''), r.first_byte_seconds, m.usd
FROM requests r JOIN request_money m ON m.id = r.id
WHERE r.agent_id = '' AND (r.turn IS NOT NULL OR r.lineage_id IS NOT NULL)
  AND r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h > 0
  AND r.session_id IN (SELECT session_id FROM requests WHERE started_at >= ?)
ORDER BY r.session_id, n, r.started_at, r.id
"""
"""A thread in the order that cache events see it in: turns are the file's own order, times may step back."""


def _threads(connection: sqlite3.Connection, since: float) -> Iterator[tuple[str, list[_Row]]]:
    rows = (_Row(row[0], Sent(*row[1:9]), *row[9:]) for row in connection.execute(_REQUESTS, (since,)))
    for session_id, group in groupby(rows, key=attrgetter("session_id")):
        yield session_id, list(group)


def _prompts(thread: Sequence[_Row]) -> Iterator[tuple[_Row, _Row, TTLClass | None]]:
    """The first requests of a person's turns, each with the request before it and the class of what that one left."""
    classes: list[TTLClass] = []
    for before, now in pairwise(thread):
        if before.sent.written:
            classes.append("1h" if before.sent.write_1h else "5m")
        if now.sent.turn > max(0, before.sent.turn):
            yield before, now, _left(classes)


def _left(written: Sequence[TTLClass]) -> TTLClass | None:
    # One five-minute write among one-hour ones is a server tool's result; two in a row are the thread's new class.
    return "1h" if "1h" in written[-2:] else "5m" if written else None


def _return(
    before: _Row,
    now: _Row,
    ttl_class: TTLClass | None,
    drawn: Sequence[AssignedPeriod],
    lifetimes: Mapping[TTLClass, float],
) -> Return:
    pause = [period for period in drawn if before.sent.at <= period.opened_at < now.sent.at]
    return Return(
        session=now.session_id,
        turn=now.sent.turn,
        at=now.sent.at,
        gap_seconds=now.sent.at - before.sent.at,
        ttl_class=ttl_class,
        lifetime=None if ttl_class is None else lifetimes.get(ttl_class, LIFETIMES[ttl_class]),
        prefix_tokens=before.sent.total,
        read_tokens=now.sent.read,
        prompt_tokens=now.sent.total,
        assigned=pause[-1] if pause else None,
    )


def _near(one: Return, lifetimes: Mapping[TTLClass, float]) -> bool:
    least = SHORTEST_GAP * min(lifetimes.values(), default=min(LIFETIMES.values()))
    return one.assigned is not None or one.gap_seconds >= least


def _judged(
    connection: sqlite3.Connection,
    thread: Sequence[_Row],
    kept: Sequence[Return],
    lifetimes: Mapping[TTLClass, float],
) -> list[Return]:
    """With the reason why each must not be compared."""
    session_id = thread[0].session_id
    noted = connection.execute(
        "SELECT n, compactions, resumed FROM turns WHERE session_id = ? AND compactions + resumed > 0", (session_id,)
    ).fetchall()
    seen: dict[str, Seen] = {
        message_id: Seen(cause, expected)
        for message_id, cause, expected in connection.execute(
            "SELECT message_id, cause, expected_read FROM breaks WHERE session_id = ? AND agent_id = ''", (session_id,)
        )
    }
    by_request = {row.sent.id: seen[row.message_id] for row in thread if row.message_id in seen}
    around = Around(
        compactions={n: count for n, count, _ in noted if count}, lifetimes={**LIFETIMES, **lifetimes}, seen=by_request
    )
    compacted = {one.sent.id for one in events([row.sent for row in thread], around) if one.kind == "compacted"}
    last = connection.execute(
        "SELECT max(t.n) FROM turns t JOIN sessions s ON s.id = t.session_id WHERE s.id = ?"
        " AND s.ended_at IS NULL AND s.status != 'idle'",
        (session_id,),
    ).fetchone()[0]
    pairs = {now.sent.turn: (before.sent, now.sent) for before, now, _ in _prompts(thread)}

    def reason(one: Return) -> Exclusion:
        before, now = pairs[one.turn]
        if one.prefix_tokens < LEAST_PREFIX:
            return "small"
        if one.lifetime is None:
            return "no_ttl"
        if now.id in compacted:
            return "compacted"
        if before.model != now.model:
            return "model_changed"
        if now.id in by_request and by_request[now.id].cause in _SETTINGS:
            return "settings_changed"
        if any(before.turn <= n < now.turn for n, _, resumed in noted if resumed):
            return "resumed"
        return "running" if one.turn == last else ""

    return [replace(one, excluded=reason(one)) for one in kept]


def _with_outcomes(
    connection: sqlite3.Connection, thread: Sequence[_Row], kept: Sequence[Return]
) -> tuple[list[Return], int]:
    """With what came of those that are compared, and how many of them have no transcript any more."""
    compared = [one for one in kept if not one.excluded]
    if not compared:
        return list(kept), 0
    session_id = thread[0].session_id
    views = {view.n: view for view in turns.read(connection, session_id)}
    calls = first_calls.read(connection, session_id)
    firsts = {now.sent.turn: now for _, now, _ in _prompts(thread)}

    def outcome(one: Return) -> Outcome:
        view, first = views.get(one.turn, TurnView(n=one.turn)), firsts[one.turn]
        return Outcome(
            first_calls=None if calls is None else calls.get(one.turn, FirstCalls(0, 0)),
            failed_commands=len(view.failed_commands),
            files_changed=len(view.files_changed),
            requests=view.requests,
            first_usd=first.usd,
            usd=view.usd,
            first_byte_seconds=first.first_byte_seconds,
            followed_soon=_followed_soon(view, views.get(one.turn + 1)),
        )

    told = [one if one.excluded else replace(one, outcome=outcome(one)) for one in kept]
    return told, len(compared) if calls is None else 0


def _followed_soon(view: TurnView, following: TurnView | None) -> bool:
    if following is None or following.started_at is None or view.ended_at is None:
        return False
    return following.started_at - view.ended_at <= SOON
