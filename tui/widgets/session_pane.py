"""The session's view with its tabs' names as buttons. It knows them by how their line reads."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from tui.lines import Line, width_of
from tui.session_view import TABS
from tui.widgets.line_view import LineView

NAMES = tuple(tab.capitalize() for tab in TABS)


class SessionPane(LineView):
    """Its screen turns to the tab."""

    @dataclass
    class TabClicked(Message):
        """The name of this tab was clicked."""

        index: int

    def on_click(self, event: Click) -> None:
        y = event.y + self.scroll_offset.y
        index = tab_at(self._lines[y], event.x) if y < len(self._lines) else None
        if index is not None:
            self.post_message(self.TabClicked(index))


def tab_at(line: Line, x: int) -> int | None:
    """Which tab's name stands at this cell, if that is the line of the names; a name counts with a cell around it."""
    if tuple(piece.text for piece in line if piece.text.strip()) != NAMES:
        return None
    end = 0
    for piece in line:
        start, end = end, end + width_of((piece,))
        if piece.text in NAMES and start - 1 <= x <= end:
            return NAMES.index(piece.text)
    return None
