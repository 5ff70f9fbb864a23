"""Help is the catalogue, with why something does nothing now."""

from __future__ import annotations

import pytest

from tests.tui import sample
from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.actions import CATALOGUE, GROUPS
from tui.keymap import DEFAULT, Keymap, keymap
from tui.lines import text_of, width_of
from tui.look import Look
from tui.moment import HistoryMoment, Moment
from tui.screens.help import HelpSheet, help_lines, whole_rows

MOMENT = Moment(sample.BOARD, sample.API, sample.NOW, has_history=True, has_days=True)
INNER = 26
"""Cells inside the sheet on a screen of thirty."""


def text(moment: Moment = MOMENT, width: int = 60, chosen: Keymap = DEFAULT) -> list[str]:
    """The help's lines."""
    return [text_of(line) for line in help_lines(chosen, moment, width)]


def test_every_action_stands_in_its_group_with_its_keys() -> None:
    lines = text()
    heads = [lines.index(group) for group in GROUPS]
    assert heads == sorted(heads)
    for action in CATALOGUE:
        line = next(line for line in lines if line[6:] == action.help)
        assert line.startswith(DEFAULT.listed(action.name))
        assert heads[GROUPS.index(action.group)] < lines.index(line)


@pytest.mark.parametrize("width", range(INNER, 61))
def test_every_line_fits(width: int) -> None:
    for moment in (MOMENT, MOMENT._replace(history=HistoryMoment(3)), Moment(sample.NO_KEEPER, None, 0.0)):
        assert max(map(width_of, help_lines(DEFAULT, moment, width))) <= width


def test_what_does_not_apply_says_why_once_for_several_in_a_row() -> None:
    lines = text()
    at = lines.index("in the history")
    assert [line.split()[0] for line in lines[at + 1 : at + 4]] == ["n", "N", "e"]
    assert lines[at + 4] == "      not now: in the history only, H opens it"
    assert "      not now: a keeper runs already" in lines
    here = text(MOMENT._replace(history=HistoryMoment(3, searched=True)))
    assert "      not now: in the history only, H opens it" not in here
    assert here.count("      not now: open sessions only, esc goes back") == 3


def test_it_follows_the_keys_in_force() -> None:
    chosen = keymap({"history": ("ctrl+t",), "ping": (), "up": ("shift+right", "K"), "keeper": ("k",)})
    lines = text(MOMENT._replace(keys=chosen.first()), chosen=chosen)
    assert "^t    all sessions, full text" in lines
    assert "      send one ping now" in lines
    assert "s-→ K up" in lines
    assert "      not now: in the history only, ^t opens it" in lines


def test_a_terminal_without_unicode_reads_no_arrow() -> None:
    lines = help_lines(DEFAULT, MOMENT, 60, ascii_only=True)
    keys = [line[0].text for line in lines if line]
    assert "up k  " in keys
    assert not any("↑" in key or "↵" in key for key in keys)


def test_no_heading_stands_alone_at_the_end_of_what_is_seen_first() -> None:
    lines = help_lines(DEFAULT, MOMENT, 60)
    for rows in range(3, len(lines) + 3):
        seen = whole_rows(lines, rows)
        assert 3 <= seen <= rows
        assert seen == 3 or rows >= len(lines) or text_of(lines[seen - 1]).strip() not in {"", "marks", *GROUPS}


async def test_it_scrolls_to_its_end_where_the_screen_is_small() -> None:
    one = Running(history=SampleHistory())
    async with one.run(30, 15) as pilot:
        await one.press(pilot, "?", "j", "j")
        assert one.text("help-lines")[0].startswith("tab ]")
        assert one.text("sheet-keys") == ["esc close  ↑ ↓ scroll"]
        await one.press(pilot, "end")
        assert one.text("help-lines")[-1].startswith("█     written to the")
        await one.press(pilot, "home", "pagedown")
        assert one.text("help-lines")[0] != "this session"


@pytest.mark.parametrize("key", ["escape", "?", "enter", "q"])
async def test_it_closes_and_orders_nothing(key: str) -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "?", "p", "h")
        assert isinstance(one.app.screen, HelpSheet)
        await one.press(pilot, key)
        assert one.on_board
        assert (one.commands.pings, one.commands.modes) == ([], [])


async def test_it_opens_and_closes_by_the_keys_in_force() -> None:
    one = Running(keymap=keymap({"help": ("f1",), "quit": ("ctrl+x",)}), look=Look(zone=sample.ZONE))
    async with one.run() as pilot:
        await one.press(pilot, "f1")
        assert isinstance(one.app.screen, HelpSheet)
        await one.press(pilot, "?", "q")
        assert isinstance(one.app.screen, HelpSheet), "no key of anything now"
        await one.press(pilot, "f1")
        assert one.on_board
