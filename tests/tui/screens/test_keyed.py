"""The catalogue is the only way from a key to what it does."""

from __future__ import annotations

from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.actions import CATALOGUE
from tui.screens.history import History
from tui.screens.main import MainScreen


def test_both_screens_can_do_everything_that_is_offered() -> None:
    history_only = {"next_hit", "hit_before", "export", "copy"}
    board_only = {"budget", "ping", "hold", "off"}
    for action in CATALOGUE:
        assert hasattr(MainScreen, f"_do_{action.name}") or action.name in history_only
        assert hasattr(History, f"_do_{action.name}") or action.name in board_only | {"order"}


async def test_what_does_not_apply_says_why() -> None:
    one = Running(history=SampleHistory())
    async with one.run() as pilot:
        await one.press(pilot, "n")
        assert one.text("footer") == [" in the history only, H opens it"]
        await one.press(pilot, "H", "p")
        assert one.text("footer") == [" on the board only, esc goes back"]
        await one.press(pilot, "y")
        assert one.text("footer") == [" find a turn first, / searches"]
        await one.press(pilot, "H")
        assert one.text("footer") == [" this is the history, esc goes back"]


async def test_the_palette_offers_what_applies_on_the_screen_that_has_the_keys() -> None:
    one = Running(history=SampleHistory())
    async with one.run() as pilot:
        board = {command.title for command in one.app.get_system_commands(one.app.screen)}
        assert "history" in board
        assert "export" not in board
        await one.press(pilot, "H")
        history = {command.title for command in one.app.get_system_commands(one.app.screen)}
        assert {"open", "find", "export", "help"} <= history
        assert not history & {"history", "ping", "budget"}


async def test_without_a_store_there_is_no_history() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "H")
        assert one.on_board
        assert one.text("footer") == [" no store to look into"]
