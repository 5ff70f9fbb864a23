"""All keys, read from the catalogue, and what the marks on the board mean."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.actions import CATALOGUE
from tui.format import cut
from tui.lines import BLANK, Line, Piece
from tui.look import Look
from tui.themes import enter_key
from tui.widgets.line_view import LineView

KEY_CELLS = 5
MARKS = (
    ("●", "waits for you, still warm"),
    ("◆", "asks permission"),
    ("▸", "running"),
    ("○", "cold or changed: too late"),
    ("↻", "pings: sent of allowed"),
    ("░", "read from the cache"),
    ("█", "written to the cache"),
)


def help_lines(width: int, enter: str) -> tuple[Line, ...]:
    """The catalogue and the marks, cut to `width` cells."""
    room = width - KEY_CELLS - 1
    lines: list[Line] = []
    for action in CATALOGUE:
        shown = action.shown.replace("↵", enter)
        lines.append((Piece(f"{shown:<{KEY_CELLS}} ", "strong"), Piece(cut(action.help, room), "dim")))
    lines.append(BLANK)
    lines += [(Piece(f"{mark:<{KEY_CELLS}} "), Piece(cut(what, room), "dim")) for mark, what in MARKS]
    return tuple(lines)


class HelpSheet(ModalScreen[None]):
    """Esc, `?`, enter or `q` closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter,q", "dismiss", "close", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
    ]

    def __init__(self, look: Look) -> None:
        super().__init__(classes="sheet -ascii" if look.ascii_only else "sheet")
        self._look = look

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet") as sheet:
            sheet.border_title = Text("keys")
            yield LineView(
                lambda width, height: help_lines(width, enter_key(self._look.ascii_only)),
                id="help-lines",
                ascii_only=self._look.ascii_only,
            )

    def action_scroll(self, step: int) -> None:
        """Scroll by lines."""
        self.query_one(LineView).scroll_relative(y=step, animate=False)
