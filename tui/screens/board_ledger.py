"""The board's screen, the part that shows the ledger of all days: where it stands, when it is read, what is painted.

Nothing of it is read or even imported before it stands on the screen, and then only after the first rows.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import App, ComposeResult
from textual.events import Click
from textual.screen import ModalScreen

from keepalive.clock import Clock
from tui import chrome
from tui.days_feed import DaysFailed, DaysFeed, DaysRead, DaysWanted
from tui.failure import cause
from tui.keymap import Keymap
from tui.lines import Line, Piece
from tui.look import Look
from tui.screens.keyed import KeyedScreen
from tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from tui.day_chart import Drawing
    from tui.days_watch import DaysWatch, Reading

BLOCK, COLUMN, DIVIDER = "days-block", "days-column", "days-divider"


class LedgerView(LineView):
    """A click on it opens the page."""

    def on_click(self, event: Click) -> None:
        self.post_message(DaysWanted())


def drawing(app: App[object], look: Look) -> Drawing:
    """How bars are drawn on this terminal in this theme."""
    from tui.day_chart import fitting

    few = app.current_theme.ansi or "NO_COLOR" in os.environ
    return fitting(ascii_only=look.ascii_only, few_colours=few)


class LedgerOnBoard(KeyedScreen):
    """`days` None: there is no ledger to show."""

    def __init__(self, clock: Clock, look: Look, keymap: Keymap, days: DaysFeed | None = None) -> None:
        super().__init__(look, keymap)
        self._clock, self._days = clock, days
        self._watch: DaysWatch | None = None
        self._mute = ""
        """Why the feed cannot say whether anything has changed."""
        self._drawn: dict[str, tuple[tuple[object, ...], tuple[Line, ...]]] = {}
        """Lines by view, and what they were made of: a second asks for them, and most change nothing."""

    @property
    def has_days(self) -> bool:
        """Whether there is a ledger of all days."""
        return self._days is not None

    def _ledger_block(self) -> LedgerView:
        view = LedgerView(lambda width, height: self._ledger_lines(BLOCK, width, height), id=BLOCK, **self._ascii)
        view.display = False
        return view

    def _ledger_column(self) -> ComposeResult:
        column = LedgerView(lambda width, height: self._ledger_lines(COLUMN, width, height), id=COLUMN, **self._ascii)
        divider = LineView(lambda width, height: ((Piece("│", "faint"),),) * height, id=DIVIDER, **self._ascii)
        column.display = divider.display = False
        yield divider
        yield column

    @property
    def _ascii(self) -> dict[str, bool]:
        return {"ascii_only": self._look.ascii_only}

    def _ledger_lines(self, name: str, width: int, height: int) -> tuple[Line, ...]:
        if self._watch is None:
            return ()
        from tui import board_days

        how = drawing(self.app, self._look)
        ledger, failed = self._watch.ledger(board_days.FORTNIGHT), self._mute or self._watch.failed
        made_of = (ledger, failed, width, height, how)
        known = self._drawn.get(name)
        if known is not None and known[0] == made_of:
            return known[1]
        if name == BLOCK:
            lines = board_days.block(ledger, width, how, failed=failed)
        else:
            key = self._keys.get("days", "")
            lines = board_days.column(ledger, width, height, how, failed=failed, key=key)
        self._drawn[name] = (made_of, lines)
        return lines

    # -- where and when ------------------------------------------------------------------------------------------

    def _place_ledger(self, free: int | None) -> None:
        """`free`: rows that the list of a wide screen leaves; None: there is no room for a ledger at all."""
        broad = self.size.width >= chrome.LEDGER_SCREEN
        there = self.has_days and free is not None
        for name in (COLUMN, DIVIDER):
            self.query_one(f"#{name}").display = there and broad
        block = there and not broad and free is not None and free >= chrome.LEDGER_ROWS
        self.query_one(f"#{BLOCK}").display = block

    @property
    def _shows_ledger(self) -> bool:
        return any(view.display for view in self.query(LedgerView))

    def _look_at_days(self) -> None:
        """Have it read if it is on the screen and the store has changed; after what is being painted now.

        Also behind a sheet, beside which it is seen as the header is; not behind a page.
        """
        if self._is_seen and self._shows_ledger:
            later = self.call_after_refresh if self.app.screen is self else self.call_later
            later(self._read_if_due)

    @property
    def _is_seen(self) -> bool:
        """Whether nothing but sheets is in front. (Of a page the library would say that one can see through it.)"""
        stack = self.app.screen_stack
        return self in stack and all(isinstance(one, ModalScreen) for one in stack[stack.index(self) + 1 :])

    def _read_if_due(self) -> None:
        if self._days is None:
            return
        from tui.board_days import FORTNIGHT
        from tui.days_watch import DaysWatch

        self._watch = self._watch or DaysWatch(self._days, self._clock)
        mute = ""
        try:
            reading = self._watch.due(FORTNIGHT)
        except Exception as error:  # any feed, any error: the board must outlive it and say why
            reading, mute = None, cause(error)
        if mute != self._mute:
            self._mute = mute
            self._renew_ledger()
        if reading is not None:
            self._carry_out(reading)

    @work(thread=True, group="days", exit_on_error=False)
    def _carry_out(self, reading: Reading) -> None:
        self.post_message(reading())

    @on(DaysRead)
    @on(DaysFailed)
    def _days_told(self, event: DaysRead | DaysFailed) -> None:
        if self._watch is not None:
            self._watch.take(event)
        self._renew_ledger()

    def _renew_ledger(self) -> None:
        for view in self.query(LedgerView):
            if view.display:
                view.renew()
