"""Every screen there is, by name: a running app over the samples, the keys that lead there, and what it paints."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import StringIO
from itertools import groupby
from typing import Any

from msgspec.structs import replace
from rich.console import Console
from rich.segment import Segment
from textual.command import Command, CommandList, CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from store.models import BoardView
from tests.tui import cache_sample, ledger_sample, sample
from tests.tui.days_sample import SampleDays
from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.app import WarmsideApp
from tui.look import Look

FIND = ("H", "slash", *"lock", "enter")
SCREENS: dict[str, tuple[str, ...]] = {
    "board": (),
    "folded out": ("end", "enter"),
    "filter": ("slash", *"api"),
    "turns": ("enter",),
    "cache": ("enter", "tab"),
    "ledger": ("enter", "tab", "tab"),
    "budget tab": ("enter", "tab", "tab", "tab"),
    "budget": ("b",),
    "copy": ("y",),
    "help": ("question_mark",),
    "days": ("L",),
    "history": ("H", "j"),
    "found": (*FIND, "j"),
    "typing": ("H", "slash", *"lock"),
    "opened": (*FIND, "enter"),
    "nothing stored": ("H",),
    "palette": ("ctrl+p",),
    "themes": ("ctrl+p", *"theme", "enter"),
    "empty": (),
}
"""Keys from the board on."""
OTHERWISE_WIDE = ("board", "cache", "days", "found")
"""Of them, what is laid out anew where there is room."""
EVERY = (*((name, 40) for name in SCREENS), *((name, 120) for name in OTHERWISE_WIDE), ("board", 160))
"""Each once, and those again."""
LOOK = Look(zone=sample.ZONE)
ROUNDS = 100
"""How often it is looked whether something is there."""
STATES = {"--visible", "--populating"}
"""Of the palette's list."""


class Gallery(Running):
    """An app with everything that can be opened from it."""

    days: SampleDays

    def __post_init__(self) -> None:
        self.days = SampleDays()
        history = self.history = self.history or SampleHistory()
        self.app = WarmsideApp(
            self.feed, self.commands, self.clock, look=self.look, history=lambda: history, days=self.days
        )

    async def go(self, pilot: Pilot[None], name: str) -> None:
        """Press what leads to a screen; a word is typed without waiting for each letter."""
        for is_word, keys in groupby(SCREENS[name], lambda key: len(key) == 1 and key.islower()):
            for batch in [tuple(keys)] if is_word else [(key,) for key in keys]:
                await self.press(pilot, *batch)
                await self._listed(pilot)

    async def _listed(self, pilot: Pilot[None]) -> None:
        """Wait until an open palette lists what matches its field: it looks for that beside everything else."""
        for _ in range(ROUNDS):
            screen = self.app.screen
            if not isinstance(screen, CommandPalette):
                return
            field, found = screen.query_one(Input), screen.query_one(CommandList)
            first = found.options[0] if found.options and found.classes & STATES == {"--visible"} else None
            if isinstance(first, Command) and field.value in str(first.hit.text):
                return
            await self.settle(pilot)
        raise AssertionError("the palette lists nothing that matches")


def gallery(name: str = "board", feed: sample.SampleFeed | None = None, **look: object) -> Gallery:
    """An app that has something to show on every screen; `look` changes the look."""
    if feed is None:
        feed = sample.SampleFeed(BoardView(past_sessions=214) if name == "empty" else sample.BOARD_ENDED)
        feed.history, feed.ledger = cache_sample.HISTORY, ledger_sample.LEDGER
    history = SampleHistory(places=()) if name == "nothing stored" else SampleHistory()
    return Gallery(feed=feed, history=history, look=replace(LOOK, **look))  # (tests name them)


@asynccontextmanager
async def showing(one: Gallery, name: str, width: int, height: int) -> AsyncIterator[Pilot[None]]:
    """The app on that screen."""
    async with one.run(width, height) as pilot:
        await one.go(pilot, name)
        yield pilot


def painted(one: Running) -> Iterator[Segment]:
    """What is sent to the terminal for the whole screen, without the moves of its cursor."""
    screen = one.app.screen
    update: Any = screen._compositor.render_update(full=True, screen_stack=one.app._background_screens)
    console = Console(file=StringIO(), width=screen.size.width, height=screen.size.height, force_terminal=True)
    yield from (segment for segment in console.render(update) if not segment.control)


def rows(one: Running) -> list[str]:
    """The screen's lines as text."""
    return "".join(segment.text for segment in painted(one)).rstrip("\n").split("\n")
