"""Keys and mouse in the history."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.events import Key

from tests.tui import history_sample
from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tests.tui.sample import NOW
from tui.history_feed import OpenedSession
from tui.history_messages import Exported
from tui.orders import CopyWanted
from tui.screens.copy_menu import CopyMenu
from tui.screens.help import HelpSheet
from tui.screens.history import History


def started(**changed: object) -> tuple[Running, SampleHistory]:
    feed = SampleHistory()
    for name, value in changed.items():
        setattr(feed, name, value)
    return Running(history=feed), feed


def history(one: Running) -> History:
    screen = one.app.screen
    assert isinstance(screen, History)
    return screen


FIND = ("H", "slash", *"lock", "enter")


async def test_h_opens_it_on_the_newest_session_and_esc_goes_back() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H")
        assert history(one)._state.key == ("s0", None)
        assert one.focus == "found"
        await one.press(pilot, "escape")
        assert one.on_board


async def test_the_lists_keys_move_the_cursor() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "j", "down", "k")
        assert history(one)._state.cursor == 1
        await one.press(pilot, "end")
        assert history(one)._state.cursor == 3
        await one.press(pilot, "home")
        assert history(one)._state.cursor == 0


async def test_every_letter_searches_and_letters_are_letters() -> None:
    one, feed = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash", *"nyeqH")
        assert history(one).field.value == "nyeqH"
        assert feed.called("search") == ["n", "ny", "nye", "nyeq", "nyeqH"]
        assert feed.called("export") == []
        assert one.text("said")[1] == " 4 turns in 3 sessions newest first"
        assert one.text("footer") == [" ↵ to the list  esc back  ↑ ↓ move"]


async def test_letters_typed_faster_than_the_focus_moves_are_letters_too() -> None:
    one, feed = started()
    async with one.run() as pilot:
        await one.press(pilot, "H")
        for key, letter in (("slash", "/"), ("e", "e"), ("y", "y")):
            one.app.post_message(Key(key, letter))
        await one.settle(pilot)
        assert history(one).field.value == "ey"
        assert feed.called("export") == []


@pytest.mark.parametrize("leave", ["enter", "escape"])
async def test_keys_right_behind_the_one_that_leaves_the_field_are_keys(leave: str) -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash", *"lock")
        for key, letter in ((leave, None), ("n", "n"), ("n", "n")):
            one.app.post_message(Key(key, letter))
        await one.settle(pilot)
        assert history(one).field.value == "lock"
        assert history(one)._state.cursor == 2


async def test_esc_leaves_one_thing_at_a_time_and_loses_nothing() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash", *"lock", "escape")
        assert (one.focus, history(one).field.value) == ("found", "lock")
        await one.press(pilot, "j", "enter", "escape")
        assert history(one).field.value == "lock"
        assert history(one)._state.key == ("s0", 2), "the same place"
        await one.press(pilot, "escape")
        assert history(one).field.value == ""
        assert history(one)._state.key == ("s0", None)
        await one.press(pilot, "escape")
        assert one.on_board


async def test_enter_opens_the_session_at_the_turn() -> None:
    one, _ = started(turns=40)
    async with one.run(36, 20) as pilot:
        await one.press(pilot, *FIND, "enter")
        assert one.text("session")[0].startswith(" turn 5 of 40 ")
        assert one.text("session")[1] == " › why does ingest hold the lock in"
        await one.press(pilot, "k", "k")
        assert one.text("session")[2].startswith(" turn 5 of 40 ")
        assert history(one)._state.cursor == 0, "the keys scroll the session now"


async def test_a_hit_far_down_a_long_turn_is_scrolled_to() -> None:
    one, feed = started()
    far = history_sample.turn(5, NOW, prompt="x\n" * 90 + "here is the lock", answer="", memory="")
    opened = history_sample.session("s0")
    turns = tuple(far if turn.n == 5 else turn for turn in opened.detail.turns)
    detail = replace(opened.detail, turns=turns)
    feed.opened = lambda session_id: OpenedSession(detail, opened.cache, opened.ledger)  # type: ignore[method-assign]
    async with one.run(60, 20) as pilot:
        await one.press(pilot, *FIND, "enter")
        assert any("here is the lock" in line for line in one.text("session"))


async def test_n_walks_from_match_to_match_in_the_list_and_opened() -> None:
    one, _ = started()
    async with one.run(36, 20) as pilot:
        await one.press(pilot, *FIND, "n")
        assert history(one)._state.key == ("s0", 2)
        await one.press(pilot, "enter", "n")
        while history(one)._state.key == ("s0", 2):
            await one.press(pilot, "n")
        assert history(one)._state.key == ("s1", 6)
        assert any(line.startswith(" turn 6 of 6 ") for line in one.text("session"))
        assert one.text("header")[0] == " ━╸ etl-nightly              3 of 4"
        await one.press(pilot, "escape", "N", "N", "N")
        assert one.text("footer") == [" that was the first turn found"]


async def test_a_filter_narrows_the_sessions_and_a_bad_one_loses_nothing() -> None:
    one, feed = started()
    async with one.run(60, 40) as pilot:
        await one.press(pilot, "H", "slash", *"project", "colon", *"api-refactor")
        assert [place.session for place in history(one)._state.results.places] == ["s0", "s2"]
        await one.press(pilot, "escape", "escape", "slash", *"lock", "space", *"project", "colon", "e", "t")
        field = history(one).field
        assert "project:etl-nightly" in field.render_line(0).text, "the rest of the name stands behind what is typed"
        await one.press(pilot, "home", "end")
        assert field.value == "lock project:et", "End goes to the end first"
        await one.press(pilot, "end")
        assert field.value == "lock project:etl-nightly"
        await one.press(pilot, *["backspace"] * 3, "right")
        assert field.value == "lock project:etl-nightly"
        await one.press(
            pilot, "right", "escape", "escape", "slash", *"lock", "space", *"project", "colon", *"zz", "space"
        )
        assert one.text("said")[1] == " project: none is called zz: api-refactor, etl-nightly,"
        assert history(one)._state.results.hits == feed.hits
        searched = len(feed.called("search"))
        await one.press(pilot, "x")
        assert len(feed.called("search")) == searched, "a query with a complaint is not asked"


async def test_nothing_found_is_said_and_esc_shows_all() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash", *"nothing")
        assert one.text("nothing")[0] == " Nothing matches nothing"
        assert not one.app.screen.query_one("#found").display
        await one.press(pilot, "escape", "escape")
        assert len(history(one)._state.results) == 4


async def test_tabs_turn_over_in_the_opened_session() -> None:
    one, _ = started()
    async with one.run(60, 40) as pilot:
        await one.press(pilot, "H", "tab")
        assert one.text("footer") == [" open the session first"]
        await one.press(pilot, "enter", "tab", "tab")
        assert history(one)._tab == "ledger"
        await one.press(pilot, "shift+tab")
        assert history(one)._tab == "cache"


async def test_export_says_where_the_file_is() -> None:
    one, feed = started()
    async with one.run(60, 40) as pilot:
        await one.press(pilot, "H", "e")
        assert feed.called("export") == ["s0"]
        assert one.posted(Exported) == 1
        assert one.text("footer") == [" exported: ~/exports/s0.md"]
        feed.broken = PermissionError("cannot write to ~/exports")
        await one.press(pilot, "e")
        assert one.text("footer") == [" cannot write to ~/exports"]


async def test_y_offers_what_the_found_turn_left_whether_it_was_read_or_not() -> None:
    one, feed = started()
    async with one.run() as pilot:
        await one.press(pilot, *FIND)
        assert feed.called("opened") == []
        await one.press(pilot, "y")
        assert feed.called("opened") == ["s0"]
        assert isinstance(one.app.screen, CopyMenu)
        assert any("turn 5" in line for line in one.text("copy-list"))
        await one.press(pilot, "m")
        (wanted,) = one.every(CopyWanted)
        assert (wanted.session_id, wanted.item.what) == ("s0", "memory")
        assert wanted.item.text == "Tool memory:\n- Files changed: store/ingest.py"
        await one.press(pilot, "enter", "y", "escape")
        assert one.posted(CopyWanted) == 1, "nothing was chosen"


async def test_y_on_a_session_begins_with_its_newest_turn() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "y")
        assert any("turn 6" in line for line in one.text("copy-list"))
        await one.press(pilot, "i")
        assert one.text("footer") == [" copied: session id"]


async def test_a_session_that_is_read_too_late_opens_no_menu() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H")
        history(one)._do_copy()
        history(one)._do_down()
        await one.settle(pilot)
        assert one.app.screen is history(one)


async def test_a_click_chooses_and_a_second_one_opens() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H")
        await pilot.click("#found", offset=(5, 3))
        await one.settle(pilot)
        assert history(one)._state.cursor == 1
        await pilot.click("#found", offset=(5, 4))
        await one.settle(pilot)
        assert history(one).has_class("-opened")


async def test_a_click_on_the_field_is_a_wish_to_type() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H")
        await pilot.click("#wanted")
        await one.press(pilot, *"lock")
        assert history(one).field.value == "lock"


async def test_help_and_quit_work_here_too() -> None:
    one, _ = started()
    async with one.run() as pilot:
        await one.press(pilot, "H", "question_mark")
        assert isinstance(one.app.screen, HelpSheet)
        await one.press(pilot, "escape")
        assert isinstance(one.app.screen, History)
        await pilot.press("q")
        assert one.app._exit


async def test_letters_are_keys_again_however_the_field_was_left() -> None:
    one, _ = started()
    async with one.run(60, 30) as pilot:
        await one.press(pilot, "H", "slash", *"lock")
        await pilot.click("#found", offset=(5, 4))
        await one.settle(pilot)
        screen = history(one)
        assert (screen.field.typing, screen.has_class("-finding"), one.focus) == (False, False, "found")
        await one.press(pilot, "escape", "escape", "H", "slash", *"lo", "enter", "j")
        assert (screen.field.value, screen._state.cursor) == ("lo", 1)
        # Beside a row; opened by a second click; with nothing found, where the list is hidden.
        await one.press(pilot, "slash")
        await pilot.click("#header")
        await one.press(pilot, "n")
        assert screen.field.value == "lo"
        await one.press(pilot, "slash")
        await pilot.click("#found", offset=(5, 2))
        await pilot.click("#found", offset=(5, 2))
        await one.settle(pilot)
        await one.press(pilot, "j", "escape")
        assert (screen.field.value, one.focus) == ("lo", "found")
        await one.press(pilot, "slash", *" nothing", "enter")
        assert one.focus is None
        await one.press(pilot, "slash", "tab", "x", "escape", "q")
        assert screen.field.value == "lo nothingx"
        assert one.app._exit


async def test_the_fields_line_is_made_of_buttons() -> None:
    one, _ = started()
    async with one.run() as pilot:
        for text in ("to the list", "esc"):
            await one.press(pilot, "H", "slash")
            await pilot.click("#footer", offset=(one.text("footer")[0].index(text) + 1, 0))
            await one.settle(pilot)
            assert not history(one).has_class("-finding")
            await one.press(pilot, "escape")
