"""Where keep-alive loses money: kinds of idle periods on which pings have lately cost more than they saved.

A class is agent, TTL class and what the session waited for. Its net is what `idle_money` credits less what the pings
cost, over its last closed idle periods that had pings. Periods without a ping are left out: they have a net of
nothing and would only dilute the others, until a class that is hardly ever pinged could never be judged. A class with
fewer than `PERIODS` of them is not judged at all: one saving pays for many lost pings, so that a short run of losses
says little.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import islice
from typing import NamedTuple

from store.words import TTLClass, WaitingFor

PERIODS = 50
LATELY = 500
"""Of all agents' pinged periods with this TTL class and this wait, how many are looked through for those of one agent:
what is further back is no longer news, and the question stays quick for an agent that is hardly ever used."""


class IdleClass(NamedTuple):
    """A kind of idle period; None: no TTL class was seen, or the session worked by itself."""

    agent: str
    ttl_class: TTLClass | None
    waiting_for: WaitingFor | None


def net_usd(
    connection: sqlite3.Connection, kind: IdleClass, periods: int = PERIODS, lately: int = LATELY
) -> float | None:
    """Saved less spent over the last closed idle periods with pings, $; None for a class with fewer of them.

    Where a price is unknown, nothing was saved or spent.
    """
    newest = connection.execute(_NEWEST, (kind.ttl_class, kind.waiting_for, lately))
    # Rows are fetched one by one: mostly the first few are all of this agent.
    ids = list(islice((idle_id for idle_id, agent in newest if agent == kind.agent), periods))
    newest.close()
    if len(ids) < periods:
        return None
    return float(connection.execute(_NET, (json.dumps(ids),)).fetchone()[0])


def trips(connection: sqlite3.Connection, kind: IdleClass, periods: int = PERIODS, lately: int = LATELY) -> bool:
    """Whether this class has lost money: asked with each plan, so it reads that one class alone."""
    net = net_usd(connection, kind, periods, lately)
    return net is not None and net < 0.0


def tripped(connection: sqlite3.Connection, periods: int = PERIODS, lately: int = LATELY) -> frozenset[IdleClass]:
    """Every class that has lost money, for those who list them: it looks at all that was ever pinged."""
    kinds = [
        IdleClass(agent, ttl_class, None if waiting is None else WaitingFor(waiting))
        for agent, ttl_class, waiting in connection.execute(_KINDS)
    ]
    return frozenset(kind for kind in kinds if trips(connection, kind, periods, lately))


# The index holds pinged periods by kind, oldest first: the newest are at its end, and only those that count are priced.
_NEWEST = """
SELECT i.id, s.agent FROM idle_periods i JOIN sessions s ON s.id = i.session_id
WHERE i.pinged = 1 AND i.ttl_class IS ? AND i.waiting_for IS ? AND i.closed_at IS NOT NULL
ORDER BY i.closed_at DESC, i.id DESC LIMIT ?
"""
_NET = """
SELECT coalesce(sum(coalesce(saved_usd, 0) - spent_usd), 0) FROM idle_money
WHERE id IN (SELECT value FROM json_each(?))
"""
_KINDS = """
SELECT DISTINCT s.agent, i.ttl_class, i.waiting_for FROM idle_periods i JOIN sessions s ON s.id = i.session_id
WHERE i.pinged = 1 AND i.closed_at IS NOT NULL
"""
