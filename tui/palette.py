"""The palette: finds an action by any word that it shows, of its name or its help, and ends with a whole entry.

The library's own looks at names alone, so that `cost` finds nothing although it stands there.
"""

from __future__ import annotations

from textual.command import CommandPalette, Hit, Hits
from textual.containers import Vertical
from textual.events import Resize
from textual.system_commands import SystemCommandsProvider

ENTRY_ROWS = 2
"""A name and its help."""
AROUND_ROWS = 4
"""Edges, field, and the blank line below it."""
SHARE = 0.7
"""Of the screen's height."""
FEWEST = 2
NAMED, BEGUN, INSIDE = 3.0, 2.0, 1.5
"""Scores, above those of the library, none of which is more than 1 here: letters that only come in that order."""


def score(wanted: str, name: str, told: str) -> float:
    """How well what is typed fits: every word of it must be in the name or the help; 0 is not at all."""
    words, shown = wanted.casefold().split(), f"{name} {told}".casefold()
    if not words or not all(word in shown for word in words):
        return 0.0
    if name.casefold().startswith(words[0]):
        return NAMED
    return BEGUN if all(_begins_a_word(shown, word) for word in words) else INSIDE


def _begins_a_word(text: str, word: str) -> bool:
    return f" {word}" in f" {text}"


class Actions(SystemCommandsProvider):
    """What the app offers now."""

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, told, callback, *_ in self.app.get_system_commands(self.screen):
            fuzzy = matcher.match(name)
            # Letters in that order say less than a word that is there.
            found = score(query, name, told) or fuzzy / (1 + fuzzy)
            if found > 0:
                yield Hit(found, matcher.highlight(name) if fuzzy > 0 else name, callback, text=name, help=told)


def list_rows(height: int) -> int:
    """Rows of the list on a screen of `height` rows: whole entries."""
    return ENTRY_ROWS * max(FEWEST, (int(height * SHARE) - AROUND_ROWS) // ENTRY_ROWS)


class Palette(CommandPalette):
    """The library's, as high as whole entries are."""

    def on_resize(self, event: Resize) -> None:
        self.query_one("#--container", Vertical).styles.max_height = list_rows(event.size.height) + AROUND_ROWS
