"""Idle gaps as they were: one row a request, with what the thread waited for before it and what it read and wrote.

Two readers: who learns how long waits last asks for the long ones of the newest sessions, every few minutes; who plays
a policy on the past asks for all. Rows come from windows over each thread.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from store import cache_events
from store.cache_events import Around, Sent
from store.idle import GIVE_UP_AFTER
from store.words import TTLClass

Kind = Literal["user", "tool", "notification"]

_AT_ONCE = 100
"""Sessions that one statement reads: it holds their rows in memory until they are handed out."""


class IdleGap(NamedTuple):
    """One request of a main thread and the gap before it; the first request of a session has none and is no row."""

    session: str
    agent: str
    kind: Kind
    """Whom the thread waited for: a person's prompt, a tool's result, a background task's end.

    The store knows prompts by their turn. A notice that started work by itself goes into the turn before it, and only
    the watched wait of an attached session tells it apart: from a transcript alone such a gap is a `tool`'s, and so is
    one that a prompt typed while the agent worked, or a command of the person's own, brought to an end."""
    seconds: float
    """From the previous request's send to this one's: the clock that a TTL runs on."""
    prefix_tokens: int
    """Input, cache read and cache write of the previous request."""
    read: int
    """Tokens that this request read from the cache, wrote to it, and sent uncached."""
    written: int
    uncached: int
    ttl_before: TTLClass | None
    """Class of the previous request's write, and of this one's; of one that wrote nothing the last one's before it.
    None: the thread has written nothing yet."""
    ttl_after: TTLClass | None
    model_before: str
    model_after: str
    compacted: bool
    """A compaction lies between the two."""
    at: float
    """Start of this request, seconds since the epoch."""
    last_of_session: bool
    """Nothing came after it: the session's end was noticed, or it has been quiet for a day."""
    ended_after: float | None = None
    """For the last one: seconds from its send until the session's end was noticed; None: it was not."""
    ended_within: float | None = None
    """Seconds into the gap at which the session's end was noticed, where it was opened again and went on."""
    open_for: float | None = None
    """For the newest request of a session that may still go on: seconds since its send. That wait is not over."""
    left_waiting: Kind = "user"
    """For a session's newest request: whom the thread waits for after it (a person, where nobody watched)."""
    watched: bool = False
    """The session was seen open, so that its end could have been noticed."""


def rows(
    connection: sqlite3.Connection,
    *,
    since: float | None = None,
    sessions: Collection[str] | None = None,
    least_seconds: float = 0.0,
    now: float | None = None,
) -> Iterator[IdleGap]:
    """The requests of main threads with the gaps before them, session by session and in time order in each.

    `since`: only requests that started then or later. `least_seconds`: only gaps as long as that, and the newest
    request of each session whatever its gap, since what came after it may be an end. Threads whose provider promises no
    lifetimes are left out. `now` is wall clock (the machine's, if not given).

    An end is the session's own where it is noted there, since that also covers sessions without a gateway and ends
    that were noticed after their idle period was given up as a `timeout`. Reopening a session clears it there: ends
    before the newest request are those of the idle periods. What a transcript calls the end is only its last line: such
    a session may go on until it has been quiet for a day.
    """
    now = time.time() if now is None else now
    if sessions is None:
        sessions = [name for (name,) in connection.execute(_ACTIVE, {"since": since})]
    compactions = _Compactions(connection)
    asked = list(dict.fromkeys(sessions))
    for start in range(0, len(asked), _AT_ONCE):
        values = {"sessions": json.dumps(asked[start : start + _AT_ONCE]), "since": since, "least": least_seconds}
        for row in connection.execute(_ROWS, values).fetchall():
            yield _gap(row, compactions, now)


def _gap(row: Sequence[Any], compactions: _Compactions, now: float) -> IdleGap:
    request, newest, fell, broken, ended_after, ended_within, left_waiting, watched, at = row[:9]
    columns = row[9:]
    # Where a compaction was recorded the prompt fell: most rows need no second look.
    compacted = bool(broken or (fell and compactions.before(columns[0], request)))
    quiet = now - at
    over = bool(newest) and (ended_after is not None or quiet >= GIVE_UP_AFTER)
    open_for = max(0.0, quiet) if newest and not over else None
    return IdleGap._make(
        (*columns, compacted, at, over, ended_after, ended_within, open_for, left_waiting, bool(watched))
    )


class _Compactions:
    """Which requests are the first after a compaction: turns count theirs, and `cache_events` tells where they lie."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._session = ""
        self._first: frozenset[int] = frozenset()

    def before(self, session_id: str, request: int) -> bool:
        """Whether one lies between this request and the one before it."""
        if session_id != self._session:  # (rows come session by session)
            self._session, self._first = session_id, self._after(session_id)
        return request in self._first

    def _after(self, session_id: str) -> frozenset[int]:
        recorded = dict(self._connection.execute(_COMPACTIONS, (session_id,)).fetchall())
        if not recorded:
            return frozenset()
        thread = [Sent(*row) for row in self._connection.execute(_THREAD, (session_id,))]
        happened = cache_events.events(thread, Around(compactions=recorded))
        return frozenset(one.sent.id for one in happened if one.kind == "compacted")


_COMPACTIONS = "SELECT n, compactions FROM turns WHERE session_id = ? AND compactions > 0"

_MAIN = """{0}.agent_id = '' AND ({0}.turn IS NOT NULL OR {0}.lineage_id IS NOT NULL)
    AND {0}.input + {0}.cache_read + {0}.cache_write_5m + {0}.cache_write_1h > 0"""
"""Side calls (titles, summaries) have neither a turn nor a lineage; what was refused has no tokens."""

_TURN = """coalesce({0}.turn, (SELECT max(n) FROM turns t WHERE t.session_id = {0}.session_id
        AND t.started_at <= {0}.started_at), -1)"""
"""Number of a request's turn; by its time, where no transcript has told it yet."""

_PROMISED = "({0}.model LIKE '%claude%' OR {0}.model LIKE 'anthropic%')"
"""Only this provider's entries have classes (see `likely.family`)."""

_WROTE = f"({{0}}.cache_write_5m + {{0}}.cache_write_1h > 0 AND {_PROMISED})"
_CLASS = "CASE WHEN {0}.cache_write_1h > {0}.cache_write_5m THEN '1h' ELSE '5m' END"

_THREAD = f"""
SELECT r.id, {_TURN.format("r")}, r.started_at, r.model, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h
FROM requests r WHERE r.session_id = ? AND {_MAIN.format("r")}
"""  # noqa: S608 - constants alone, as below

_ACTIVE = """
SELECT id FROM sessions WHERE :since IS NULL OR coalesce(last_activity_at, opened_at) >= :since
ORDER BY coalesce(last_activity_at, opened_at) DESC
"""

_EVERY = f"""
WITH gaps AS (
    SELECT id, before_id, newest, coalesce(own, CASE written & 1 WHEN 1 THEN '1h' WHEN 0 THEN '5m' END) AS ttl_before
    FROM (
        SELECT r.id AS before_id, lead(r.id) OVER thread AS id, lead(r.id, 2) OVER thread IS NULL AS newest,
            CASE WHEN {_WROTE.format("r")} THEN {_CLASS.format("r")} END AS own,
            -- The newest write so far: its time in microseconds, and its class as the last bit.
            max(CASE WHEN {_WROTE.format("r")} THEN
                (CAST(r.started_at * 1e6 AS INTEGER) << 1) | (r.cache_write_1h > r.cache_write_5m) END)
                OVER (thread ROWS UNBOUNDED PRECEDING) AS written
        FROM requests r WHERE r.session_id IN (SELECT value FROM json_each(:sessions)) AND {_MAIN.format("r")}
        WINDOW thread AS (PARTITION BY r.session_id ORDER BY r.started_at, r.id))
)
"""  # noqa: S608

_ROWS = f"""{_EVERY}
SELECT id, newest, cache_read + written + input < prefix, broken, ended_after, ended_within,
    CASE left_waiting WHEN 'background' THEN 'notification' WHEN 'tool' THEN 'tool' WHEN 'permission' THEN 'tool'
        ELSE 'user' END,
    watched, started_at, session_id, agent,
    CASE WHEN turn > turn_before THEN 'user'
        WHEN waited = 'background' THEN 'notification'
        WHEN waited = 'you' THEN CASE WHEN EXISTS (SELECT 1 FROM turns t WHERE t.session_id = seen.session_id
            AND t.n = seen.turn AND t.background > 0) THEN 'notification' ELSE 'user' END
        ELSE 'tool' END,
    seconds, prefix, cache_read, written, input, ttl_before, ttl_after, model_before, model
FROM (SELECT r.id, g.newest, r.session_id, s.agent,
    s.seen_by NOT IN ('', 'transcript') AS watched, {_TURN.format("r")} AS turn, {_TURN.format("b")} AS turn_before,
    (SELECT i.waiting_for FROM idle_periods i WHERE i.lineage_id = b.lineage_id AND i.closed_at > b.started_at
        AND i.closed_at <= r.started_at AND i.opened_at = b.started_at) AS waited,
    r.started_at - b.started_at AS seconds,
    b.input + b.cache_read + b.cache_write_5m + b.cache_write_1h AS prefix,
    r.cache_read, r.cache_write_5m + r.cache_write_1h AS written, r.input,
    g.ttl_before, CASE WHEN {_WROTE.format("r")} THEN {_CLASS.format("r")} ELSE g.ttl_before END AS ttl_after,
    b.model AS model_before, r.model,
    EXISTS (SELECT 1 FROM breaks k WHERE k.message_id = r.message_id AND k.cause IN ('compacted', 'messages_shrunk'))
        AS broken,
    r.started_at,
    CASE WHEN g.newest AND s.end_reason != '' AND s.ended_at >= r.started_at THEN s.ended_at - r.started_at END
        AS ended_after,
    CASE WHEN s.end_reason != '' AND s.ended_at >= b.started_at AND s.ended_at < r.started_at
        THEN s.ended_at - b.started_at
        ELSE (SELECT i.closed_at - i.opened_at FROM idle_periods i WHERE i.lineage_id = b.lineage_id
            AND i.closed_at > b.started_at AND i.closed_at < r.started_at AND i.opened_at = b.started_at
            AND i.closed_by = 'end') END AS ended_within,
    CASE WHEN g.newest THEN coalesce(
        (SELECT i.waiting_for FROM idle_periods i WHERE i.lineage_id = r.lineage_id AND i.closed_at IS NULL
            AND i.opened_at = r.started_at),
        (SELECT i.waiting_for FROM idle_periods i WHERE i.lineage_id = r.lineage_id AND i.closed_at >= r.started_at
            AND i.opened_at = r.started_at), s.waiting_for) END AS left_waiting
    FROM gaps g CROSS JOIN requests r ON r.id = g.id CROSS JOIN requests b ON b.id = g.before_id
    CROSS JOIN sessions s ON s.id = r.session_id
    WHERE {_PROMISED.format("b")} AND (:since IS NULL OR r.started_at >= :since)
        AND (g.newest OR r.started_at - b.started_at >= :least)) AS seen
ORDER BY session_id, started_at, id
"""  # noqa: S608
