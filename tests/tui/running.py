"""A running app over the sample, and waiting for its workers instead of sleeping."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from textual.message import Message
from textual.pilot import Pilot

from keepalive.clock import ManualClock
from tests.tui import sample
from tui.app import WarmsideApp
from tui.days_feed import DaysFeed
from tui.history_feed import HistoryFeed
from tui.keymap import DEFAULT, Keymap
from tui.look import Look
from tui.themes import DARK
from tui.widgets.line_view import LineView
from tui.widgets.session_list import SessionList

M = TypeVar("M", bound=Message)


@dataclass
class Running:
    """An app under test with everything a test turns."""

    feed: sample.SampleFeed = field(default_factory=sample.SampleFeed)
    commands: sample.SampleCommands = field(default_factory=sample.SampleCommands)
    clock: ManualClock = field(default_factory=lambda: ManualClock(sample.NOW))
    history: HistoryFeed | None = None
    days: DaysFeed | None = None
    keymap: Keymap = DEFAULT
    no_start: str = ""
    look: Look = field(default_factory=lambda: Look(zone=sample.ZONE, theme=DARK))
    at_once: bool = False
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = WarmsideApp(
            self.feed,
            self.commands,
            self.clock,
            look=self.look,
            history=None if (history := self.history) is None else lambda: history,
            days=self.days,
            keymap=self.keymap,
            no_start=self.no_start,
            at_once=self.at_once,
        )

    @asynccontextmanager
    async def run(self, width: int = 36, height: int = 40) -> AsyncIterator[Pilot[None]]:
        """The app on a screen of that size, with its first board read."""
        async with self.app.run_test(size=(width, height), message_hook=self.messages.append) as pilot:
            await self.settle(pilot)
            yield pilot

    async def settle(self, pilot: Pilot[None]) -> None:
        """Wait until no worker runs and every message is handled."""
        for _ in range(3):
            await self.app.workers.wait_for_complete()
            await pilot.pause()

    async def press(self, pilot: Pilot[None], *keys: str) -> None:
        """Press keys and wait for what they start."""
        await pilot.press(*keys)
        await self.settle(pilot)

    async def poll(self, pilot: Pilot[None]) -> None:
        """Let the app ask its feed now."""
        self.app.poll()
        await self.settle(pilot)

    def rows(self) -> SessionList:
        """The list of sessions."""
        return self.app.main.query_one(SessionList)

    @property
    def focus(self) -> str | None:
        """Id of the widget that has the focus."""
        return self.app.focused.id if self.app.focused else None

    @property
    def on_board(self) -> bool:
        """Whether no sheet is open."""
        return self.app.screen is self.app.main

    def text(self, name: str) -> list[str]:
        """What a part of the screen shows, line by line."""
        view = self.app.screen.query_one(f"#{name}", LineView)
        return [view.render_line(y).text.rstrip() for y in range(view.size.height)]

    def every(self, kind: type[M]) -> list[M]:
        """The messages of a kind, each once."""
        return list({id(message): message for message in self.messages if isinstance(message, kind)}.values())

    def posted(self, kind: type[Message]) -> int:
        """How many messages of a kind were seen (each once, wherever it bubbled)."""
        return len(self.every(kind))
