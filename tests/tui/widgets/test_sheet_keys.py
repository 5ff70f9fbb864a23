"""A sheet's keys are buttons, and a click beside a sheet leaves it where nothing is lost."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.running import Running
from tui.orders import BudgetWanted
from tui.screens.budget import BudgetSheet
from tui.screens.copy_menu import CopyMenu
from tui.screens.help import HelpSheet


async def click(one: Running, pilot: Pilot[None], text: str) -> None:
    """Click on the middle of a text of the sheet's last line."""
    at = one.text("sheet-keys")[0].index(text)
    await pilot.click("#sheet-keys", offset=(at + len(text) // 2, 0))
    await one.settle(pilot)


async def beside(one: Running, pilot: Pilot[None]) -> None:
    await pilot.click(offset=(1, 1))
    await one.settle(pilot)


async def test_every_sheet_is_left_by_mouse() -> None:
    one = Running()
    async with one.run() as pilot:
        for key, kind, close in (("?", HelpSheet, "close"), ("y", CopyMenu, "esc"), ("b", BudgetSheet, "cancel")):
            await one.press(pilot, key)
            assert isinstance(one.app.screen, kind)
            await click(one, pilot, close)
            assert one.on_board, close
            await one.press(pilot, key)
            await pilot.click("#sheet", offset=(1, 0))
            assert isinstance(one.app.screen, kind), "its edge is not beside it"
            await beside(one, pilot)
            assert one.on_board, key
        assert one.app.state.selected_id == "api-refactor", "what stood there was not clicked, too"


async def test_a_click_beside_the_budget_drops_nothing_that_was_typed() -> None:
    one = Running()
    async with one.run(30, 30) as pilot:
        await one.press(pilot, "b", "tab", "5")
        await beside(one, pilot)
        assert isinstance(one.app.screen, BudgetSheet)
        assert one.text("sheet-keys")[0] == "esc drops what is typed"
        await one.press(pilot, "7")
        assert one.app.screen.query_one("#pings", Input).value == "57"
        assert "apply" in one.text("sheet-keys")[0]
        await click(one, pilot, "apply")
        assert one.on_board
        assert [wanted.pings for wanted in one.every(BudgetWanted)] == [57]
        await one.press(pilot, "b", "tab", "x")
        assert "fix pings" in one.text("sheet-keys")[0]
        await beside(one, pilot)
        await click(one, pilot, "esc")
        assert one.on_board
