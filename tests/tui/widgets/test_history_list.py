"""A list of any length: only what is in view is drawn, asked for and said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import ClassVar

from msgspec.structs import replace
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from store.history import Overview, Place
from tests.tui.history_sample import DAY, HITS, PLACES
from tests.tui.sample import NOW
from tui.history_query import Query, read
from tui.history_state import HistoryState, Results
from tui.widgets.history_list import AHEAD, HistoryList
from tui.widgets.line_view import PAINTS

MANY = tuple(Place(f"s{n}", NOW - n * DAY / 5) for n in range(1_000))
LOCK = read("lock", Overview(), NOW, UTC)


class Listing(App[None]):
    """The list alone, twelve lines high."""

    CSS_PATH = None
    COMPONENT_CLASSES: ClassVar[set[str]] = set(PAINTS)

    def __init__(self, results: Results) -> None:
        super().__init__()
        self.state = HistoryState()
        self.state.show(results, afresh=True)
        self.rows = HistoryList(self.state, lambda: NOW, UTC, id="found", ascii_only=False)

    def compose(self) -> ComposeResult:
        yield self.rows

    def on_mount(self) -> None:
        self.rows.styles.height = 12
        self.rows.lay_out(roomy=False)

    def text(self) -> list[str]:
        """What is in view."""
        return [self.rows.render_line(y).text.rstrip() for y in range(12)]


@asynccontextmanager
async def shown(results: Results) -> AsyncIterator[tuple[Listing, Pilot[None], list[Message]]]:
    app, messages = Listing(results), list[Message]()
    async with app.run_test(size=(40, 14), message_hook=messages.append) as pilot:
        await pilot.pause()
        yield app, pilot, messages


def asked(messages: list[Message]) -> list[str]:
    """Sessions that were asked for last."""
    return list([event.ids for event in messages if isinstance(event, HistoryList.InView)][-1])


async def test_only_what_is_in_view_is_asked_for() -> None:
    async with shown(Results(Query(), MANY)) as (app, pilot, messages):
        first = asked(messages)
        assert first[0] == "s0"
        assert len(first) < 12 // 2 + AHEAD + 2
        app.state.move(500)
        app.rows.show_cursor()
        await pilot.pause()
        last = asked(messages)
        assert "s500" in last
        assert len(last) < 12 // 2 + 2 * AHEAD + 2


async def test_the_cursor_stays_in_view_and_brings_its_days_name() -> None:
    async with shown(Results(Query(), MANY)) as (app, pilot, _):
        for step in (7, 1, 300, -305, 999, -999):
            app.state.move(step)
            app.rows.show_cursor()
            await pilot.pause()
            lines = [line for line in app.text() if line.startswith("▌")]
            assert len(lines) == 2, step
        assert app.text()[0].startswith(" today ")


async def test_the_end_of_what_was_found_is_said() -> None:
    hits = tuple(replace(HITS[0], turn=n) for n in range(40))
    async with shown(Results(LOCK, hits=hits, limit=40)) as (app, pilot, messages):
        assert not any(isinstance(event, HistoryList.NearEnd) for event in messages)
        app.state.move(39)
        app.rows.show_cursor()
        await pilot.pause()
        assert any(isinstance(event, HistoryList.NearEnd) for event in messages)


async def test_a_click_names_its_row_and_a_days_name_is_no_row() -> None:
    async with shown(Results(Query(), PLACES)) as (_, pilot, messages):
        await pilot.click("#found", offset=(3, 0))
        await pilot.click("#found", offset=(3, 4))
        clicked = {id(event): event.row for event in messages if isinstance(event, HistoryList.Clicked)}
        assert list(clicked.values()) == [1]


async def test_an_empty_list_is_blank() -> None:
    async with shown(Results()) as (app, _, messages):
        assert app.text() == [""] * 12
        assert not any(isinstance(event, HistoryList.InView | HistoryList.NearEnd) for event in messages)
