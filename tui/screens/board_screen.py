"""The board's screen, the part that shows: lays list and detail out, keeps the cursor in view, follows the state.

What keys do is main.py's. One layout rule: the list gets the rows it needs, the detail what is left, at least six.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize

from keepalive.clock import Clock
from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import TurnView
from tui import chrome, detail, turn
from tui.board import FOLD_ID, Page
from tui.board_state import BoardState
from tui.budget_in_force import InForce
from tui.days_feed import DaysFeed
from tui.ended_fold import ended_fold
from tui.format import clean, cut, wrap
from tui.keymap import Keymap
from tui.lines import BLANK, Line, Piece
from tui.look import Look
from tui.moment import Moment
from tui.orders import TurnsWanted
from tui.screens.board_ledger import LedgerOnBoard
from tui.session_view import BUDGET, CACHE, LEDGER, TURNS, Tab, session_view
from tui.widgets.filter_line import FilterLine
from tui.widgets.footer_bar import FooterBar
from tui.widgets.line_view import LineView
from tui.widgets.search_field import SearchField
from tui.widgets.session_list import SessionList
from tui.widgets.session_pane import SessionPane

DEMO = "warmside demo"
VIEW_TURNS = 20
SMALL_ROWS = 12
"""Below this height there is no room for a detail under the list."""


BANNER_ROWS, BANNER_FROM = 6, 24
"""From this height of the screen on a banner is told whole; below it in two rows."""
BANNER_ENDS = "esc hides this"


class BoardScreen(LedgerOnBoard):
    """Header, list, detail, footer."""

    has_history = False
    """Whether the app has a history to open."""
    no_start = ""
    """Why the app can start no keeper."""

    def __init__(
        self, state: BoardState, clock: Clock, look: Look, keymap: Keymap, days: DaysFeed | None = None
    ) -> None:
        super().__init__(clock, look, keymap, days)
        self._state = state
        self._turns: tuple[str, tuple[TurnView, ...]] = ("", ())
        self._history: tuple[str, CacheHistory | None] = ("", None)
        self._ledger: tuple[str, SessionLedger | None] = ("", None)
        self._budget: tuple[str, InForce | None] = ("", None)
        self._tab: Tab = TURNS
        self._asked: tuple[str, int, bool, bool, bool] | None = None
        self._banner = look.banner

    def compose(self) -> ComposeResult:
        ascii_only = self._look.ascii_only
        yield LineView(self._header, id="header", ascii_only=ascii_only)
        with Container(id="body"):
            with Container(id="left"):
                yield SessionList(self._state, self._page, id="list", ascii_only=ascii_only)
                yield self._ledger_block()
            yield LineView(lambda w, h: ((Piece("│", "faint"),),) * h, id="divider", ascii_only=ascii_only)
            yield SessionPane(self._detail, id="detail", ascii_only=ascii_only)
            yield LineView(self._empty, id="empty", ascii_only=ascii_only)
            yield from self._ledger_column()
        yield FilterLine(id="filter")
        yield FooterBar(lambda: self.moment, id="footer", ascii_only=ascii_only)

    def on_mount(self) -> None:
        self._list.focus()

    # -- parts ---------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> SessionList:
        return self.query_one("#list", SessionList)

    @property
    def _detail_view(self) -> LineView:
        return self.query_one("#detail", LineView)

    @property
    def field(self) -> SearchField:
        """The filter's field."""
        return self.query_one(FilterLine).field

    def _line_view(self, name: str) -> LineView:
        return self.query_one(f"#{name}", LineView)

    @property
    def _wide(self) -> bool:
        return self.size.width >= chrome.WIDE_SCREEN

    @property
    def _opened(self) -> bool:
        return self.has_class("-opened")

    @property
    def _viewed(self) -> bool:
        """Whether the whole session is on the screen."""
        return self._wide or self._opened

    @property
    def moment(self) -> Moment:
        """What actions are judged by now."""
        return Moment(
            self._state.view,
            self._state.selected,
            self._clock.wall(),
            on_fold=self._state.selected_id == FOLD_ID,
            opened=self._opened,
            viewed=self._viewed,
            list_hidden=self._opened and not self._wide,
            leaves=self._opened or self._filtered or bool(self._banner),
            banner_only=bool(self._banner) and not (self._opened or self._filtered),
            has_history=self.has_history,
            has_days=self.has_days,
            no_start=self.no_start,
            keys=self._keys,
        )

    @property
    def _starts(self) -> str:
        """The key that starts a keeper, where one can be started."""
        return "" if self.no_start else self._keys.get("keeper", "")

    @property
    def _filtered(self) -> bool:
        return bool(self._state.query) or self.has_class("-finding")

    # -- lines ---------------------------------------------------------------------------------------------------

    def _header(self, width: int, height: int) -> tuple[Line, ...]:
        """`height` is the header's own."""
        now, height = self._clock.wall(), self.size.height
        banner = _banner(self._banner, width, BANNER_ROWS if height >= BANNER_FROM else 2) if self._banner else []
        return chrome.header(self._state.view, now, width, banner, loaded=self._state.loaded, starts=self._starts)

    def _empty(self, width: int, height: int) -> tuple[Line, ...]:
        if not self._state.loaded:
            return ()
        if self._state.query:
            return ((Piece(" " + cut(f"Nothing matches {clean(self._state.query)}", width - 2), "dim"),),)
        lines = chrome.empty(self._state.view, width, self._look.looked_in, self._starts)
        # In few rows what can be done comes before where was looked.
        fits = any(DEMO in piece.text for line in lines[:height] for piece in line)
        return lines if fits else chrome.empty(self._state.view, width, (), self._starts)

    def _detail(self, width: int, height: int) -> tuple[Line, ...]:
        session = self._state.selected
        if session is None:
            if self._state.selected_id != FOLD_ID:
                return (BLANK,) * height
            enter, unfolded = self._keys.get("open", ""), self._state.unfolded
            return ended_fold(self._state.ended, width, unfolded=unfolded, enter=enter, pane=not self._viewed)
        turns = self._turns[1] if self._turns[0] == session.id else ()
        name = self._state.names[session.id]
        subject = detail.Subject(session, name, turns, self._clock.wall(), self._look.zone, self._starts)
        if self._viewed:
            history = self._history[1] if self._history[0] == session.id else None
            ledger = self._ledger[1] if self._ledger[0] == session.id else None
            budget = self.in_force(session.id)
            return session_view(subject, width, self._tab, history, ledger, budget, self._keys)
        return detail.pane(subject, width, height, self._list.hidden_below())

    def in_force(self, session_id: str) -> InForce | None:
        """What is in force for a session, if it has been read."""
        return self._budget[1] if self._budget[0] == session_id else None

    def _page(self, width: int) -> Page:
        return Page(
            self._state.sessions,
            self._state.names,
            width,
            self._clock.wall(),
            self._look.zone,
            roomy=self.size.height >= chrome.ROOMY_ROWS,
            query=self._state.query,
            enter=self._keys.get("open", ""),
        )

    # -- what happened -------------------------------------------------------------------------------------------

    def board_changed(self) -> None:
        """The state holds another board or order: lay everything out again."""
        if not self.there:
            return
        self._lay_out()
        self._want_turns(again=True)
        self.tick(reorder=False)

    def tick(self, *, reorder: bool = True) -> None:
        """A second passed, or something was read: repaint what reads differently."""
        if not self.there:
            return
        if reorder and self._state.settle(self._clock.wall(), self._clock.monotonic()):
            self._lay_out()
            self._want_turns()
        for view in self.query(LineView):
            if view.display:
                view.renew()
        self._look_at_days()

    def turns_read(
        self,
        session_id: str,
        turns: tuple[TurnView, ...],
        history: CacheHistory | None = None,
        ledger: SessionLedger | None = None,
        budget: InForce | None = None,
    ) -> None:
        """The newest turns of a session arrived, and its cache's history, ledger or budget where that was asked for."""
        if history is not None:
            self._history = (session_id, history)
        if ledger is not None:
            self._ledger = (session_id, ledger)
        if budget is not None:
            self._budget = (session_id, budget)
        session = self._state.sessions.get(session_id)
        self._turns = (session_id, tuple(turn.below(one, session.cwd if session else "") for one in turns))
        if self.there:
            self._detail_view.renew()

    def _on_cursor(self) -> None:
        self._list.show_cursor()
        self._detail_view.scroll_to(y=0, animate=False, immediate=True)
        self._want_turns()
        self._detail_view.renew()
        self.query_one(FooterBar).renew()

    def _want_turns(self, *, again: bool = False) -> None:
        session = self._state.selected
        limit, tab = (VIEW_TURNS, self._tab) if self._viewed else (1, TURNS)
        budget = tab == BUDGET or self._wants_budget
        wanted = None if session is None else (session.id, limit, tab == CACHE, tab == LEDGER, budget)
        if wanted is not None and (again or wanted != self._asked):
            self.post_message(TurnsWanted(*wanted))
        self._asked = wanted

    @property
    def _wants_budget(self) -> bool:
        """Whether what is in force is wanted beside the tab."""
        return False

    def _lay_out(self) -> None:
        """Give every part its rows."""
        height = self.size.height
        roomy = height >= chrome.ROOMY_ROWS
        header = len(self._header(self.size.width, height))
        shown = bool(self._state.ids)
        self._line_view("header").styles.height = header + roomy
        self.update_classes({"-empty": not shown, "-roomy": roomy})
        self._list.lay_out(roomy=roomy, next_pings=self._state.next_pings if self._wide else ())
        space = height - header - roomy - 1
        rows: int | str = "1fr"
        if not self._wide:
            pane = detail.MIN_ROWS if height >= SMALL_ROWS else 0
            rows = max(2, min(self._list.line_count, space - pane))
            self._detail_view.display = shown and (pane > 0 or self._opened)
        else:
            self._detail_view.display = shown
        self._list.styles.height = rows
        self._list.display = shown and (self._wide or not self._opened)
        # A margin ends the body where there is room. A filter without a match leaves the ledger where it is.
        free = space - roomy - self._list.line_count if shown else 0 if self._filtered else None
        self._place_ledger(free if self._wide else None)
        self._detail_view.can_focus = self._opened
        if self._list.display and not self._opened:
            self.call_after_refresh(self._list.show_cursor)

    def on_resize(self, event: Resize) -> None:
        self._lay_out()
        self._want_turns()
        self._look_at_days()

    @on(SessionList.Scrolled)
    def _scrolled(self) -> None:
        self._detail_view.renew()


def _banner(text: str, width: int, rows: int) -> list[str]:
    """The banner's rows; how to be rid of it is said where there is room for that too."""
    whole = wrap(f"{clean(text)} · {BANNER_ENDS}", width - 2, rows + 1)
    return whole if len(whole) <= rows else wrap(clean(text), width - 2, rows)
