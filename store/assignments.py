"""Which arm of the opt-in trial an idle period was given: drawn once, at its first due ping, and never changed.

The rows are what a later comparison goes by, whatever happened after the draw; so the first one of a period stands.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

from store.database import immediate
from store.row import Row, fetch_all, fetch_one

Arm = Literal["ping", "lapse"]
"""`lapse`: the policy sends no ping in this idle period."""


class Assignment(Row, frozen=True, kw_only=True):
    """One idle period's draw."""

    idle_id: int
    assigned_at: float
    arm: Arm
    probability: float
    """Of a lapse, when it was drawn, 0..1."""


class AssignedPeriod(Assignment, frozen=True, kw_only=True):
    """A draw with its idle period, for a comparison."""

    session_id: str
    opened_at: float
    pings_usd: float | None
    """What the period's pings cost; None where a price is unknown."""


def get(connection: sqlite3.Connection, idle_id: int) -> Assignment | None:
    """The idle period's draw, or None where none was made."""
    return fetch_one(
        Assignment,
        connection.execute(
            "SELECT idle_id, assigned_at, arm, probability FROM assignments WHERE idle_id = ?", (idle_id,)
        ),
    )


def record(connection: sqlite3.Connection, idle_id: int, arm: Arm, probability: float, now: float) -> Assignment:
    """Keep a draw; returns the one that stands, which is the period's first."""
    with immediate(connection):
        connection.execute(
            "INSERT INTO assignments (idle_id, assigned_at, arm, probability) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (idle_id) DO NOTHING",
            (idle_id, now, arm, probability),
        )
        stands = get(connection, idle_id)
    assert stands is not None  # noqa: S101 - inserted above, or there before
    return stands


def untouched(connection: sqlite3.Connection, idle_id: int) -> bool:
    """Whether the idle period is there and nothing was sent in it: only then can either arm still be given."""
    row = connection.execute(
        "SELECT 1 FROM idle_periods i WHERE i.id = ? AND NOT EXISTS (SELECT 1 FROM pings g WHERE g.idle_id = i.id)",
        (idle_id,),
    ).fetchone()
    return row is not None


def of_main_threads(connection: sqlite3.Connection, since: float = 0.0) -> list[AssignedPeriod]:
    """The draws made at or after `since` in main threads, oldest period first."""
    return fetch_all(
        AssignedPeriod,
        connection.execute(
            "SELECT a.idle_id, a.assigned_at, a.arm, a.probability, m.session_id, m.opened_at, m.pings_usd FROM"
            " assignments a JOIN (SELECT i.id, i.session_id, i.lineage_id, i.opened_at, (SELECT CASE WHEN count(*) ="
            " count(g.usd) THEN coalesce(sum(g.usd), 0.0) END FROM ping_money g WHERE g.idle_id = i.id) AS pings_usd"
            " FROM idle_periods i) m ON m.id = a.idle_id JOIN lineages l ON l.id = m.lineage_id"
            " WHERE l.agent_id = '' AND a.assigned_at >= ? ORDER BY m.opened_at, a.idle_id",
            (since,),
        ),
    )
