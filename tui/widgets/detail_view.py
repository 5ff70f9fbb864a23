"""The selected session: a pane below the list, or the session view that scrolls and takes the focus."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.widgets.line_view import LineView, Source


class DetailView(LineView, can_focus=True):
    """Scrolls with the list's keys while it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "down", show=False),
        Binding("up,k", "scroll_up", "up", show=False),
    ]

    def __init__(self, source: Source, *, id: str, ascii_only: bool) -> None:
        super().__init__(source, id=id, ascii_only=ascii_only)
        self.can_focus = False
