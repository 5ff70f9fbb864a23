"""The last line: the keys that apply now, or for four seconds what just happened."""

from __future__ import annotations

from collections.abc import Callable

from textual.timer import Timer

from tui import chrome
from tui.actions import Moment
from tui.lines import Line
from tui.look import Look
from tui.themes import enter_key
from tui.widgets.line_view import LineView

TOAST_SECONDS = 4.0


class FooterBar(LineView):
    """Keys from the catalogue, toasts from `say`."""

    def __init__(
        self, moment: Callable[[], Moment], look: Look, *, id: str, instead: Callable[[int], Line] | None = None
    ) -> None:
        """`instead`: a line in the place of the keys, where letters are typed and no keys; empty: the keys."""
        super().__init__(self._footer, id=id, ascii_only=look.ascii_only)
        self._moment, self._instead = moment, instead
        self._enter = enter_key(look.ascii_only)
        self._toast: tuple[str, bool] | None = None
        self._timer: Timer | None = None

    @property
    def said(self) -> str:
        """What is being said instead of the keys."""
        return self._toast[0] if self._toast else ""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line for four seconds; `bad` for what went wrong."""
        self._toast = (text, bad)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(TOAST_SECONDS, self._unsay)
        self.renew()

    def _unsay(self) -> None:
        self._toast = None
        self.renew()

    def _footer(self, width: int, height: int) -> tuple[Line, ...]:
        if self._toast is not None:
            return (chrome.toast(self._toast[0], width, bad=self._toast[1]),)
        line = self._instead(width) if self._instead is not None else ()
        return (line or chrome.footer(self._moment(), width, self._enter),)
