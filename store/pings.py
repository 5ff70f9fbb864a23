"""Pings: recorded before they are sent, settled by their answer, so that no crash hides what was spent.

Until its answer is known a ping counts as a read against the idle and session caps and as a whole write against the
day: the worst that it can have cost. A timeout is never settled, since nobody knows what it cost.
"""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from store import idle
from store.database import immediate
from store.models import TTLClass, Usage, Warmer


class Caps(Struct, frozen=True):
    """What a reservation has to fit in, $; None: no such cap."""

    idle_pings: int | None
    session_usd: float | None
    day_usd: float
    day_start: float
    """Local midnight, seconds since the epoch."""


class Spent(Struct, frozen=True):
    """What a lineage's idle period, its session and the day have spent or reserved so far."""

    idle_pings: int
    idle_usd: float
    session_pings: int
    session_usd: float
    day_usd: float
    day_back_usd: float = 0.0
    """Of the day's: what pings without an answer yet have reserved beyond their read."""


def spent(
    connection: sqlite3.Connection, lineage_id: int, session_id: str, idle_id: int | None, day_start: float
) -> Spent:
    """Money and counts, reservations included; pings of a model without a price count as nothing."""
    period = connection.execute(
        "SELECT count(*), coalesce(sum(usd), 0) FROM ping_money WHERE idle_id = ? AND lineage_id = ?",
        (idle_id, lineage_id),
    ).fetchone()
    session = connection.execute(
        "SELECT count(*), coalesce(sum(usd), 0) FROM ping_money WHERE session_id = ?", (session_id,)
    ).fetchone()
    day = connection.execute(
        "SELECT coalesce(sum(day_usd), 0), coalesce(sum(day_usd - usd) FILTER (WHERE outcome = ''), 0)"
        " FROM ping_money WHERE reserved_at >= ?",
        (day_start,),
    ).fetchone()
    return Spent(period[0], period[1], session[0], session[1], day[0], day[1])


def unanswered(connection: sqlite3.Connection, lineage_id: int) -> bool:
    """Whether a ping of this lineage is on its way."""
    row = connection.execute("SELECT 1 FROM pings WHERE lineage_id = ? AND outcome = ''", (lineage_id,)).fetchone()
    return row is not None


def reserve(
    connection: sqlite3.Connection,
    *,
    lineage_id: int,
    session_id: str,
    warmer: Warmer,
    model: str,
    ttl_class: TTLClass,
    prefix_tokens: int,
    manual: bool,
    now: float,
    expires_at: float,
    read_usd: float,
    write_usd: float,
    caps: Caps,
) -> int | str:
    """Record a ping before it is sent; returns its id, or the reason code of the cap or stop that forbids it.

    Caps and stops are read and the row is written in one transaction that holds the write lock, so two workers can
    neither both take the last of a budget nor both pay for a write.
    """
    with immediate(connection):
        period = idle.current(connection, lineage_id)
        idle_id = period[0] if period else None
        so_far = spent(connection, lineage_id, session_id, idle_id, caps.day_start)
        if unanswered(connection, lineage_id):
            return "in_flight"
        if stopped := _stopped(connection, lineage_id, now):
            return stopped
        if so_far.day_usd + write_usd > caps.day_usd:
            return "day_cap"
        if caps.session_usd is not None and so_far.session_usd + read_usd > caps.session_usd:
            return "money_spent"
        if caps.idle_pings is not None and so_far.idle_pings >= caps.idle_pings:
            return "pings_spent"
        cursor = connection.execute(
            "INSERT INTO pings (lineage_id, session_id, idle_id, warmer, model, ttl_class, prefix_tokens, manual,"
            " reserved_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                lineage_id,
                session_id,
                idle_id,
                warmer,
                model,
                ttl_class,
                prefix_tokens,
                manual,
                now,
                expires_at,
            ),
        )
        return int(cursor.lastrowid or 0)


def _stopped(connection: sqlite3.Connection, lineage_id: int, now: float) -> str:
    """Why a lineage that was to be pinged is not to be pinged any more, or ''."""
    row = connection.execute(
        "SELECT replaced, stop FROM lineages"
        " WHERE id = ? AND (replaced != '' OR (stop != '' AND coalesce(stop_until > ?, 1)))",
        (lineage_id, now),
    ).fetchone()
    return str(row[0] or row[1]) if row else ""


def settle(
    connection: sqlite3.Connection,
    ping_id: int,
    *,
    outcome: str,
    now: float,
    sent_at: float | None = None,
    status: int | None = None,
    usage: Usage | None = None,
    cost_known: bool = True,
) -> None:
    """Record what came of a ping. With `cost_known=False` (a timeout) the reservation stands."""
    usage = usage or Usage()
    connection.execute(
        "UPDATE pings SET outcome = ?, settled_at = ?, sent_at = ?, status = ?, input = ?, output = ?,"
        " cache_read = ?, cache_write_5m = ?, cache_write_1h = ? WHERE id = ?",
        (
            outcome,
            now if cost_known else None,
            sent_at,
            status,
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write_5m,
            usage.cache_write_1h,
            ping_id,
        ),
    )


def take_back(connection: sqlite3.Connection, ping_id: int) -> None:
    """Nothing was sent and nothing was tried (the client has a turn to run, no plugin answered): there was no ping.

    Its row would count against an idle period's pings, and stand in the ledger as one that did not hit.
    """
    connection.execute(
        "UPDATE idle_periods SET pinged = 0 WHERE id = (SELECT idle_id FROM pings WHERE id = :id)"
        " AND NOT EXISTS (SELECT 1 FROM pings WHERE idle_id = idle_periods.id AND id != :id)",
        {"id": ping_id},
    )
    connection.execute("DELETE FROM pings WHERE id = ? AND outcome = ''", (ping_id,))


def abandon_unanswered(connection: sqlite3.Connection) -> int:
    """After a crash: mark pings whose answer will never be known; their reservations stand. Returns how many."""
    return connection.execute("UPDATE pings SET outcome = 'lost' WHERE outcome = ''").rowcount
