"""What the history reads, and when: every call of its feed is in a worker thread that only posts a message.

One reading of a kind at a time, and while it runs only the newest wish is kept. A search that a newer query overtakes
is interrupted, and whatever it still answers is not shown: typing never waits for the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import on, work
from textual.events import Resize, ScreenResume
from textual.message import Message
from textual.timer import Timer

from keepalive.clock import Clock
from tui.failure import cause
from tui.history_feed import HistoryFeed
from tui.history_messages import (
    Exported,
    LinesRead,
    OpenedRead,
    OverviewRead,
    ReadFailed,
    Reading,
    ResultsRead,
)
from tui.history_query import Query
from tui.history_state import HistoryState, Results
from tui.keymap import Keymap
from tui.look import Look
from tui.moment import Moment
from tui.screens.history_screen import HistoryScreen
from tui.widgets.history_list import HistoryList

FIRST_HITS = 30
"""A screenful: what a letter waits for."""
MORE_HITS = 4
"""Each time the end comes into view so many times as many turns are asked for."""
MOST_HITS = 3_200
FIRST_LINES = 30
"""Rows of sessions that are read together with their order."""
SLOW_SECONDS = 0.2
"""A search that takes longer says so; before that it would only flicker."""
PAUSE_SECONDS = 0.15
"""While somebody types, the session beside the list waits for a pause: reading it would hold up the next letter."""


@dataclass(frozen=True)
class Ask:
    """A query under its number."""

    number: int
    query: Query
    limit: int
    afresh: bool
    """Another question than before."""
    around: int
    """The row that will be in view."""
    reread: bool
    """The store may have changed: what was read of sessions is old."""
    quiet: bool
    """Nobody asked for it: nothing is said of it, and what is the same is not painted again."""
    known: frozenset[str]
    """Sessions whose rows need not be read."""


class HistoryReading(HistoryScreen):
    """The history with what it reads."""

    def __init__(
        self,
        feed: HistoryFeed,
        state: HistoryState,
        board: Callable[[], Moment],
        clock: Clock,
        look: Look,
        keymap: Keymap,
    ) -> None:
        super().__init__(state, board, clock, look, keymap)
        self._feed = feed
        self._number_asked = 0
        self._waiting: Ask | None = None
        self._asking: Ask | None = None
        self._wanted: dict[Reading, Callable[[], Message]] = {}
        self._reading: set[Reading] = set()
        self._slow: Timer | None = None
        self._pause: Timer | None = None

    @property
    def asked(self) -> Query:
        """The newest query: answered, or on its way."""
        ask = self._waiting or self._asking
        return ask.query if ask is not None else self._state.results.query

    # -- queries -------------------------------------------------------------------------------------------------

    def ask(
        self,
        query: Query,
        *,
        limit: int = FIRST_HITS,
        afresh: bool = True,
        reread: bool = False,
        quiet: bool = False,
    ) -> None:
        """Answer this query next; whatever is being answered is overtaken."""
        self._number_asked += 1
        around = 0 if afresh else self._list.first_row if quiet else self._state.cursor
        known = frozenset[str]() if reread else frozenset(self._state.lines)
        self._waiting = Ask(self._number_asked, query, limit, afresh, around, reread, quiet, known)
        if self._asking is None:
            self._ask_next()
        else:
            self._feed.interrupt()
        if self._slow is None and not quiet:
            self._slow = self.set_timer(SLOW_SECONDS, self._say_slow)

    def _say_slow(self) -> None:
        self._searching = True
        self._line_view("said").renew()

    def _ask_next(self) -> None:
        self._asking, self._waiting = self._waiting, None
        if self._asking is not None:
            self._answer(self._asking)
            return
        if self._slow is not None:
            self._slow.stop()
        self._slow, self._searching = None, False

    @work(thread=True, group="history-results", exit_on_error=False)
    def _answer(self, ask: Ask) -> None:
        def read() -> Message:
            if ask.number != self._number_asked:
                raise InterruptedError("overtaken before it began")
            query = ask.query
            if query.of_turns:
                found = self._feed.search(query.words, query.filters, ask.limit)
                return ResultsRead(ask.number, Results(query, (), found.hits, ask.limit, found.complete))
            places = self._feed.places(query.filters)
            near = places[max(0, ask.around - FIRST_LINES) : ask.around + FIRST_LINES]
            missing = [one.session for one in near if one.session not in ask.known]
            return ResultsRead(ask.number, Results(query, places), self._feed.lines(missing) if missing else ())

        self._post(read, "results", ask.number)

    @on(ResultsRead)
    def _results_read(self, event: ResultsRead) -> None:
        ask, newest = self._asking, event.number == self._number_asked
        self._ask_next()
        if not newest or ask is None:
            return
        same = ask.quiet and self._state.says(event.results, event.lines)
        if ask.reread:
            self._state.forget_read()
        self._state.keep_lines(event.lines)
        self._state.show(event.results, afresh=ask.afresh)
        self._to_turn = self._to_turn or ask.afresh
        if not same:
            self.show_results()
        if self.has_class("-finding") and not ask.quiet:
            if self._pause is not None:
                self._pause.stop()
            self._pause = self.set_timer(PAUSE_SECONDS, self.want_session)
        else:
            self.want_session(again=ask.reread)

    @on(HistoryList.NearEnd)
    def _near_end(self) -> None:
        results = self._state.results
        if results.may_grow and results.limit < MOST_HITS and self._asking is None and not self._query.problem:
            self.ask(results.query, limit=results.limit * MORE_HITS, afresh=False)

    # -- the rest ------------------------------------------------------------------------------------------------

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Shown again, or for the first time: the store may have more by now."""
        self.read_again()

    def read_again(self, *, quiet: bool = False) -> None:
        """Read what is shown once more; cursor and query stay."""
        self._want("overview", lambda: OverviewRead(self._feed.overview()))
        results = self._state.results
        self.ask(results.query, limit=max(FIRST_HITS, results.limit), afresh=False, reread=True, quiet=quiet)

    def on_unmount(self) -> None:
        """The program ends: it would wait for a search that is under way."""
        self._feed.interrupt()

    def on_resize(self, event: Resize) -> None:
        """There may be room beside the list now."""
        self.call_after_refresh(self.want_session)

    @on(OverviewRead)
    def _overview_read(self, event: OverviewRead) -> None:
        self._done("overview")
        self._state.overview = event.overview
        self._line_view("header").renew()
        if self._line_view("nothing").display:
            self._line_view("nothing").renew()
        # What it complains of may be known by now. Any other query stays as it was read: `7d` is a moment that moves.
        if self._query.problem:
            self.read_field()

    def read_field(self) -> None:
        """The names that filters may use have changed; the screen overrides this."""

    @on(HistoryList.InView)
    def _in_view(self, event: HistoryList.InView) -> None:
        self._want("lines", lambda: LinesRead(self._feed.lines(event.ids)))

    @on(LinesRead)
    def _lines_read(self, event: LinesRead) -> None:
        self._done("lines")
        self._state.keep_lines(event.lines)
        self._list.renew()

    def want_session(self, *, again: bool = False) -> None:
        """Read the chosen session where it is shown and not known, or `again`."""
        key = self._state.key
        if key is None or not (self._wide or self._opened):
            return
        if self._state.session is not None:
            self.session_changed()
        if self._state.session is None or again:
            self.read_session(key[0])

    def read_session(self, session_id: str) -> None:
        """Read a session; `OpenedRead` tells when it is there."""
        self._want("opened", lambda: OpenedRead(session_id, self._feed.opened(session_id)))

    @on(OpenedRead)
    def _opened_read(self, event: OpenedRead) -> None:
        self._done("opened")
        same = self._state.opened.get(event.session_id) == event.opened
        self._state.keep_opened(event.session_id, event.opened)
        if self._state.key and self._state.key[0] == event.session_id and (self._to_turn or not same):
            self.session_changed()
        self.session_read(event.session_id)

    def session_read(self, session_id: str) -> None:
        """A session is there; whoever waits for one overrides this."""

    @work(thread=True, group="history-export", exit_on_error=False)
    def export(self, session_id: str) -> None:
        """Write the session's file."""
        try:
            message = Exported(self._feed.export(session_id))
        except Exception as error:  # a full disk, a folder of somebody else's: the cause is shown
            message = Exported(cause(error), bad=True)
        self.post_message(message)

    @on(Exported)
    def _exported(self, event: Exported) -> None:
        self.say(event.said, bad=event.bad)

    @on(ReadFailed)
    def _read_failed(self, event: ReadFailed) -> None:
        overtaken = event.of == "results" and event.number != self._number_asked
        if event.of == "results":
            self._ask_next()
            self._line_view("said").renew()
        else:
            self._done(event.of)
        if not overtaken:
            self.say(event.cause, bad=True)

    def _want(self, of: Reading, read: Callable[[], Message]) -> None:
        """Read this next: one at a time of a kind, the newest wish wins."""
        self._wanted[of] = read
        if of not in self._reading:
            self._next(of)

    def _done(self, of: Reading) -> None:
        self._reading.discard(of)
        self._next(of)

    def _next(self, of: Reading) -> None:
        read = self._wanted.pop(of, None)
        if read is not None:
            self._reading.add(of)
            self._read(of, read)

    @work(thread=True, group="history", exit_on_error=False)
    def _read(self, of: Reading, read: Callable[[], Message]) -> None:
        self._post(read, of)

    def _post(self, read: Callable[[], Message], of: Reading, number: int = 0) -> None:
        """In a worker thread: what `read` returns is posted, what it raises is posted as its cause."""
        try:
            message = read()
        except Exception as error:  # the edge to code we do not know; the cause is shown, nothing is lost
            message = ReadFailed(of, cause(error), number)
        self.post_message(message)
