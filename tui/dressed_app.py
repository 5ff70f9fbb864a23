"""The app's part that is about what may be seen: the themes to choose from, the palette, and text that is pasted.

The library's palette offers its own twenty themes and draws signs that a plain terminal has not; its fields take what
is pasted as it is, escape sequences too, and paint it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.app import App
from textual.command import CommandPalette, Provider, SimpleCommand
from textual.events import Event, Paste

from store.plain_text import plain
from tui.look import Look
from tui.themes import OFFERED, theme_of
from tui.widgets.line_view import PAINTS

PALETTE = "--command-palette"


def _actions() -> type[Provider]:
    from tui.palette import Actions  # with the palette: a start needs none

    return Actions


class DressedApp(App[None]):
    """`_look` is set before it runs."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(PAINTS)
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}

    _look: Look

    def on_mount(self) -> None:
        self.set_class(self._look.ascii_only, "-ascii")

    def refresh_css(self, animate: bool = True) -> None:
        """Asked for as soon as a theme is set; before there is a screen nothing was read that has to be read again."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    async def on_event(self, event: Event) -> None:
        """Before any field sees what is pasted."""
        if isinstance(event, Paste):
            event.text = plain(event.text)
        await super().on_event(event)

    def action_command_palette(self) -> None:
        """What can be done now."""
        if not isinstance(self.screen, CommandPalette):
            from tui.palette import Palette

            self.push_screen(Palette(placeholder="what to do", id=PALETTE))

    async def action_quit(self) -> None:
        """The library's other key to leave (ctrl+q), pressed for something else as often: it names ours, as ctrl+c."""
        self.action_help_quit()

    def search_themes(self) -> None:
        """Our themes alone: the roles of the board are theirs."""
        commands = [SimpleCommand(word, partial(self.dress, word), what) for word, what in OFFERED]
        self.search_commands(commands, placeholder="which colours")
        self.screen.add_class("-short")

    def dress(self, word: str) -> None:
        """Take one of the offered themes until the program ends, and say how to keep it: the file is the person's."""
        self.theme = theme_of(word, os.environ)
        self._say(kept_by(word, self.size.width - 2))

    def _say(self, text: str, *, bad: bool = False) -> None:
        """One line in the footer's place."""
        raise NotImplementedError


def kept_by(word: str, width: int) -> str:
    """What to write where so that a theme is there the next time, in the longest form that fits."""
    line = f'theme = "{word}"'
    forms = (f"for good: {line} under [look] in config.toml", f"for good: [look] {line}", f"[look] {line}")
    return next((form for form in forms if len(form) <= width), forms[-1])
