"""The history's list: one widget for any number of rows, of which only those in view are ever drawn or read.

It shows what HistoryState holds, tells its screen what was clicked and which sessions' rows it lacks; it decides
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui import history_rows
from tui.history_days import ROW_LINES, Plan
from tui.history_state import HistoryState, Key
from tui.lines import BLANK, Line, Piece
from tui.widgets.line_view import LineView

AHEAD = 10
"""Rows beyond the visible ones that are read with them."""


class HistoryList(LineView, can_focus=True, inherit_bindings=False):
    """Rows by day. `now` tells which day is today; `zone` None is the machine's."""

    @dataclass
    class Clicked(Message):
        """A row was clicked."""

        row: int

    @dataclass
    class InView(Message):
        """These sessions' rows are in view, or nearly, and have not been read."""

        ids: tuple[str, ...]

    @dataclass
    class NearEnd(Message):
        """The last rows are in view."""

    def __init__(
        self, state: HistoryState, now: Callable[[], float], zone: tzinfo | None, *, id: str, ascii_only: bool
    ) -> None:
        super().__init__(lambda width, height: (), id=id, ascii_only=ascii_only)
        self._state, self._now, self._zone = state, now, zone
        self._plan, self._roomy = Plan((), 0.0, zone), False
        self._marked: tuple[Key, int] | None = None
        """Whose the cursor's row was when it was last shown, and its line."""

    def lay_out(self, *, roomy: bool) -> None:
        """Other rows: lay them out by day.

        The cursor's row stays on its screen row while it is the same one, in view or not; another one comes into view.
        """
        before, top = self._marked, self.scroll_offset.y
        self._roomy = roomy
        self._plan = Plan(self._state.results.times, self._now(), self._zone, roomy=roomy)
        self.virtual_size = Size(self.size.width, self._plan.line_count)
        key = self._state.key
        if before is None or key != before[0]:
            self.show_cursor()
            return
        in_view = top <= before[1] <= top + self.size.height - ROW_LINES
        self._mark()
        self.scroll_to(y=top + self._plan.line_of(self._state.cursor) - before[1], animate=False, immediate=True)
        if in_view:
            self.show_cursor()
        else:
            self.refresh()
            self.look()

    def _mark(self) -> None:
        key = self._state.key
        self._marked = (key, self._plan.line_of(self._state.cursor)) if key is not None and self._plan.rows else None

    @property
    def first_row(self) -> int:
        """The row at the top of what is in view."""
        return self._row_near(self.scroll_offset.y) if self._plan.rows else 0

    def renew(self) -> None:
        """Repaint: something about the visible rows has changed."""
        self.refresh()

    def show_cursor(self) -> None:
        """Repaint, and scroll the cursor's row into view; with a day's first row its label comes, too."""
        self.refresh()
        self._mark()
        height = self.size.height
        if not self._plan.rows or not height:
            return
        line = self._plan.line_of(self._state.cursor)
        first = line - 1 if self._plan.at(line - 1)[0] == "label" and height > ROW_LINES else line
        top = self.scroll_offset.y
        if first < top:
            self.scroll_to(y=first, animate=False, immediate=True)
        elif line + ROW_LINES > top + height:
            self.scroll_to(y=line + ROW_LINES - height, animate=False, immediate=True)
        self.look()

    def look(self) -> None:
        """Say which sessions of the visible rows have not been read, and whether the end is near."""
        top, height = self.scroll_offset.y, self.size.height
        if not self._plan.rows or not height:
            return
        first, last = self._row_near(top), self._row_near(top + height)
        results = self._state.results
        if results.query.of_turns:
            if last >= self._plan.rows - 1:
                self.post_message(self.NearEnd())
            return
        ids = tuple(place.session for place in results.places[max(0, first - AHEAD) : last + 1 + AHEAD])
        missing = tuple(one for one in ids if one not in self._state.lines)
        if missing:
            self.post_message(self.InView(missing))

    def _row_near(self, line: int) -> int:
        """The row on a line, or the one after it."""
        line = min(max(0, line), self._plan.line_count - 1)
        kind, index = self._plan.at(line)
        while kind not in ("top", "bottom"):
            line += 1
            kind, index = self._plan.at(line)
        return index

    def on_resize(self, event: Resize) -> None:
        self.virtual_size = Size(self.size.width, self._plan.line_count)
        self.show_cursor()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.look()

    def on_click(self, event: Click) -> None:
        kind, row = self._plan.at(event.y + self.scroll_offset.y)
        if kind in ("top", "bottom"):
            self.post_message(self.Clicked(row))

    def render_line(self, y: int) -> Strip:
        kind, index = self._plan.at(y + self.scroll_offset.y)
        if kind == "blank":
            return self.paint(BLANK)
        width = self.size.width
        if kind == "label":
            heads, name = index == 0 and not self._state.results.query.of_turns, self._plan.days[index].label
            return self.paint(history_rows.label(name, width, heads=heads, roomy=self._roomy))
        chosen = index == self._state.cursor
        line = self._row(index, width, chosen=chosen)[kind == "bottom"]
        if not chosen:
            return self.paint(line)
        edge = Piece("▌", "faint" if self.screen.has_class("-opened") else "warm")
        return self.paint(history_rows.with_edge(line, edge), ground=True)

    def _row(self, index: int, width: int, *, chosen: bool) -> tuple[Line, Line]:
        results = self._state.results
        if results.query.of_turns:
            return history_rows.hit_row(results.hits[index], width, self._zone, chosen=chosen)
        place = results.places[index]
        line = self._state.lines.get(place.session)
        return history_rows.session_row(line, place.at, width, self._zone, chosen=chosen)
