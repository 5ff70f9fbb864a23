"""The ledger's screen: spans by key and mouse, what is read and when, and that nothing it reads can end it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace
from textual.app import App
from textual.pilot import Pilot

import tui
from keepalive.clock import ManualClock
from store.ledger_cells import local_date
from store.ledger_models import DayLedger
from tests.tui import sample
from tests.tui.days_sample import LEDGER, SampleDays
from tui.day_view import SETTING, SPANS
from tui.lines import text_of, width_of
from tui.look import Look
from tui.moment import Moment
from tui.screens.days import Days, SpanTabs, tabs
from tui.screens.help import HelpSheet
from tui.themes import ANSI, DARK, THEMES
from tui.widgets.line_view import PAINTS, LineView

NOON = 1_795_521_600.0
"""2026-11-24 12:00 UTC."""
BOARD = Moment(sample.BOARD, sample.API, NOON, has_days=True)
"""Of the board behind it."""


class Shell(App[None]):
    """An app around the screen alone."""

    CSS_PATH = Path(tui.__file__).with_name("app.tcss")
    COMPONENT_CLASSES: ClassVar[set[str]] = set(PAINTS)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (45, "-normal"), (90, "-wide")]  # noqa: RUF012

    def __init__(self, theme: str = DARK, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.feed, self.clock = SampleDays(), ManualClock(NOON)
        today = local_date(NOON)
        self.feed.by_days = {days: replace(ledger, today=today) for days, ledger in self.feed.by_days.items()}
        self.days = Days(self.feed, lambda: BOARD, self.clock, Look(theme=theme, ascii_only=ascii_only))
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "#9a9187"}

    def on_mount(self) -> None:
        self.install_screen(self.days, "days")
        self.push_screen("days")

    @asynccontextmanager
    async def shown(self, width: int = 60, height: int = 30) -> AsyncIterator[Pilot[None]]:
        async with self.run_test(size=(width, height)) as pilot:
            await self.settle(pilot)
            yield pilot

    async def settle(self, pilot: Pilot[None]) -> None:
        for _ in range(3):
            await self.workers.wait_for_complete()
            await pilot.pause()

    async def press(self, pilot: Pilot[None], *keys: str) -> None:
        await pilot.press(*keys)
        await self.settle(pilot)

    async def look(self, pilot: Pilot[None]) -> None:
        """Let the screen ask its feed now."""
        self.days.look_again()
        await self.settle(pilot)

    def text(self, name: str = "page") -> list[str]:
        view = self.days.query_one(f"#{name}", LineView)
        return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def test_it_opens_with_a_week() -> None:
    one = Shell()
    async with one.shown():
        assert one.feed.asked == [7]
        assert one.text("header") == [" ━╸ ledger"]
        assert one.text("spans") == [
            " today   7 days   30 days   all",
            " ────────━━━━━━" + "─" * 44,
        ]
        assert one.text()[1] == " +$10.50 net   Saved $12.40 with $1.90 of pings in 7 days"
        assert one.text("footer") == [" esc back  tab next tab  q quit  ^p palette          ? help"]


@pytest.mark.parametrize(("size", "first"), [((30, 15), 0), ((36, 30), 1), ((60, 30), 1), ((120, 40), 1)])
async def test_at_every_width(size: tuple[int, int], first: int) -> None:
    one = Shell()
    async with one.shown(*size):
        assert one.text()[first].startswith(" +$10.50 net")
        assert one.days.query_one("#header").display is (size[1] >= 20)
        assert max(map(len, one.text())) <= size[0]
        assert one.text("footer")[0].startswith(" esc back  tab next tab" if size[0] > 30 else " esc back  ? more")


async def test_keys_choose_the_span_and_stop_at_its_ends() -> None:
    one = Shell()
    async with one.shown() as pilot:
        await one.press(pilot, "right_square_bracket")
        assert one.feed.asked == [7, 30]
        await one.press(pilot, "right", "tab", "right_square_bracket")
        assert one.feed.asked == [7, 30, None]
        await one.press(pilot, "left", "shift+tab", "left_square_bracket", "left")
        assert one.feed.asked == [7, 30, None, 1], "what was read is not read again while nothing changes"
        assert "━━━━━" in one.text("spans")[1][:7]
        assert one.text()[1] == " +$7.36 net   Saved $7.60 with $0.24 of pings today"


@pytest.mark.parametrize("width", [36, 60])
async def test_a_click_chooses_the_span(width: int) -> None:
    one = Shell()
    async with one.shown(width) as pilot:
        names = text_of(tabs(SPANS[1], width)[0])
        for name, asked in (("all", None), ("30 days", 30), ("today", 1)):
            await pilot.click(SpanTabs, offset=(names.index(name) + 1, 0))
            await one.settle(pilot)
            assert one.feed.asked[-1] == asked


@pytest.mark.parametrize("width", [30, 36, 60, 120])
def test_the_spans_fit(width: int) -> None:
    for span in SPANS:
        assert max(map(width_of, tabs(span, width))) < width


async def test_it_reads_again_when_the_store_or_the_day_has_changed() -> None:
    one = Shell()
    async with one.shown() as pilot:
        await one.look(pilot)
        assert one.feed.asked == [7]
        one.feed.number = 2
        one.feed.by_days[7] = replace(LEDGER, today=local_date(NOON), hour_less_usd=None)
        await one.look(pilot)
        assert one.feed.asked == [7, 7]
        assert SETTING not in "".join(one.text())
        one.clock.advance(86_400.0)
        await one.look(pilot)
        assert one.feed.asked == [7, 7, 7]


async def test_a_long_reading_is_followed_by_a_longer_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Shell()
    async with one.shown() as pilot:
        read = one.feed.days

        def slowly(days: int | None) -> DayLedger:
            one.clock.advance(2.0)
            return read(days)

        monkeypatch.setattr(one.feed, "days", slowly)
        one.feed.number = 2
        await one.look(pilot)
        one.feed.number = 3
        one.clock.advance(19.0)
        await one.look(pilot)
        assert one.feed.asked == [7, 7]
        await one.press(pilot, "right")
        assert one.feed.asked == [7, 7, 30], "another span is read at once"
        await one.press(pilot, "left")
        one.clock.advance(20.0)
        await one.look(pilot)
        assert one.feed.asked == [7, 7, 30, 7]


async def test_what_cannot_be_read_is_one_line_and_the_page_stays() -> None:
    one = Shell()
    async with one.shown() as pilot:
        one.feed.fails, one.feed.number = OSError("the store is locked\x1b[31m"), 2
        await one.look(pilot)
        (said,) = one.text("footer")
        assert said.startswith(" the store is locked")
        assert "\x1b" not in said
        assert one.text()[1].startswith(" +$10.50 net")
        one.feed.fails = None
        await one.look(pilot)
        assert one.feed.asked == [7, 7, 7]


async def test_without_anything_read_the_page_says_why() -> None:
    one = Shell()
    one.feed.fails = OSError("no store here")
    async with one.shown():
        assert one.text()[1] == " no store here"


async def test_a_feed_that_does_not_answer_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Shell()

    def gone() -> int:
        raise OSError("gone")

    async with one.shown() as pilot:
        monkeypatch.setattr(one.feed, "version", gone)
        await one.look(pilot)
        assert one.text("footer") == [" gone"]
        assert one.text()[1].startswith(" +$10.50 net")


async def test_keys_scroll() -> None:
    one = Shell()
    async with one.shown(36, 20) as pilot:
        page = one.days.query_one("#page", LineView)
        await one.press(pilot, "j", "j", "down")
        assert page.scroll_offset.y == 3
        await one.press(pilot, "k")
        assert page.scroll_offset.y == 2
        await one.press(pilot, "end")
        assert page.scroll_offset.y == page.line_count - page.size.height
        await one.press(pilot, "pageup")
        assert page.scroll_offset.y == page.line_count - 2 * page.size.height + 1
        await one.press(pilot, "home")
        assert page.scroll_offset.y == 0
        await one.press(pilot, "j", "right")
        assert page.scroll_offset.y == 0, "another span begins at its top"


async def test_it_goes_back_and_comes_back_as_it_was_left() -> None:
    one = Shell()
    async with one.shown() as pilot:
        await one.press(pilot, "right")
        await one.press(pilot, "escape")
        assert one.screen is not one.days
        one.feed.number = 2
        await one.look(pilot)
        assert one.feed.asked == [7, 30], "nobody looks"
        await one.push_screen("days")
        await one.settle(pilot)
        assert one.feed.asked == [7, 30, 30]


async def test_help_stands_over_it() -> None:
    one = Shell()
    async with one.shown() as pilot:
        await one.press(pilot, "question_mark")
        assert [type(screen) for screen in one.screen_stack[1:]] == [Days, HelpSheet]
        await one.press(pilot, "escape")
        assert [type(screen) for screen in one.screen_stack[1:]] == [Days]


async def test_it_follows_the_window() -> None:
    one = Shell()
    async with one.shown(120, 40) as pilot:
        assert any("what came of it" in row and row.startswith(" day") for row in one.text())
        await pilot.resize_terminal(36, 15)
        await one.settle(pilot)
        assert one.text()[:2] == [" +$10.50 net in 7 days", " Saved $12.40 with $1.90 of pings"]
        await pilot.resize_terminal(60, 30)
        await one.settle(pilot)
        assert one.text()[1].startswith(" +$10.50 net   Saved")


async def test_few_colours_and_no_unicode_are_drawn_by_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    for theme, no_colour, legend in ((DARK, False, "█ spent"), (ANSI, False, "░ spent"), (DARK, True, "░ spent")):
        if no_colour:
            monkeypatch.setenv("NO_COLOR", "1")
        one = Shell(theme)
        async with one.shown(60, 40):
            assert legend in "\n".join(one.text())
    one = Shell(ascii_only=True)
    async with one.shown(60, 40):
        assert "\n".join([*one.text(), *one.text("spans"), *one.text("footer"), *one.text("header")]).isascii()
