"""What a session's budget is now and what is spent of it: the answer of `warmside budget ID`, for a screen.

Reads in one snapshot and writes nothing.
"""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from keepalive.allowance import Allowance, resolve
from keepalive.caps import DayLeft
from keepalive.config import BudgetConfig
from store import budgets, idle, ledger, lineages, pings
from store.database import snapshot
from tui.budget_text import Day, day_of


class InForce(Struct, frozen=True):
    """Limits with their origins, and pings and money so far, running ones as reserved."""

    allowed: Allowance
    idle_pings: int
    session_usd: float
    day: Day

    @property
    def day_left(self) -> DayLeft:
        """What all sessions together may still spend."""
        day = self.day
        return DayLeft(max(0.0, day.cap - day.spent + day.back), day.cap, day.ends_at)


def read(connection: sqlite3.Connection, session_id: str, config: BudgetConfig, now: float) -> InForce:
    """Of an unknown session: what would hold for a new one."""
    midnight = ledger.local_midnight(now)
    tomorrow = ledger.local_midnight(midnight + 1.5 * 86_400)  # (a day may have 23 or 25 hours)
    with snapshot(connection):
        allowed = resolve(config, budgets.standing(connection, session_id))
        lineage = lineages.current(connection, session_id)
        period = None if lineage is None else idle.current(connection, lineage.id)
        spent = pings.spent(
            connection,
            0 if lineage is None else lineage.id,
            session_id,
            None if period is None else period[0],
            midnight,
        )
        paused = budgets.paused_until(connection)
    day = day_of(config, spent.day_usd, paused, now, back=spent.day_back_usd, ends_at=tomorrow)
    return InForce(allowed, spent.idle_pings, spent.session_usd, day)
