"""The last line: the keys that apply now, or for four seconds what just happened, in as many lines as it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.cells import chop_cells
from textual.events import Click, Resize
from textual.message import Message
from textual.timer import Timer

from tui import chrome
from tui.format import clean, wrap
from tui.lines import Line
from tui.moment import Moment
from tui.widgets.line_view import LineView

TOAST_SECONDS = 4.0
TOAST_ROWS = 3
"""An amount, a time, or a command to type is not cut; a low screen has a row less."""
LOW_SCREEN = 12


class FooterBar(LineView):
    """Keys from the catalogue, toasts from `say`."""

    @dataclass
    class Clicked(Message):
        """The key of this action was clicked."""

        action: str

    def __init__(
        self,
        moment: Callable[[], Moment],
        *,
        id: str,
        ascii_only: bool,
        instead: Callable[[int], Line] | None = None,
        actions: Mapping[str, str] | None = None,
    ) -> None:
        """`instead`: a line in the place of the keys, where letters are typed and no keys; empty: the keys. `actions`:
        what its own keys do."""
        super().__init__(self._footer, id=id, ascii_only=ascii_only)
        self._moment, self._instead, self._actions = moment, instead, actions or {}
        self._toast: tuple[str, bool] | None = None
        self._timer: Timer | None = None

    def on_click(self, event: Click) -> None:
        """A key of the footer is also a button; a message that was read goes away."""
        event.stop()
        if self._toast is not None:
            self._unsay()
            return
        instead = self._instead(self.size.width) if self._instead is not None else ()
        if instead:
            name = self._actions.get(chrome.key_at(instead, event.x))
        else:
            name = chrome.footer_action(self._moment(), self.size.width, event.x)
        if name is not None:
            self.post_message(self.Clicked(name))

    @property
    def said(self) -> str:
        """What is being said instead of the keys."""
        return self._toast[0] if self._toast else ""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show it for four seconds; `bad` for what went wrong."""
        self._toast = (text, bad)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(TOAST_SECONDS, self._unsay)
        self._fit()
        self.renew()

    def _unsay(self) -> None:
        self._toast = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._fit()
        self.renew()

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        self._fit()

    def _fit(self) -> None:
        """Take a row for each line of what is said; what stands above gives them, from its end."""
        rows = len(self._footer(self.size.width or self.app.size.width, 1))
        if self.styles.height is None or self.styles.height.value != rows:
            self.styles.height = rows

    def _footer(self, width: int, height: int) -> tuple[Line, ...]:
        if self._toast is not None:
            text, bad = self._toast
            rows = TOAST_ROWS - (self.app.size.height < LOW_SCREEN)
            return tuple(chrome.toast(line, width, bad=bad) for line in said_in(text, width - 2, rows))
        line = self._instead(width) if self._instead is not None else ()
        return (line or chrome.footer(self._moment(), width),)


def said_in(text: str, width: int, rows: int) -> list[str]:
    """Between words where it can be; a path or a name that is longer than a row goes on in the next one."""
    words = (piece for word in clean(text).split() for piece in chop_cells(word, max(1, width)))
    return wrap(" ".join(words), width, rows) or [""]
