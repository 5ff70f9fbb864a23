"""The list of sessions: one widget for all rows, painted line by line, one refresh a tick.

It shows what BoardState holds and tells its screen what was clicked; it decides no order and reads no store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from store.models import NextPing
from tui.board import Entry, Page, line, plan
from tui.board_state import BoardState
from tui.lines import BLANK, Line, Piece
from tui.widgets.line_view import LineView

ROW_LINES = 2
SELECTABLE = frozenset({"top", "bottom", "ended_top", "ended_bottom", "fold"})


class SessionList(LineView, can_focus=True, inherit_bindings=False):
    """The board's rows. `page` makes the drawing context for a width."""

    @dataclass
    class Clicked(Message):
        """A row was clicked."""

        id: str

    @dataclass
    class Scrolled(Message):
        """What is visible changed."""

    def __init__(self, state: BoardState, page: Callable[[int], Page], *, id: str, ascii_only: bool) -> None:
        super().__init__(lambda width, height: (), id=id, ascii_only=ascii_only)
        self._state = state
        self._page = page
        self._entries: tuple[Entry, ...] = ()
        self._painted: dict[int, Line] = {}
        self._selected: str | None = None
        self._covered = 0
        """So many of the lowest lines are behind a sheet."""
        self._uncovered: tuple[int, int | None] = (0, None)
        """The scroll before that, and the selected row's line."""

    @property
    def line_count(self) -> int:
        """Lines of the whole list."""
        return len(self._entries)

    def lay_out(self, *, roomy: bool, next_pings: tuple[NextPing, ...]) -> None:
        """Lay the board's order out again; the selected row stays on its screen row.

        Whether that is in view can be told after the next refresh: until then this widget may have another size.
        """
        before = self._row_of(self._selected)
        self._entries = plan(self._state.sections, roomy=roomy, unfolded=self._state.unfolded, next_pings=next_pings)
        after = self._row_of(self._state.selected_id)
        self._measure()
        if before is not None and after is not None and self._selected == self._state.selected_id:
            self.scroll_to(y=self.scroll_offset.y + after - before, animate=False, immediate=True)
        self._mark_cursor()
        self._painted.clear()
        self.refresh()

    def renew(self) -> None:
        """A second passed: repaint the visible lines that read differently now."""
        page = self._page(self.size.width)
        top = self.scroll_offset.y
        old, self._painted = self._painted, {}
        for y in range(top, min(len(self._entries), top + self.size.height)):
            self._painted[y] = self._line(y, page)
            if old.get(y) != self._painted[y]:
                self.refresh_line(y)

    def _mark_cursor(self) -> None:
        """Repaint the old and the new selected row."""
        chosen = self._state.selected_id
        for y in (self._row_of(self._selected), self._row_of(chosen)):
            if y is not None:
                self._painted.pop(y, None)
                self._painted.pop(y + 1, None)
                self.refresh_lines(y, 2)
        self._selected = chosen

    def show_cursor(self) -> None:
        """Repaint the old and the new selected row and scroll the new one into view."""
        self._mark_cursor()
        row, height = self._row_of(self._selected), self.size.height - self._covered
        if row is None or height <= 0:
            return
        # With the first session its section's label comes into view, too.
        first = 0 if row <= 1 else row
        top = self.scroll_offset.y
        if first < top:
            self.scroll_to(y=first, animate=False, immediate=True)
        elif row + 2 > top + height:
            # (Forced: what has just become longer than the widget counts as nothing to scroll yet.)
            self.scroll_to(y=row + 2 - height, animate=False, immediate=True, force=True)

    def cover(self, lines: int) -> None:
        """So many of the lowest lines are behind a sheet: the selected row is shown above it, if a row has room there.
        With none the list goes back to where it was.
        """
        lines = lines if 0 < lines <= self.size.height - ROW_LINES else 0
        if lines == self._covered:
            return
        if not self._covered:
            self._uncovered = self.scroll_offset.y, self._row_of(self._selected)
        self._covered = lines
        self._measure()
        if not lines:
            (top, before), now = self._uncovered, self._row_of(self._selected)
            moved = 0 if before is None or now is None else now - before
            self.scroll_to(y=top + moved, animate=False, immediate=True, force=True)
        self.show_cursor()

    def _measure(self) -> None:
        """What is covered can be scrolled away as if there were more lines."""
        self.virtual_size = Size(self.size.width, len(self._entries) + self._covered)

    def hidden_below(self) -> int:
        """Sessions that end below the visible part."""
        end = self.scroll_offset.y + self.size.height
        return sum(entry.kind in ("bottom", "ended_bottom") for entry in self._entries[end:])

    def on_resize(self, event: Resize) -> None:
        self._measure()
        self._painted.clear()
        self.refresh()
        self.call_after_refresh(self.show_cursor)
        self.post_message(self.Scrolled())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    def on_click(self, event: Click) -> None:
        y = event.y + self.scroll_offset.y
        if y < len(self._entries) and self._entries[y].kind in SELECTABLE:
            self.post_message(self.Clicked(self._entries[y].id))

    def render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        if y >= len(self._entries):
            return self.paint(BLANK)
        if y not in self._painted:
            self._painted[y] = self._line(y, self._page(self.size.width))
        return self.paint(self._painted[y], ground=self._is_selected(self._entries[y]))

    def _is_selected(self, entry: Entry) -> bool:
        return entry.kind in SELECTABLE and entry.id == self._state.selected_id

    def _line(self, y: int, page: Page) -> Line:
        entry = self._entries[y]
        focused = not self.screen.has_class("-opened")
        edge = Piece("▌", "warm" if focused else "faint") if self._is_selected(entry) else Piece(" ")
        return line(entry, page, edge)

    def _row_of(self, chosen: str | None) -> int | None:
        rows = (y for y, entry in enumerate(self._entries) if entry.id == chosen and entry.kind in SELECTABLE)
        return None if chosen is None else next(rows, None)
