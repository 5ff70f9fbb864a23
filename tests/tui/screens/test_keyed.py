"""The catalogue is the only way from a key to what it does."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette

from tests.tui import sample
from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.actions import CATALOGUE
from tui.board_order import Order
from tui.keymap import keymap
from tui.look import Look
from tui.moment import HistoryMoment, Moment
from tui.screens.budget import BudgetSheet
from tui.screens.days import Days
from tui.screens.history import History
from tui.screens.keyed import KeyedScreen
from tui.screens.main import MainScreen

BOARD = Moment(sample.BOARD, sample.API, sample.NOW, has_history=True, has_days=True)


@pytest.mark.parametrize(
    ("screen", "moment", "never"),
    [
        (MainScreen, BOARD, {"next_hit", "hit_before", "export"}),
        (
            History,
            BOARD._replace(history=HistoryMoment(4, searched=True, opened=True)),
            {"open", "budget", "ping", "hold", "off", "jump", "sort", "history", "days"},
        ),
        (
            Days,
            BOARD._replace(days=True),
            {"open", "budget", "ping", "hold", "off", "jump", "copy", "find", "sort", "history", "days"}
            | {"next_hit", "hit_before", "export"},
        ),
    ],
)
def test_every_screen_can_do_what_is_offered_on_it(screen: type[KeyedScreen], moment: Moment, never: set[str]) -> None:
    for action in CATALOGUE:
        if action.name in never:
            assert action.reason_not(moment), action.name
        else:
            assert hasattr(screen, f"_do_{action.name}"), action.name
    assert hasattr(History, "_do_open")


async def test_what_does_not_apply_says_why() -> None:
    one = Running(history=SampleHistory())
    async with one.run() as pilot:
        await one.press(pilot, "n")
        assert one.text("footer") == [" in the history only, H opens it"]
        await one.press(pilot, "H", "p")
        assert one.text("footer") == [" open sessions only, esc goes back"]
        await one.press(pilot, "n")
        assert one.text("footer") == [" find a turn first, / searches"]
        await one.press(pilot, "H")
        assert one.text("footer") == [" this is the history, esc goes back"]


async def test_the_keys_in_force_are_the_only_ones_and_are_the_ones_shown() -> None:
    chosen = keymap({"history": ("ctrl+t", "f5"), "ping": ("P",), "open": ("right",), "tab": ("tab",)})
    one = Running(history=SampleHistory(), keymap=chosen)
    async with one.run() as pilot:
        assert one.text("footer") == [" → open  b budget  P ping  ? more"]
        await one.press(pilot, "n")
        assert one.text("footer") == [" in the history only, ^t opens it"]
        await one.press(pilot, "H", "p", "enter")
        assert one.on_board
        assert one.commands.pings == []
        await one.press(pilot, "P")
        assert one.commands.pings == ["api-refactor"]
        commands = {command.title: command.help for command in one.app.get_system_commands(one.app.screen)}
        assert (commands["ping"], commands["history"]) == ("P  send one ping now", "^t  all sessions, full text")
        await one.press(pilot, "f5")
        assert isinstance(one.app.screen, History)
        await one.press(pilot, "right")
        assert one.app.screen.has_class("-opened")


async def test_a_terminal_without_unicode_is_shown_names() -> None:
    one = Running(keymap=keymap({"open": ("enter",)}), look=Look(zone=sample.ZONE, ascii_only=True))
    async with one.run() as pilot:
        assert one.text("footer") == [" enter open  b budget  ? more"]
        await one.press(pilot, "enter")
        assert one.text("footer")[0].startswith(" esc back  tab next tab")


async def test_what_has_no_key_is_still_in_the_palette() -> None:
    one = Running(keymap=keymap({"budget": ()}))
    async with one.run() as pilot:
        assert "budget" not in one.text("footer")[0]
        commands = {command.title: command for command in one.app.get_system_commands(one.app.screen)}
        assert commands["budget"].help == "mode, pings, money, until"
        commands["budget"].callback()
        await one.settle(pilot)
        assert isinstance(one.app.screen, BudgetSheet)


@pytest.mark.parametrize("size", [(36, 30), (120, 40), (30, 15)])
async def test_the_palette_opens_finds_and_does(size: tuple[int, int]) -> None:
    one = Running()
    async with one.run(*size) as pilot:
        await one.press(pilot, "ctrl+p")
        assert isinstance(one.app.screen, CommandPalette)
        await pilot.press(*"sort")
        await one.settle(pilot)
        await pilot.press("enter")
        await one.settle(pilot)
        assert one.on_board
        assert one.app.state.order is Order.AGE


async def test_the_palette_has_a_key_of_the_persons_and_no_other() -> None:
    one = Running(keymap=keymap({"palette": (":",)}))
    async with one.run() as pilot:
        await one.press(pilot, "ctrl+p")
        assert not isinstance(one.app.screen, CommandPalette)
        await one.press(pilot, ":")
        assert isinstance(one.app.screen, CommandPalette)


async def test_no_palette_over_a_sheet() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "?", "ctrl+p")
        assert not isinstance(one.app.screen, CommandPalette)


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
