"""The history's filters beside its field: each is a button."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from tui.history_chrome import filter_at
from tui.widgets.line_view import LineView


class FilterLabels(LineView):
    """Its screen writes the filter into the field."""

    @dataclass
    class Clicked(Message):
        """This filter was clicked."""

        name: str

    def on_click(self, event: Click) -> None:
        """Somebody wants to type there: no click beside the field."""
        event.stop()
        name = filter_at(self._lines[0], event.x) if self._lines else None
        if name is not None:
            self.post_message(self.Clicked(name))
