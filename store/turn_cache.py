"""Reads what happened to the cache in each turn of a session: its main thread's requests, and what else is known."""

from __future__ import annotations

import sqlite3
from itertools import groupby

from store import prices
from store.cache_events import LIFETIMES, Around, Happened, Seen, Sent, events, of_turn
from store.models import CacheEvent
from store.prices import write_price


def read(connection: sqlite3.Connection, session_id: str) -> dict[int, tuple[CacheEvent, tuple[CacheEvent, ...]]]:
    """For each turn in which something happened: the event to show for it, and all of them in order."""
    thread = [Sent(*row) for row in connection.execute(_REQUESTS, (session_id,))]
    if len(thread) < 2:
        return {}
    happened = events(thread, _around(connection, session_id))
    first: dict[int, int] = {}
    for sent in sorted(thread, key=lambda sent: (sent.at, sent.id)):
        first.setdefault(sent.turn, sent.id)
    found = {}
    for turn, group in groupby(happened, key=lambda one: one.sent.turn):
        of = list(group)
        shown = of_turn(of, first[turn])
        views = {one.sent.id: _view(connection, one) for one in of}
        found[turn] = views[shown.sent.id], tuple(views.values())
    return found


_REQUESTS = """
SELECT r.id, coalesce(r.turn, (SELECT max(n) FROM turns t WHERE t.session_id = r.session_id
                               AND t.started_at <= r.started_at), -1),
       r.started_at, r.model, r.input, r.cache_read, r.cache_write_5m, r.cache_write_1h
FROM requests r WHERE r.session_id = ? AND r.agent_id = '' AND (r.turn IS NOT NULL OR r.lineage_id IS NOT NULL)
"""
"""Side calls (titles, summaries) have neither a turn nor a lineage: they read no prefix of the thread."""


def _around(connection: sqlite3.Connection, session_id: str) -> Around:
    one = (session_id,)
    lifetimes = connection.execute(
        "SELECT ttl_class, ttl_seconds FROM lineages WHERE session_id = ? AND agent_id = ''"
        " AND ttl_class IN ('5m', '1h') AND ttl_seconds IS NOT NULL ORDER BY id",
        one,
    )
    seen = connection.execute(
        "SELECT r.id, b.cause, b.expected_read FROM breaks b JOIN requests r USING (message_id)"
        " WHERE b.session_id = ? AND b.agent_id = ''",
        one,
    )
    noted = connection.execute(
        "SELECT n, compactions, resumed FROM turns WHERE session_id = ? AND compactions + resumed > 0", one
    ).fetchall()
    hits = connection.execute(
        "SELECT coalesce(p.sent_at, p.reserved_at) FROM pings p JOIN lineages l ON l.id = p.lineage_id"
        " WHERE p.session_id = ? AND l.agent_id = '' AND p.outcome = 'hit' ORDER BY 1",
        one,
    )
    return Around(
        compactions={n: compactions for n, compactions, _ in noted if compactions},
        resumes={n: resumed for n, _, resumed in noted if resumed},
        pings=[at for (at,) in hits],
        lifetimes={**LIFETIMES, **dict(lifetimes.fetchall())},
        seen={request: Seen(cause, expected) for request, cause, expected in seen},
    )


def _view(connection: sqlite3.Connection, one: Happened) -> CacheEvent:
    price = prices.at(connection, one.sent.model, one.sent.at, one.sent.total)
    kept = min(one.sent.read, one.expected) if one.kind == "kept" else one.rewritten
    usd = None
    if price is not None:
        paid = price.input if one.written_as is None else write_price(price, one.written_as)
        usd = kept * (paid - price.cache_read) / 1e6
    return CacheEvent(
        kind=one.kind,
        cause=one.cause,
        tokens=one.sent.total if one.kind == "compacted" else kept,
        usd=usd,
        shrunk_percent=one.shrunk_percent,
        at=one.sent.at,
    )
