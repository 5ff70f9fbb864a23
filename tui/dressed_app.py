"""The app's part that is about what may be seen: the themes to choose from, the palette, and text that is pasted.

The library's palette offers its own twenty themes and draws signs that a plain terminal has not; its fields take what
is pasted as it is, escape sequences too, and paint it.
"""

from __future__ import annotations

import os
from functools import partial

from textual.app import App
from textual.command import CommandPalette, SimpleCommand
from textual.events import Event, Paste

from store.plain_text import plain
from tui.look import Look
from tui.themes import OFFERED, theme_of

PALETTE = "--command-palette"


class DressedApp(App[None]):
    """`_look` is set before it runs."""

    _look: Look

    def on_mount(self) -> None:
        self.set_class(self._look.ascii_only, "-ascii")

    async def on_event(self, event: Event) -> None:
        """Before any field sees what is pasted."""
        if isinstance(event, Paste):
            event.text = plain(event.text)
        await super().on_event(event)

    def action_command_palette(self) -> None:
        """What can be done now."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="what to do", id=PALETTE))

    def search_themes(self) -> None:
        """Our themes alone: the roles of the board are theirs."""
        commands = [SimpleCommand(word, partial(self.dress, word), what) for word, what in OFFERED]
        self.search_commands(commands, placeholder="which colours")
        self.screen.add_class("-short")

    def dress(self, word: str) -> None:
        """Take one of the offered themes, until the program ends."""
        self.theme = theme_of(word, os.environ)
