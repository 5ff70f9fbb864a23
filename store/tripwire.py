"""Where keep-alive loses money: kinds of idle periods on which pings have lately cost more than they saved.

A class is agent, TTL class and what the session waited for. Its net is what `idle_money` credits less what the pings
cost, over its last closed idle periods that had pings. Periods without a ping are left out: they have a net of
nothing and would only dilute the others, until a class that is hardly ever pinged could never be judged. A class with
fewer than `PERIODS` of them is not judged at all: one saving pays for many lost pings, so that a short run of losses
says little.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from store.words import TTLClass, WaitingFor

PERIODS = 50


class IdleClass(NamedTuple):
    """A kind of idle period; None: no TTL class was seen, or the session worked by itself."""

    agent: str
    ttl_class: TTLClass | None
    waiting_for: WaitingFor | None


def net_usd(connection: sqlite3.Connection, kind: IdleClass, now: float, periods: int = PERIODS) -> float | None:
    """Saved less spent over the last closed idle periods with pings, $; None for a class with fewer of them.

    Where a price is unknown, nothing was saved or spent. `now` is wall clock: what closed later, by a clock that ran
    ahead, is no news.
    """
    count, net = connection.execute(_NET, (*kind, now, periods)).fetchone()
    return float(net) if count == periods else None


def trips(connection: sqlite3.Connection, kind: IdleClass, now: float, periods: int = PERIODS) -> bool:
    """Whether this class has lost money: asked with each plan, so it reads that one class alone."""
    net = net_usd(connection, kind, now, periods)
    return net is not None and net < 0.0


# The index holds pinged periods by kind, oldest first: the newest are at its end, and only those that count are priced.
_NET = """
SELECT count(*), coalesce(sum(coalesce(saved_usd, 0) - spent_usd), 0) FROM idle_money WHERE id IN (
    SELECT id FROM idle_periods
    WHERE pinged = 1 AND agent = ? AND ttl_class IS ? AND waiting_for IS ? AND closed_at <= ?
    ORDER BY closed_at DESC, id DESC LIMIT ?)
"""
