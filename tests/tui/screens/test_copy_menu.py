"""The menu of what can be copied: a key or Enter returns the thing, Esc nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from store.models import FailedCommand, FileChange, SessionView, TurnView
from tests.tui import sample
from tests.tui.running import Running
from tui.copying import Copyable
from tui.lines import text_of, width_of
from tui.look import Look
from tui.screens.copy_menu import CopyList, CopyMenu, item_line, turn_line
from tui.themes import DARK

TURNS = (replace(sample.TURN, memory="M store/ingest.py"), *sample.TURNS[1:3])


@dataclass
class Menu:
    """An app with the menu open over its board."""

    one: Running
    pilot: Pilot[None]
    returned: list[Copyable | None] = field(default_factory=list)

    async def press(self, *keys: str) -> None:
        await self.one.press(self.pilot, *keys)

    @property
    def rows(self) -> list[str]:
        return self.one.text("copy-list")

    @property
    def cursor(self) -> str:
        """The row that is selected, without its edge."""
        (row,) = [row[1:] for row in self.rows if row[:1] in ("▌", "|")]
        return row

    @property
    def chosen(self) -> Copyable:
        """What it returned."""
        (item,) = self.returned
        assert item is not None
        return item


@asynccontextmanager
async def opened(
    width: int = 36,
    height: int = 40,
    *,
    turns: Sequence[TurnView] = TURNS,
    session: SessionView = sample.API,
    name: str = "api-refactor",
    at: int = 0,
    ascii_only: bool = False,
) -> AsyncIterator[Menu]:
    one = Running(look=Look(zone=sample.ZONE, theme=DARK, ascii_only=ascii_only))
    async with one.run(width, height) as pilot:
        menu = Menu(one, pilot)
        one.app.push_screen(CopyMenu(session, name, turns, one.look, at=at), menu.returned.append)
        await one.settle(pilot)
        yield menu


async def test_it_lists_the_sessions_own_things_then_those_of_the_newest_turn() -> None:
    async with opened() as menu:
        assert menu.rows == [
            "▌i id      api-refactor",
            " d folder  …/src/api-refactor",
            " b brief   for a fresh session",
            "",
            " turn 14 ─────────────── h older",
            " a answer  The split is done. O…",
            " m memory  3 files, 1 failed",
            " f files   all 3 paths",
            " 1 file    store/ingest.py     M",
            " 2 file    tui/app.py          M",
            " 3 file    …/test_ingest.py    A",
            " 4 command pytest -q tes… exit 1",
        ]
        assert menu.one.text("sheet-keys") == [" ↵ copy  esc close"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("i", "api-refactor"),
        ("m", "M store/ingest.py"),
        ("2", "/home/sam/src/api-refactor/tui/app.py"),
        ("4", "pytest -q tests/store"),
        ("b", ""),
    ],
)
async def test_a_things_key_returns_it(key: str, text: str) -> None:
    async with opened() as menu:
        await menu.press(key)
        assert (menu.chosen.key, menu.chosen.text) == (key, text)
        assert menu.one.on_board


async def test_enter_returns_what_is_selected_and_the_cursor_stops_at_the_ends() -> None:
    async with opened() as menu:
        await menu.press("k")
        assert menu.cursor.startswith("i id")
        await menu.press("j", "down", "j")
        assert menu.cursor.startswith("a answer"), "over the line between"
        await menu.press("end", "j")
        assert menu.cursor.startswith("4 command")
        await menu.press("up", "enter")
        assert menu.chosen.key == "3"


@pytest.mark.parametrize("key", ["escape", "q", "y"])
async def test_it_closes_without_anything(key: str) -> None:
    async with opened() as menu:
        await menu.press("j", "x", key)
        assert menu.returned == [None]
        assert menu.one.on_board


async def test_h_and_l_turn_over_and_the_cursor_stays_at_its_kind() -> None:
    async with opened(60) as menu:
        height = menu.one.app.screen.query_one("#sheet").size.height
        await menu.press("l", "f5", "j", "j", "j", "h")
        assert menu.rows[4].startswith(" turn 13 ")
        assert menu.rows[4].endswith(" h older · l newer")
        assert menu.cursor.startswith("a answer  The lock now belongs")
        await menu.press("left", "left")
        assert menu.rows[4].startswith(" turn 12 ")
        assert menu.rows[4].endswith("─ l newer")
        assert menu.rows[6:] == [""] * (len(menu.rows) - 6)
        assert menu.one.app.screen.query_one("#sheet").size.height == height
        await menu.press("right", "enter")
        assert menu.chosen.text == TURNS[1].answer


async def test_it_begins_with_the_turn_it_is_opened_at() -> None:
    async with opened(at=1) as menu:
        assert menu.rows[4].startswith(" turn 13 ")


async def test_a_turn_without_anything_says_so() -> None:
    async with opened(turns=(TurnView(n=1), *TURNS)) as menu:
        assert menu.rows[4].startswith(" turn 1 ")
        assert menu.rows[5] == " it left nothing to copy"
        await menu.press("end")
        assert menu.cursor.startswith("b brief")
        await menu.press("a", "h", "end", "h", "l", "l")
        assert menu.returned == []
        assert menu.cursor.startswith("b brief"), "the last one there is"


async def test_without_turns_it_has_what_is_the_sessions() -> None:
    async with opened(turns=()) as menu:
        await menu.press("h", "l", "end")
        assert [row[1:2] for row in menu.rows] == ["i", "d", "b"]
        assert menu.cursor.startswith("b brief")


async def test_a_click_chooses_and_one_on_the_line_between_does_not() -> None:
    async with opened() as menu:
        await menu.pilot.click(CopyList, offset=(5, 4))
        await menu.one.settle(menu.pilot)
        assert menu.returned == []
        await menu.pilot.click(CopyList, offset=(5, 9))
        await menu.one.settle(menu.pilot)
        assert menu.chosen.key == "2"


async def test_a_click_on_the_keys_of_that_line_turns_over() -> None:
    async with opened() as menu:
        for word, number in (("older", 13), ("newer", 14)):
            at = menu.rows[4].index(word)
            await menu.pilot.click("#copy-list", offset=(at + 1, 4))
            await menu.one.settle(menu.pilot)
            assert menu.rows[4].startswith(f" turn {number} ")
        await menu.pilot.click("#copy-list", offset=(3, 4))
        assert menu.rows[4].startswith(" turn 14 ")


async def test_a_low_screen_scrolls_with_the_cursor_and_follows_its_size() -> None:
    async with opened(30, 15) as menu:
        assert len(menu.rows) == 6
        assert menu.rows[0].startswith("▌i")
        await menu.press("end")
        assert menu.rows[-1] == "▌4 command pytest -q test…"
        sheet = menu.one.app.screen.query_one("#sheet").region
        assert sheet.y >= 0
        assert sheet.bottom <= 15
        await menu.press("home")
        assert menu.rows[0].startswith("▌i")
        await menu.pilot.resize_terminal(100, 40)
        await menu.one.settle(menu.pilot)
        assert len(menu.rows) == 12


async def test_what_is_listed_acts_on_nothing() -> None:
    hostile = TurnView(
        n=1,
        answer="[bold]x[/] \x1b[31mred",
        files_changed=(FileChange(path="[@click=app.quit]a\x1b]0;t\x07\nb", kind="A"),),
        failed_commands=(FailedCommand(command="\x9b2J\x00[link=x]ls", exit_code=1),),
    )
    async with opened(60, turns=(hostile,), name="[red]n\x1b") as menu:
        assert [row.split() for row in menu.rows[5:8]] == [
            ["a", "answer", "[bold]x[/]", "red"],
            ["1", "file", "[@click=app.quit]a", "b", "A"],
            ["2", "command", "[link=x]ls", "exit", "1"],
        ]
        assert str(menu.one.app.screen.query_one("#sheet").border_title) == r"copy · \[red]n"


async def test_without_unicode_its_own_marks_are_letters() -> None:
    async with opened(ascii_only=True) as menu:
        assert menu.rows[0].startswith("|i")
        assert all(row.isascii() for row in (*menu.rows, *menu.one.text("sheet-keys")))
        assert str(menu.one.app.screen.query_one("#sheet").border_title) == "copy - api-refactor"


@pytest.mark.parametrize("width", range(12, 70))
def test_lines_fit(width: int) -> None:
    item = Copyable("1", "file", "store/漢字/" + "x" * 60, "", "path", "M")
    command = Copyable("2", "command", "x" * 90, "", "failed command", "exit 127")
    for line in (item_line(item, width), item_line(command, width)):
        assert width_of(line) <= width
    if width >= 28:
        assert width_of(turn_line(1234, width, older=True, newer=True)) <= width
    assert text_of(turn_line(1, 20, older=False, newer=False)) == "turn 1 " + "─" * 13


async def test_from_a_narrow_board_older_turns_come_after_it_has_opened() -> None:
    """The board itself reads the newest turn alone."""
    one = Running()
    async with one.run(36, 40) as pilot:
        await one.press(pilot, "y")
        assert isinstance(one.app.screen, CopyMenu)
        assert any(line.endswith(" h older") for line in one.text("copy-list"))
        await one.press(pilot, "h")
        assert any(" turn 13 " in line for line in one.text("copy-list"))
        one.app.main.turns_read(sample.API.id, one.feed.turns[:1])
        assert any(" turn 13 " in line for line in one.text("copy-list")), "fewer turns change nothing"
