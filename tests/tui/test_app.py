"""The app: what it reads, what it orders, and that nothing makes it die."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest
from msgspec.structs import replace

from keepalive.config import NotifyConfig
from store.models import BudgetMode, Status, WaitingFor
from tests.tui import sample
from tests.tui.running import Running
from tui.app import WarmsideApp
from tui.look import Look
from tui.messages import BoardRead, CommandDone, CommandFailed, FeedFailed, TurnsRead
from tui.orders import ModeWanted
from tui.widgets.footer_bar import FooterBar


async def test_the_first_board_and_turn_are_read_at_the_start() -> None:
    one = Running()
    async with one.run():
        assert one.posted(BoardRead) == 1
        assert one.posted(TurnsRead) >= 1
        assert one.text("list")[1] == "▌● api-refactor       $2.41    0:48"
        assert one.text("detail")[2] == " Answer by 14:32 or pay $2.41"


async def test_the_board_is_read_again_only_when_its_version_changed() -> None:
    one = Running()
    async with one.run() as pilot:
        reads = one.feed.reads
        await one.poll(pilot)
        assert one.feed.reads == reads
        one.feed.show(replace(sample.BOARD, sessions=(sample.ETL,)))
        await one.poll(pilot)
        assert one.feed.reads == reads + 1
        assert one.app.state.ids == ("etl-nightly",)


async def test_a_broken_feed_is_one_line_and_the_board_stays() -> None:
    one = Running()
    async with one.run() as pilot:
        one.feed.broken = RuntimeError("database is locked\nby somebody")
        one.feed.show(sample.BOARD)
        await one.poll(pilot)
        assert one.posted(FeedFailed) >= 1
        assert one.text("footer") == [" database is locked by somebody"]
        assert len(one.app.state.ids) == 8
        one.feed.broken = None
        await one.poll(pilot)
        assert one.posted(BoardRead) == 2


async def test_a_version_that_raises_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Running()
    async with one.run() as pilot:

        def broken() -> int:
            raise OSError("no store")

        monkeypatch.setattr(one.feed, "version", broken)
        await one.poll(pilot)
        assert one.app.main.query_one(FooterBar).said == "no store"


async def test_a_turn_that_cannot_be_read_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Running()
    async with one.run() as pilot:

        def broken(session_id: str) -> None:
            raise OSError("torn page")

        monkeypatch.setattr(one.feed, "latest_turn", broken)
        await one.press(pilot, "j")
        assert one.text("footer") == [" torn page"]
        monkeypatch.undo()
        await one.press(pilot, "j")
        assert one.text("detail")[1].startswith("─ turn 14")


async def test_hold_and_off_are_ordered_and_said() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "h")
        assert one.commands.modes == [("api-refactor", BudgetMode.HOLD, sample.NOW + 7200)]
        assert one.posted(CommandDone) == 1
        assert one.text("footer")[0].startswith(" api-refactor: not held: 3 ping")
        await one.press(pilot, "o")
        assert one.commands.modes[-1] == ("api-refactor", BudgetMode.OFF, None)


async def test_a_ping_is_ordered_or_refused_with_the_reason() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "p")
        assert one.commands.pings == ["api-refactor"]
        assert one.text("footer") == [" api-refactor: ping hit, warm again"]
        keep, cache = sample.API.keepalive, replace(sample.API.cache, expires_at=sample.NOW + 300)
        keep = replace(keep, pings=keep.pings + 1, usd=(keep.usd or 0) + 0.12)
        pinged = replace(sample.API, cache=cache, keepalive=keep)
        others = tuple(each for each in sample.BOARD.sessions if each.id != pinged.id)
        one.feed.show(replace(sample.BOARD, sessions=(pinged, *others)))
        await one.poll(pilot)
        assert one.text("footer") == [" api-refactor: pinged for $0.12,", " warm to 14:36"], "as soon as it is read"
        await one.press(pilot, "end", "p")
        assert one.commands.pings == ["api-refactor"]
        assert one.text("footer") == [" prefix changed: nothing to keep"]


async def test_a_failed_command_says_why() -> None:
    one = Running()
    async with one.run() as pilot:
        one.commands.broken = PermissionError("the store is read-only")
        await one.press(pilot, "h")
        assert one.posted(CommandFailed) == 1
        assert one.text("footer") == [" not held: the store is read-only"]


async def test_a_feed_may_fail_before_the_first_board() -> None:
    one = Running()
    one.feed.broken = ValueError("newer store")
    async with one.run():
        assert one.text("footer") == [" newer store"]
        assert one.app.state.ids == ()


async def test_the_palette_offers_what_applies() -> None:
    one = Running()
    async with one.run() as pilot:
        titles = {command.title for command in one.app.get_system_commands(one.app.screen)}
        assert {"open", "budget", "ping", "hold", "help", "quit", "theme"} <= titles
        await one.press(pilot, "end")
        titles = {command.title for command in one.app.get_system_commands(one.app.screen)}
        assert "ping" not in titles


async def test_the_librarys_key_to_leave_names_ours() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "ctrl+c")
        assert one.text("footer") == [" q quits; the keeper goes on"]
        one.feed.show(sample.NO_KEEPER)
        await one.poll(pilot)
        await one.press(pilot, "ctrl+c")
        assert one.text("footer") == [" q quits"]


async def test_a_failure_behind_a_sheet_is_told_when_that_is_gone() -> None:
    one = Running()
    one.commands.broken = sqlite3.OperationalError("database is locked")
    async with one.run() as pilot:
        await one.press(pilot, "b")
        assert not one.on_board
        one.app.main.post_message(ModeWanted("api-refactor", BudgetMode.OFF, None, "off", "api-refactor"))
        await one.settle(pilot)
        one.app.main.query_one(FooterBar).say("")
        await one.press(pilot, "escape")
        await one.poll(pilot)
        assert one.text("footer") == [" not switched off: press o again"]


async def test_quit_leaves() -> None:
    one = Running()
    async with one.run() as pilot:
        await pilot.press("q")
        assert one.app._exit


@pytest.mark.parametrize("theme", ["warmside-ansi", "warmside-ansi-light", "warmside-dark", "warmside-light"])
async def test_every_theme_paints(theme: str) -> None:
    one = Running(look=Look(zone=sample.ZONE, theme=theme))
    async with one.run():
        assert one.text("list")[1].startswith("▌● api-refactor")


@pytest.mark.parametrize("theme", ["warmside-ansi", "warmside-dark"])
async def test_without_colour_no_colour_reaches_the_screen(monkeypatch: pytest.MonkeyPatch, theme: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one = Running(look=Look(zone=sample.ZONE, theme=theme))
    async with one.run():
        segments = [piece for strip in one.app.screen._compositor.render_strips() for piece in strip]
        styles = [segment.style for segment in segments if segment.style is not None]
        colours = [colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None]
        assert colours
        assert all(colour.is_default for colour in colours)
        chips = [segment.style for segment in segments if segment.text == " 0:48 "]
        assert chips
        assert chips[0] is not None
        assert chips[0].reverse


async def test_the_first_board_is_there_before_anything_is_laid_out() -> None:
    one = Running(at_once=True)
    async with one.app.run_test(size=(36, 40), message_hook=one.messages.append) as pilot:
        assert one.app.state.loaded
        assert len(one.app.screen_stack) == 1, "no empty screen below ours"
        await one.settle(pilot)
        assert not [message for message in one.messages if isinstance(message, BoardRead)]
        assert "api-refactor" in "".join(one.text("list"))


async def test_a_first_board_that_cannot_be_read_is_told_by_the_next_look() -> None:
    one = Running(at_once=True)
    one.feed.broken = RuntimeError("the store is locked")
    async with one.run(60, 30) as pilot:
        await one.poll(pilot)
        assert "the store is locked" in one.text("footer")[0]
        one.feed.broken = None
        await one.poll(pilot)
        assert one.app.state.loaded


def test_the_app_loads_nothing_heavy() -> None:
    code = "import sys, tui.app; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.strip("[]\n").replace("'", "").split(", "))
    assert "textual" in loaded
    assert not loaded & {"aiohttp", "anthropic", "apscheduler", "sqlite_utils", "genai_prices", "pydantic"}


class Told:
    """What an app would write to its terminal to tell of something."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, notify: NotifyConfig | None) -> None:
        self.one = Running()
        self.app = self.one.app = WarmsideApp(
            self.one.feed, self.one.commands, self.one.clock, look=self.one.look, notify=notify
        )
        self.bells = 0
        self.written: list[str] = []
        monkeypatch.setattr(self.app, "bell", self._bell)
        monkeypatch.delenv("TMUX", raising=False)

    def _bell(self) -> None:
        self.bells += 1

    async def happen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A running session and another begin to wait."""
        async with self.one.run() as pilot:
            assert self.app._driver is not None
            monkeypatch.setattr(self.app._driver, "write", self.written.append)
            now = {"waiting_for": WaitingFor.YOU, "status": Status.IDLE}
            views = [replace(one, **now) for one in sample.BOARD.sessions]
            self.one.feed.show(replace(sample.BOARD, sessions=tuple(views)))
            await self.one.poll(pilot)
            self.one.clock.advance(2.0)
            for _ in range(3):
                self.app._tick()


async def test_two_that_begin_to_wait_ring_one_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, NotifyConfig())
    await told.happen(monkeypatch)
    assert told.bells == 1
    assert not any("]9;" in text for text in told.written)


async def test_the_desktop_is_told_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, NotifyConfig(bell=False, desktop=True))
    await told.happen(monkeypatch)
    assert told.bells == 0
    said = sorted(text for text in told.written if "]9;" in text)
    assert said == [f"\x1b]9;warmside: {name} waits for you\x07" for name in ("search-index", "web-tests")]


async def test_without_a_wish_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, None)
    await told.happen(monkeypatch)
    assert (told.bells, [text for text in told.written if "]9;" in text]) == (0, [])
