"""Keys and mouse on the board."""

from __future__ import annotations

from textual.events import Key

from store.models import BudgetMode
from tests.tui import sample
from tests.tui.days_sample import SampleDays
from tests.tui.history_sample import SampleHistory
from tests.tui.order_sample import PROJECTS
from tests.tui.running import Running
from tui.board import FOLD_ID
from tui.board_order import Order
from tui.days_feed import DaysWanted
from tui.orders import BudgetWanted, CopyWanted, HistoryWanted, JumpWanted, ModeWanted, TurnsWanted
from tui.screens.budget import BudgetSheet
from tui.screens.copy_menu import CopyMenu
from tui.screens.days import Days
from tui.screens.help import HelpSheet
from tui.screens.history import History
from tui.widgets.filter_line import FilterLine


async def test_j_k_and_arrows_move_the_cursor_and_the_detail_follows() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "j", "down", "k")
        assert one.app.state.selected_id == "etl-nightly"
        assert one.text("detail")[2] == " Answer by 14:33 or pay $0.62"
        assert one.posted(TurnsWanted) >= 3
        await one.press(pilot, "end")
        assert one.app.state.selected_id == "billing"
        await one.press(pilot, "home")
        assert one.app.state.selected_id == "api-refactor"


async def test_a_click_selects_and_a_click_on_the_fold_opens_it() -> None:
    one = Running(feed=sample.SampleFeed(sample.BOARD_ENDED))
    async with one.run() as pilot:
        one.clock.advance(49)
        one.app.main.tick()
        assert one.app.state.selected_id == one.app.state.ids[0] == "etl-nightly", "it follows what needs a person"
        one.clock.advance(-49)
        one.app.main.tick()
        assert one.app.state.selected_id == "api-refactor"
        await pilot.click("#list", offset=(5, 6))
        await one.settle(pilot)
        assert one.app.state.selected_id == "notes-app"
        await pilot.click("#list", offset=(5, 9))
        await one.settle(pilot)
        assert one.app.state.selected_id == "notes-app"
        await pilot.click("#list", offset=(5, 22))
        await one.settle(pilot)
        assert one.app.state.selected_id == FOLD_ID
        assert one.app.state.unfolded
        await one.press(pilot, "home")
        await pilot.click("#list", offset=(5, 1))
        await one.settle(pilot)
        assert one.focus == "detail", "selected already: it opens"


async def test_enter_opens_the_session_over_the_list_and_esc_comes_back() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "enter")
        assert not one.rows().display
        assert one.focus == "detail"
        assert one.text("detail")[0] == " api-refactor"
        assert one.text("footer")[0].startswith(" esc back")
        await one.press(pilot, "escape")
        assert one.rows().display
        assert one.focus == "list"


async def test_the_opened_session_scrolls_with_the_lists_keys() -> None:
    one = Running()
    async with one.run(height=20) as pilot:
        await one.press(pilot, "enter", "j", "j", "down")
        assert one.app.main.query_one("#detail").scroll_offset.y == 3
        assert one.app.state.selected_id == "api-refactor"


async def test_orders_apply_in_the_opened_session() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "enter", "h")
        assert one.commands.modes[0][1] is BudgetMode.HOLD
        assert one.posted(ModeWanted) == 1


async def test_enter_on_the_fold_unfolds() -> None:
    one = Running(feed=sample.SampleFeed(sample.BOARD_ENDED))
    async with one.run() as pilot:
        await one.press(pilot, "end")
        assert one.text("detail")[2:4] == [" 3 sessions ended, $12.36 in all", " ↵ unfolds them"]
        await one.press(pilot, "2")
        assert one.text("footer") == [" ended today: ↵ (un)folds them"]
        await one.press(pilot, "enter", "down")
        assert one.app.state.selected_id == "old-report"


async def test_the_filter_takes_the_footers_line_and_esc_clears_it() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "slash", "d", "e", "p")
        assert one.app.state.ids == ("deploy-infra",)
        assert one.focus == "query"
        assert one.app.state.selected_id == "deploy-infra"
        await one.press(pilot, "escape")
        assert (len(one.app.state.ids), one.focus) == (8, "list")
        assert one.app.state.selected_id == "api-refactor", "given up: back to where it came from"
        await one.press(pilot, "slash", "d", "e", "p", "enter")
        assert one.focus == "list"
        assert one.app.state.query == "dep"
        await one.press(pilot, "escape")
        assert len(one.app.state.ids) == 8
        assert one.focus == "list"
        assert one.app.state.selected_id == "deploy-infra", "taken"


async def test_letters_in_the_filter_are_letters() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "slash", "q", "h", "o")
        assert one.app.main.query_one(FilterLine).field.value == "qho"
        assert one.commands.modes == []
        assert one.text("empty")[0] == " Nothing matches qho"


async def test_letters_typed_faster_than_the_focus_moves_are_letters_too() -> None:
    one = Running()
    async with one.run() as pilot:
        for key, letter in (("slash", "/"), ("d", "d"), ("e", "e"), ("p", "p")):
            one.app.post_message(Key(key, letter))  # all four are on their way before the first one is handled
        await one.settle(pilot)
        assert one.commands.pings == []
        assert one.app.state.query == "dep"


async def test_keys_that_were_on_their_way_when_a_sheet_opened_order_nothing() -> None:
    one = Running()
    async with one.run() as pilot:
        for key in ("b", "h", "p"):
            one.app.post_message(Key(key, key))
        await one.settle(pilot)
        assert isinstance(one.app.screen, BudgetSheet)
        assert (one.commands.pings, one.commands.modes) == ([], [])


async def test_the_budget_sheet_applies_through_the_commands() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b")
        assert isinstance(one.app.screen, BudgetSheet)
        await one.press(pilot, "right", "tab", "backspace", "6", "enter")
        assert one.commands.budgets == [BudgetWanted("api-refactor", "", BudgetMode.HOLD, 6, 0.75, sample.NOW + 7200)]
        assert one.text("footer") == [" api-refactor: not held: $0.75", " limit spent"], "no amount is cut"


async def test_a_cancelled_sheet_orders_nothing() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "b", "right", "escape")
        assert one.commands.budgets == []
        assert one.on_board


async def test_help_lists_the_catalogue() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "question_mark")
        assert isinstance(one.app.screen, HelpSheet)
        await one.press(pilot, "question_mark")
        assert one.on_board


async def test_esc_takes_the_banner_away_and_then_says_so() -> None:
    one = Running()
    one.look = one.look.with_banner("a demo with a stand-in")
    one.__post_init__()
    async with one.run() as pilot:
        assert one.text("header")[1:3] == [" a demo with a stand-in · esc hides", " this"]
        assert one.text("footer")[0].startswith(" ↵ open  b budget"), "the banner says it itself"
        await one.press(pilot, "enter")
        assert one.text("footer")[0].startswith(" esc back")
        await one.press(pilot, "escape", "escape")
        assert one.text("header")[1] == ""
        await one.press(pilot, "escape")
        assert one.text("footer") == [" nothing to leave here"]


async def test_a_row_stays_put_for_two_seconds_after_a_key() -> None:
    one = Running()
    async with one.run() as pilot:
        one.clock.advance(47)
        await one.press(pilot, "j", "k")
        one.clock.advance(1.5)
        one.app.main.tick()
        assert one.app.state.ids[0] == "api-refactor"
        assert one.text("list")[1].endswith("cold")
        one.clock.advance(1)
        one.app.main.tick()
        assert one.app.state.ids[0] == "etl-nightly"
        assert one.app.state.selected_id == "api-refactor"


async def test_s_sorts_by_the_next_order_says_so_and_remembers_it() -> None:
    one = Running(feed=sample.SampleFeed(PROJECTS))
    async with one.run() as pilot:
        await one.press(pilot, "j", "s")
        assert one.app.state.order is Order.AGE
        assert one.app.state.selected_id == "etl-nightly"
        assert one.text("list")[0] == " newest first 8     if cold    left"
        assert one.text("footer")[0] == " sorted by age, newest first"
        await one.press(pilot, "s", "s", "s")
        assert one.commands.orders == [Order.AGE, Order.PROJECT, Order.COST, Order.NEED]
        assert one.app.state.selected_id == "etl-nightly"


async def test_a_list_behind_the_opened_session_is_not_sorted() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "enter", "s")
        assert one.text("footer") == [" back to the list first"]
        assert one.commands.orders == []
        await pilot.resize_terminal(120, 40)
        await one.press(pilot, "s")
        assert one.commands.orders == [Order.AGE]


async def test_g_asks_for_the_pane_of_the_session_under_the_cursor() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "j", "g")
        (wanted,) = one.every(JumpWanted)
        assert wanted.session.id == "etl-nightly"


async def test_an_ended_session_has_no_pane() -> None:
    one = Running(feed=sample.SampleFeed(sample.BOARD_ENDED))
    async with one.run() as pilot:
        await one.press(pilot, "end", "enter", "down", "g")
        assert one.text("footer") == [" ended: it has no pane any more"]
        assert one.posted(JumpWanted) == 0


async def test_y_offers_the_sessions_things_and_copies_what_is_chosen() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "y")
        assert isinstance(one.app.screen, CopyMenu)
        assert any("turn 14" in line for line in one.text("copy-list"))
        await one.press(pilot, "d")
        assert one.on_board
        (wanted,) = one.every(CopyWanted)
        assert (wanted.session_id, wanted.item.text) == ("api-refactor", "/home/sam/src/api-refactor")
        await one.press(pilot, "y", "escape")
        assert one.posted(CopyWanted) == 1


async def test_the_copy_menu_has_the_turns_of_its_own_session_only() -> None:
    one = Running()
    one.feed.turns = ()
    async with one.run() as pilot:
        one.app.main.turns_read("docs-site", sample.TURNS)
        await one.press(pilot, "y")
        assert not any("turn" in line for line in one.text("copy-list"))


async def test_capital_h_and_l_open_their_pages_as_they_were_left_and_esc_comes_back() -> None:
    one = Running(history=SampleHistory(), days=SampleDays())
    async with one.run() as pilot:
        await one.press(pilot, "H")
        assert one.posted(HistoryWanted) == 1
        history = one.app.screen
        assert isinstance(history, History)
        await one.press(pilot, "escape", "L", "tab")
        assert one.posted(DaysWanted) == 1
        days = one.app.screen
        assert isinstance(days, Days)
        assert one.text("spans")[1].startswith(" ───────────────━━━━━━━")
        await one.press(pilot, "L")
        assert one.text("footer") == [" this is the ledger, esc goes back"]
        await one.press(pilot, "escape")
        assert one.on_board
        await one.press(pilot, "L")
        assert one.app.screen is days
        assert one.text("spans")[1].startswith(" ───────────────━━━━━━━"), "the span that was left"
        await one.press(pilot, "escape", "H")
        assert id(one.app.screen) == id(history)


async def test_without_a_store_there_is_no_ledger() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "L")
        assert one.on_board
        assert one.text("footer") == [" no store to look into"]


async def test_a_banner_of_the_board_hides_no_way_back_on_other_pages() -> None:
    one = Running(history=SampleHistory(), days=SampleDays())
    one.look = one.look.with_banner("a demo with a stand-in")
    one.__post_init__()
    async with one.run() as pilot:
        await one.press(pilot, "L")
        assert one.text("footer")[0].startswith(" esc back")
        await one.press(pilot, "escape", "H")
        assert one.text("footer")[0].startswith(" ↵ open  esc back")


async def test_a_key_typed_for_a_sheet_that_is_about_to_open_orders_nothing() -> None:
    one = Running()
    async with one.run() as pilot:
        for key in "bo":
            one.app.post_message(Key(key, key))
        await pilot.pause()
        await pilot.pause()
        assert isinstance(one.app.screen, BudgetSheet)
        assert one.commands.modes == []
