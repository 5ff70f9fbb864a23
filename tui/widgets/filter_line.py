"""The filter's field: it takes the footer's line while somebody types."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from tui.widgets.search_field import SearchField


class FilterLine(Horizontal):
    """A slash and a field; its screen reads Input.Changed and Input.Submitted."""

    def compose(self) -> ComposeResult:
        yield Static(" / ", id="slash")
        yield SearchField(id="query")

    @property
    def field(self) -> SearchField:
        """Where the person types."""
        return self.query_one("#query", SearchField)
