"""What people changed of the budgets since the keeper last looked: the rows themselves are compared.

A time of change would do for a row that was set, but not for one that was dropped, nor after the clock was set back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from store import budgets
from store.database import snapshot
from store.rows import BudgetRow


class BudgetWatch:
    """Remembers what the last look found."""

    def __init__(self) -> None:
        self._rows: Mapping[str, BudgetRow] = {}
        self._changes = 0
        self._paused_until: float | None = None
        self._paused = False

    def read(self, connection: sqlite3.Connection) -> frozenset[str]:
        """Look; the sessions whose own budget is another one now, `budgets.DEFAULT` among them for the default."""
        with snapshot(connection):
            changes, rows = budgets.changes(connection), budgets.every(connection)
            self._paused_until = budgets.paused_until(connection)
        before, self._rows = self._rows, rows
        more, self._changes = changes != self._changes, changes
        found = frozenset(key for key in before.keys() | rows.keys() if before.get(key) != rows.get(key))
        # Set and taken back before we looked: a plan that was made in between has to be made again.
        return frozenset({budgets.DEFAULT}) if more and not found else found

    def pause_turned(self, now: float) -> bool:
        """Whether a pause began or ended since this was last asked; it ends by the clock alone, too."""
        before, self._paused = self._paused, self._paused_until is not None and now < self._paused_until
        return before != self._paused
