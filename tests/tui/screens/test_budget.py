"""What a person does in the budget sheet: checked at every key, returned once."""

from __future__ import annotations

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from store.models import BudgetMode
from tests.tui.budget_steps import field, sheet_of
from tests.tui.running import Running
from tests.tui.sample import NOW, at
from tui.orders import BudgetWanted
from tui.widgets.mode_choice import ModeChoice


async def burst(one: Running, pilot: Pilot[None], *keys: str) -> None:
    """All of them are there before the first is handled, as in a paste or on a slow line."""
    for key in keys:
        one.app.post_message(Key(key, key if len(key) == 1 else None))
    await one.settle(pilot)


def typed(one: Running) -> BudgetWanted:
    """The one budget that was wanted."""
    found = {id(message): message for message in one.messages if isinstance(message, BudgetWanted)}
    (wanted,) = found.values()
    return wanted


async def test_fields_hold_the_present_budget_and_the_consequence() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b")
        assert [each.value for each in sheet_of(one).query(Input)] == ["3", "$0.75", ""]
        assert sheet_of(one).query_one(ModeChoice).mode is BudgetMode.AUTO
        assert one.text("policy") == ["as is  3 of 3 pings spent", "a ping costs   7.9% of a rewrite"]
        assert one.text("consequence")[0] == "no pings  cold 14:32, then $2.41"
        assert len(one.text("consequence")) == 4


@pytest.mark.parametrize(("width", "height", "rows"), [(30, 15, 2), (32, 20, 3)])
async def test_a_small_screen_keeps_the_row_in_sight_and_cuts_no_word(width: int, height: int, rows: int) -> None:
    one = Running()
    async with one.run(width, height) as pilot:
        await one.press(pilot, "b", "tab", "4", "tab", "9")
        assert one.text("policy") == ["as is  3 of 3 pings spent"]
        assert len(one.text("consequence")) == rows
        top = one.app.screen.query_one("#sheet").region
        assert top.y >= 4, "header, group, row"
        assert top.bottom < height, "the footer's line"
        assert one.text("consequence")[rows - 1].endswith("saves $1.46")
        names = ["policy", "consequence", "sheet-keys", "beside-pings", "beside-money", "beside-until"]
        assert not [line for name in names for line in one.text(name) if "…" in line]
        assert one.text("beside-money")[0].strip() == "$0.58 used"
        await one.press(pilot, "tab")
        assert one.text("beside-until")[0].strip() in ("2h, back", "time, 2h, back")
        await one.press(pilot, "b", "a", "c", "k")
        assert one.text("below-until") == ["at the latest Wed 14:31"]


async def test_typing_replaces_what_stood_there() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "5", "tab", "2", "tab", "1", "8", ":", "0", "0")
        assert [each.value for each in sheet_of(one).query(Input)] == ["5", "2", "18:00"]
        await one.press(pilot, "shift+tab", "shift+tab", "shift+tab", "tab", "tab", "tab", "2", "h")
        assert field(one, "until").value == "2h"
        assert one.text("beside-until")[0].strip() == "to 16:31"


async def test_an_arrow_keeps_it_for_a_correction() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "end", "0")
        assert field(one, "pings").value == "30"


async def test_what_is_typed_in_a_burst_lands_in_its_field() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b")
        await burst(one, pilot, "right", "tab", "5", "backspace", "6", "tab", "1", "tab", "2", "h", "enter")
        wanted = typed(one)
        assert (wanted.mode, wanted.pings, wanted.usd, wanted.until) == (BudgetMode.HOLD, 6, 1.0, NOW + 7200)
        assert one.on_board


async def test_enter_right_after_it_takes_what_was_typed() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "tab", "tab")
        await burst(one, pilot, "b", "a", "c", "k", "up", "up", "up", "enter")
        assert typed(one).until_back


async def test_back_is_the_next_prompt_and_said_so() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "right", "tab", "9", "tab", "9", "tab", "b", "a", "c")
        assert one.text("below-until") == ["✗ not a time, try 18:00, 2h,", "  tomorrow 9:00, back"]
        await one.press(pilot, "k")
        assert one.text("below-until") == ["hold until your next prompt in", "it, 24 h at most"]
        assert one.text("beside-until")[0].strip() == "", "no room, and it stands below"
        await one.press(pilot, "enter")
        wanted = typed(one)
        assert (wanted.mode, wanted.until, wanted.until_back) == (BudgetMode.HOLD, NOW + 24 * 3600, True)
        assert one.commands.budgets[0].until == NOW + 24 * 3600


async def test_an_error_stands_under_its_field_stops_enter_and_goes_away_when_mended() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b")
        whole = sheet_of(one).query_one("#sheet").region
        await one.press(pilot, "tab", "tab", "tab", "1", "8")
        assert one.text("below-until") == ["✗ not a time, try 18:00, 2h,", "  tomorrow 9:00, back"]
        under = sheet_of(one).query_one("#below-until").region
        assert under.y == sheet_of(one).query_one("#until").region.bottom
        assert not any(one.text("consequence"))
        assert one.text("sheet-keys")[0] == "fix until  esc cancel"
        assert sheet_of(one).query_one("#sheet").region == whole, "it keeps its height"
        await one.press(pilot, "shift+tab", "enter")
        assert one.focus == "until", "the cursor goes to what is wrong"
        assert one.commands.budgets == []
        await one.press(pilot, "end", "colon", "0", "0")
        assert one.text("sheet-keys")[0].startswith("↵ apply  esc cancel")
        assert one.text("below-until") == []
        await one.press(pilot, "enter")
        assert one.commands.budgets[0].until == at(18, 0)


async def test_of_two_errors_the_one_where_the_cursor_is_is_told() -> None:
    one = Running()
    async with one.run(60, 30) as pilot:
        await one.press(pilot, "b", "tab", "x", "tab", "y")
        assert one.text("below-pings") == []
        assert one.text("beside-pings")[0].endswith("✗")
        assert one.text("below-money") == ["✗ an amount, such as 1.50"]
        assert one.text("sheet-keys")[0].split() == ["↵", "apply", "esc", "cancel", "fix", "money", "first"]
        await one.press(pilot, "shift+tab")
        assert one.text("below-pings") == ["✗ a whole number, such as 3"]
        assert one.text("below-money") == []


async def test_esc_keeps_nothing() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "right", "tab", "9", "escape")
        assert one.on_board
        assert one.posted(BudgetWanted) == 0
        assert one.commands.budgets == []
        await one.press(pilot, "b")
        assert field(one, "pings").value == "3"


async def test_more_pings_are_priced_at_once() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "tab", "4")
        assert one.text("consequence")[0].startswith("no pings")  # $0.17 are left, a ping costs $0.19
        await one.press(pilot, "tab", "1")
        assert one.text("consequence")[1] == "1 ping more, at most       $0.19"


async def test_the_mode_stops_at_its_ends_and_arrows_move_between_fields() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "left", "left")
        choice = sheet_of(one).query_one(ModeChoice)
        assert str(choice.mode) == "off"
        await one.press(pilot, "right", "right", "right")
        assert str(choice.mode) == "hold"
        await one.press(pilot, "down")
        assert one.focus == "pings"
        await one.press(pilot, "up")
        assert one.focus == "mode"
