"""Parts of the budget sheet that is open."""

from __future__ import annotations

from textual.widgets import Input

from tests.tui.running import Running
from tui.screens.budget import BudgetSheet


def sheet_of(one: Running) -> BudgetSheet:
    assert isinstance(one.app.screen, BudgetSheet)
    return one.app.screen


def field(one: Running, name: str) -> Input:
    return one.app.screen.query_one(f"#{name}", Input)
