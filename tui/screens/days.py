"""The ledger of all days: a span's money as a sentence, as bars and in tables, read anew when the store has changed.

What stands on it is day_view.py's. Reading is a worker thread's, which only posts messages.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.events import Click, Resize, ScreenResume
from textual.message import Message

from keepalive.clock import Clock
from tui import chrome, day_view
from tui.day_view import SPANS, Span
from tui.days_feed import DaysFailed, DaysFeed, DaysRead
from tui.days_watch import DaysWatch, Reading
from tui.failure import cause
from tui.keymap import DEFAULT, Keymap
from tui.lines import BLANK, Line, Piece, width_of
from tui.look import Look
from tui.moment import Moment
from tui.screens.board_ledger import drawing
from tui.screens.keyed import KeyedScreen
from tui.widgets.footer_bar import FooterBar
from tui.widgets.line_view import LineView

LOOK_SECONDS = 1.0
"""How often it is asked whether anything changed."""
LOW_ROWS = 20
"""Below this height there is no room for a title."""


class SpanTabs(LineView):
    """The spans' names, the chosen one bold over a thick line."""

    class Chosen(Message):
        """A name was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def on_click(self, event: Click) -> None:
        start = 1
        for index, span in enumerate(SPANS):
            if start - 1 <= event.x <= start + len(span.name):
                self.post_message(self.Chosen(index))
            start += len(span.name) + gap(self.size.width)


def gap(width: int) -> int:
    """Cells between the spans' names."""
    return 3 if width >= day_view.NORMAL else 2


def tabs(chosen: Span, width: int) -> tuple[Line, ...]:
    """Both lines of the spans' names."""
    names: list[Piece] = [Piece(" ")]
    under: list[Piece] = [Piece(" ")]
    for index, span in enumerate(SPANS):
        between = gap(width) if index else 0
        is_chosen = span == chosen
        names += [Piece(" " * between), Piece(span.name, "strong" if is_chosen else "dim")]
        under.append(Piece("─" * between, "faint"))
        under.append(Piece(("━" if is_chosen else "─") * len(span.name), "warm" if is_chosen else "faint"))
    rest = max(0, width - 1 - width_of(under))
    return tuple(names), (*under, Piece("─" * rest, "faint"))


class Days(KeyedScreen):
    """The span and the place in the page stay for the next time where it is installed."""

    def __init__(
        self, feed: DaysFeed, board: Callable[[], Moment], clock: Clock, look: Look, keymap: Keymap = DEFAULT
    ) -> None:
        """`board` is the moment of the board behind it, for what the catalogue wants to know of it."""
        super().__init__(look, keymap)
        self._board = board
        self._span = SPANS[1]
        self._watch = DaysWatch(feed, clock)

    @property
    def moment(self) -> Moment:
        """What actions are judged by now."""
        return self._board()._replace(days=True, banner_only=False)

    def compose(self) -> ComposeResult:
        ascii_only = self._look.ascii_only
        yield LineView(self._header, id="header", ascii_only=ascii_only)
        yield SpanTabs(lambda width, height: tabs(self._span, width), id="spans", ascii_only=ascii_only)
        page = LineView(self._page, id="page", ascii_only=ascii_only)
        page.styles.height = "1fr"
        yield page
        yield FooterBar(lambda: self.moment, id="footer", ascii_only=ascii_only)

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self.look_again)
        self._lay_out()

    # -- lines ---------------------------------------------------------------------------------------------------

    @property
    def _page_view(self) -> LineView:
        return self.query_one("#page", LineView)

    def _header(self, width: int, height: int) -> tuple[Line, ...]:
        return ((Piece(" ━╸", "warm"), Piece(" ledger", "strong")),)

    def _page(self, width: int, height: int) -> tuple[Line, ...]:
        ledger, failed = self._watch.ledger(self._span), self._watch.failed
        if ledger is None:
            return (BLANK, *day_view.told(failed, width, "bad")) if failed else (BLANK,)
        lines = day_view.page(ledger, self._span, width, self.size.height, drawing(self.app, self._look))
        return (BLANK, *lines) if self.size.height >= LOW_ROWS else lines

    # -- what happened -------------------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Read again if the store has changed, or the day."""
        if not self.is_current:
            return
        try:
            reading = self._watch.due(self._span)
        except Exception as error:  # any feed, any error: the page must outlive it and say why
            self.say(cause(error), bad=True)
            return
        if reading is not None:
            self._carry_out(reading)

    @work(thread=True, group="days", exit_on_error=False)
    def _carry_out(self, reading: Reading) -> None:
        self.post_message(reading())

    @on(DaysRead)
    def _days_read(self, event: DaysRead) -> None:
        self._watch.take(event)
        self._page_view.renew()
        if event.span != self._span.name:
            self.look_again()

    @on(DaysFailed)
    def _days_failed(self, event: DaysFailed) -> None:
        self._watch.take(event)
        self.say(event.cause, bad=True)
        self._page_view.renew()

    @on(SpanTabs.Chosen)
    def _clicked(self, event: SpanTabs.Chosen) -> None:
        self._choose(event.index)

    def _choose(self, index: int) -> None:
        self._span = SPANS[min(len(SPANS) - 1, max(0, index))]
        self.query_one(SpanTabs).renew()
        self._page_view.scroll_to(y=0, animate=False, immediate=True)
        self._page_view.renew()
        self.look_again()

    # -- keys ----------------------------------------------------------------------------------------------------

    def _turn_over(self, step: int) -> None:
        """The next span, stopping at the ends."""
        self._choose(SPANS.index(self._span) + step)

    def _turn_to(self, index: int) -> None:
        self._choose(index)

    def _move(self, step: int) -> None:
        self._page_view.scroll_relative(y=step, animate=False, immediate=True)

    @property
    def _page_step(self) -> int:
        return max(1, self._page_view.size.height - 1)

    def _do_back(self) -> None:
        """`pop` and not `dismiss`: an installed screen is not waited for."""
        self.app.pop_screen()

    # -- size ----------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        roomy = self.size.height >= chrome.ROOMY_ROWS
        header = self.query_one("#header")
        header.styles.height = 1 + roomy
        header.display = self.size.height >= LOW_ROWS
        self.query_one(SpanTabs).styles.height = 2

    def on_resize(self, event: Resize) -> None:
        self._lay_out()
        self.call_after_refresh(self._page_view.renew)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Besides what every such screen does then."""
        self.look_again()
