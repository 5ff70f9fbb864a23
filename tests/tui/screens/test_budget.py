"""The budget sheet: checked at every key, returned once."""

from __future__ import annotations

from textual.widgets import Input

from store.models import BudgetMode
from tests.tui.running import Running
from tui.screens.budget import BudgetSheet, ModeChoice


async def test_fields_hold_the_present_budget_and_the_consequence() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b")
        sheet = one.app.screen
        assert isinstance(sheet, BudgetSheet)
        assert [field.value for field in sheet.query(Input)] == ["3", "$0.75", ""]
        assert sheet.query_one(ModeChoice).mode is BudgetMode.AUTO
        assert one.text("policy") == ["now     3 of 3 pings spent", "a ping costs   8.6% of a rewrite"]
        assert one.text("consequence")[0] == "no pings  cold 14:32, then $2.41"
        assert len(one.text("consequence")) == 4


async def test_a_short_screen_keeps_the_row_in_sight() -> None:
    one = Running()
    async with one.run(32, 20) as pilot:
        await one.press(pilot, "b")
        assert one.text("policy") == ["now     3 of 3 pings spent"]
        assert len(one.text("consequence")) == 3
        top = one.app.screen.query_one("#sheet").region.y
        assert top >= 4, "header, group, row"


async def test_an_error_stops_enter_and_goes_away_when_mended() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "tab", "tab", "1", "8")
        assert one.text("consequence")[0] == "try 18:00, 2h, tomorrow 9:00"
        assert one.text("sheet-keys")[0].startswith("↵ not yet")
        await one.press(pilot, "enter")
        assert isinstance(one.app.screen, BudgetSheet)
        assert one.commands.budgets == []
        await one.press(pilot, "colon", "0", "0")
        assert one.text("sheet-keys")[0].startswith("↵ apply")
        await one.press(pilot, "enter")
        assert one.commands.budgets[0].until is not None


async def test_more_pings_are_priced_at_once() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "backspace", "4")
        assert one.text("consequence")[0].startswith("no pings")  # $0.17 are left, a ping costs $0.19
        one.app.screen.query_one("#money", Input).value = "1"
        await one.settle(pilot)
        assert one.text("consequence")[1] == "1 ping more, at most       $0.19"


async def test_the_mode_stops_at_its_ends_and_arrows_move_between_fields() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "left", "left")
        choice = one.app.screen.query_one(ModeChoice)
        assert str(choice.mode) == "off"
        await one.press(pilot, "right", "right", "right")
        assert str(choice.mode) == "hold"
        await one.press(pilot, "down")
        assert one.focus == "pings"
        await one.press(pilot, "up")
        assert one.focus == "mode"


async def test_an_open_sheet_follows_its_session() -> None:
    """What is typed stays; why there is a ping or none is that of now."""
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "backspace", "5")
        assert isinstance(one.app.screen, BudgetSheet)
        session = next(each for each in one.feed.view.sessions if each.id == one.app.screen.session_id)
        keep = session.keepalive.model_copy(update={"why": "off", "why_args": {}, "idle_pings": 4})
        moved = session.model_copy(update={"keepalive": keep})
        others = tuple(moved if each is session else each for each in one.feed.view.sessions)
        one.feed.show(one.feed.view.model_copy(update={"sessions": others}))
        await one.poll(pilot)
        assert one.text("policy")[0] == "now     keep-alive is off"
        assert one.app.screen.query_one("#pings", Input).value == "5"
        assert isinstance(one.app.screen, BudgetSheet)
