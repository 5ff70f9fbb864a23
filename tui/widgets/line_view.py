"""A widget that paints lines of pieces: the one place where a role becomes a style.

Line API: no widget per row, and a refresh repaints only the lines that changed. It knows nothing about sessions.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.coarse import coarse
from tui.glyphs import ASCII
from tui.lines import BLANK, ROLES, Line

Source = Callable[[int, int], tuple[Line, ...]]
"""Lines for a width and a height in cells."""
BEHIND = "-behind"
"""Class of a screen that stands behind a sheet: everything on it is painted quietly."""


PAINTS = frozenset({f"board--{role}" for role in ROLES} | {"board--ground", "board--behind"})
"""Component classes that the app has to have. They are the app's and not each view's, since the library works out every
component's style again whenever a class or a size changes, for each widget that has it."""


class LineView(ScrollView, can_focus=False):
    """Paints what its source returns; scrolls when that is longer than the widget."""

    def __init__(self, source: Source, *, id: str, ascii_only: bool = False) -> None:
        super().__init__(id=id)
        self._source = source
        self._ascii = ascii_only
        self._lines: tuple[Line, ...] = ()
        self._styles: dict[tuple[str, bool], Style] = {}
        self._drawn_for: bool | None = None
        """Whether colours were few when the lines were made: shape then tells what colour cannot."""

    @property
    def line_count(self) -> int:
        """How many lines there are to see or to scroll to."""
        return len(self._lines)

    def renew(self) -> None:
        """Ask the source again and repaint the lines that differ."""
        self._drawn_for = self._few_colours
        old, self._lines = self._lines, self._source(self.size.width, self.size.height)
        if len(old) != len(self._lines):
            self.virtual_size = Size(self.size.width, len(self._lines))
            self.refresh()
            return
        for y, (before, after) in enumerate(zip(old, self._lines, strict=True)):
            if before != after:
                self.refresh_line(y)

    def on_resize(self, event: Resize) -> None:
        self._lines = ()
        self.renew()

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
        if self._drawn_for is not None and self._drawn_for != self._few_colours:
            self.renew()

    def render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        return self.paint(self._lines[y] if y < len(self._lines) else BLANK)

    def paint(self, line: Line, *, ground: bool = False) -> Strip:
        """A line as a strip of the widget's width. `ground` marks the selected row."""
        if self._few_colours:
            line = coarse(line)
        segments = [Segment(self._text(piece.text), self._style(piece.role, ground)) for piece in line]
        return Strip(segments).adjust_cell_length(self.size.width, self._style("fg", ground))

    @property
    def _few_colours(self) -> bool:
        return self._ascii or self.app.current_theme.ansi or "NO_COLOR" in os.environ

    def _text(self, text: str) -> str:
        return text.translate(ASCII) if self._ascii else text

    def _style(self, role: str, ground: bool) -> Style:
        behind = self.screen.has_class(BEHIND)
        key = ("behind" if behind else role, ground and not behind)
        style = self._styles.get(key)
        if style is None:
            style = self.rich_style
            if key[1]:
                style += self.app.get_component_styles("board--ground").partial_rich_style
            style += self.app.get_component_styles(f"board--{key[0]}").partial_rich_style
            self._styles[key] = style
        return style
