"""The history's screen, the part that shows: field, list, beside it or over it the chosen session.

What keys do is history.py's, what is read and when is history_reading.py's.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.events import Resize
from textual.widgets import Static

from keepalive.clock import Clock
from tui import chrome, history_chrome, history_view
from tui.glyphs import enter_key
from tui.history_query import EXAMPLE, SHORT_EXAMPLE, Query, completed
from tui.history_state import HistoryState
from tui.history_turn import first_hit
from tui.history_view import Page
from tui.keymap import Keymap
from tui.lines import BLANK, Line, Piece, width_of
from tui.look import Look
from tui.moment import HistoryMoment, Moment
from tui.screens.keyed import LEAVE_FIELD, KeyedScreen
from tui.session_view import TURNS, Tab
from tui.widgets.filter_labels import FilterLabels
from tui.widgets.footer_bar import FooterBar
from tui.widgets.history_list import HistoryList
from tui.widgets.line_view import LineView
from tui.widgets.search_field import SearchField
from tui.widgets.session_pane import SessionPane

LEAST_FIELD = len(EXAMPLE) + 4
"""Cells for what can be typed, as its example says it; more for more text, with room to go on."""
AFTER_TEXT = 8
SLASH_CELLS = 3


class HistoryScreen(KeyedScreen):
    """Header, field, what was found, list and session, footer."""

    def __init__(
        self, state: HistoryState, board: Callable[[], Moment], clock: Clock, look: Look, keymap: Keymap
    ) -> None:
        """`board` is the moment of the board behind it, for what the catalogue wants to know of it."""
        super().__init__(look, keymap)
        self._state, self._board, self._clock = state, board, clock
        self._query = Query()
        self._searching = False
        """A search takes so long that it is said."""
        self._tab: Tab = TURNS
        self._shown = history_view.Opened(())
        self._to_turn = False
        """The session is to be scrolled to its turn once it is there."""

    def compose(self) -> ComposeResult:
        ascii_only = self._look.ascii_only
        yield LineView(self._header, id="header", ascii_only=ascii_only)
        with Horizontal(id="field"):
            yield Static(" / ", id="slash")
            yield SearchField(id="wanted", placeholder=EXAMPLE, completed=self._completed)
            yield FilterLabels(self._filters, id="filters", ascii_only=ascii_only)
        yield LineView(self._status, id="said", ascii_only=ascii_only)
        with Container(id="body"):
            yield HistoryList(self._state, self._clock.wall, self._look.zone, id="found", ascii_only=ascii_only)
            yield LineView(lambda w, h: ((Piece("│", "faint"),),) * h, id="divider", ascii_only=ascii_only)
            yield SessionPane(self._session, id="session", ascii_only=ascii_only)
            yield LineView(self._empty, id="nothing", ascii_only=ascii_only)
        keys = {enter_key(ascii_only): LEAVE_FIELD, "esc": "back"}
        yield FooterBar(
            lambda: self.moment, id="footer", ascii_only=ascii_only, instead=self._while_finding, actions=keys
        )

    def on_mount(self) -> None:
        self._list.focus()

    # -- parts ---------------------------------------------------------------------------------------------------

    @property
    def _list(self) -> HistoryList:
        return self.query_one("#found", HistoryList)

    @property
    def _session_view(self) -> LineView:
        return self.query_one("#session", LineView)

    def _line_view(self, name: str) -> LineView:
        return self.query_one(f"#{name}", LineView)

    @property
    def field(self) -> SearchField:
        """The search field."""
        return self.query_one("#wanted", SearchField)

    @property
    def _wide(self) -> bool:
        return self.size.width >= chrome.WIDE_SCREEN

    @property
    def _opened(self) -> bool:
        return self.has_class("-opened")

    @property
    def _number(self) -> int | None:
        """Of the turn that the cursor is on."""
        return self._state.key[1] if self._state.key else None

    @property
    def moment(self) -> Moment:
        """What actions are judged by now."""
        results = self._state.results
        here = HistoryMoment(len(results), searched=results.query.of_turns, opened=self._opened)
        return self._board()._replace(history=here, banner_only=False)

    def _completed(self, text: str) -> str | None:
        return completed(text, self._state.overview)

    # -- lines ---------------------------------------------------------------------------------------------------

    def _while_finding(self, width: int) -> Line:
        if not self.has_class("-finding"):
            return ()
        ascii_only = self._look.ascii_only
        moves = [self._keymap.unprinted(name, ascii_only=ascii_only) for name in ("up", "down")]
        return history_chrome.typing_keys(width, enter_key(ascii_only), " ".join(key for key in moves if key))

    def _header(self, width: int, height: int) -> tuple[Line, ...]:
        session, results = self._state.session, self._state.results
        if self._opened and not self._wide:
            place = f"{self._state.cursor + 1:,} of {len(results):,}{'+' if results.may_grow else ''}"
            name = history_view.name_of(session.detail) if session is not None else ""
            return (history_chrome.opened_header(name, place, width),)
        return (history_chrome.header(self._state.overview, width, loaded=self._state.loaded),)

    def _filters(self, width: int, height: int) -> tuple[Line, ...]:
        return (history_chrome.filters(self._query, width),)

    def _share_row(self) -> None:
        """The field has what it needs of its row, and the filters beside it what is left, if that is enough."""
        wanted = max(LEAST_FIELD, cell_len(self.field.value) + AFTER_TEXT)
        line = history_chrome.filters(self._query, self.size.width - SLASH_CELLS - wanted)
        view = self._line_view("filters")
        view.display, view.styles.width = bool(line), width_of(line)

    def _status(self, width: int, height: int) -> tuple[Line, ...]:
        nothing_stored = not self._state.overview.sessions and not self._query.problem
        if (not self._state.loaded or nothing_stored) and not self._searching:
            return (BLANK,)
        lines = history_chrome.status(self._state.results, self._query, width, searching=self._searching)
        return (BLANK, *lines) if self.has_class("-roomy") else lines

    def _empty(self, width: int, height: int) -> tuple[Line, ...]:
        if not self._state.loaded:
            return ()
        results = self._state.results
        return history_chrome.empty(self._state.overview, results.query, width, complete=results.complete)

    def _session(self, width: int, height: int) -> tuple[Line, ...]:
        session = self._state.session
        if session is None:
            return (BLANK,) * height
        page = Page(width, self._clock.wall(), self._look.zone)
        terms = self._state.results.query.terms
        if self._opened:
            self._shown = history_view.session(session, self._number, terms, page, self._tab)
        else:
            self._shown = history_view.Opened(history_view.preview(session, self._number, terms, page))
        return self._shown.lines

    # -- what happened -------------------------------------------------------------------------------------------

    def show_results(self) -> None:
        """Other rows, or another cursor among them."""
        self._lay_out()
        self.renew()

    def query_said(self) -> None:
        """Another query stands in the field: say what is to be said of it, and touch nothing else."""
        said = self._line_view("said")
        if said.line_count != len(self._status(said.size.width, 1)):
            self._lay_out()
        said.renew()
        self._share_row()
        self._line_view("filters").renew()

    def renew(self) -> None:
        """Repaint what reads differently."""
        for view in self.query(LineView):
            if view.display:
                view.renew()

    def session_changed(self) -> None:
        """The chosen session is another one, or was read: show it from its beginning, or opened at its turn."""
        view, before, top = self._session_view, self._shown.lines, self._session_view.scroll_offset.y
        view.renew()
        self._line_view("header").renew()
        if self._state.session is None:
            return
        if not self._to_turn:
            self._show_line(history_view.same_place(before, self._shown.lines, top))
            return
        self._to_turn = False
        start, height = self._shown.start, view.size.height
        hit = first_hit(self._shown.lines, start)
        # A hit far down a long turn is what was asked for: more than the turn's beginning.
        far = hit is not None and hit >= start + height
        self._show_line(hit - height // 3 if far and hit is not None else start)

    def _show_line(self, line: int) -> None:
        self._session_view.scroll_to(y=max(0, line), animate=False, immediate=True, force=True)

    def _lay_out(self) -> None:
        """Give every part its rows."""
        roomy = self.size.height >= chrome.ROOMY_ROWS
        any_row = bool(len(self._state.results))
        self.set_class(roomy, "-roomy")
        said = len(self._status(self.size.width, 1))
        self._line_view("header").styles.height = 1 + roomy
        self._line_view("said").styles.height = said + roomy
        over_list = self._opened and not self._wide
        self.query_one("#field").display = self._line_view("said").display = not over_list
        self._line_view("nothing").display = not any_row
        self._list.display = any_row and (self._wide or not self._opened)
        self._line_view("divider").display = any_row and self._wide
        self._session_view.display = any_row and (self._wide or self._opened)
        self._session_view.can_focus = self._opened
        self._list.lay_out(roomy=roomy)
        self._share_row()

    def on_resize(self, event: Resize) -> None:
        self.field.placeholder = EXAMPLE if event.size.width > len(EXAMPLE) + 4 else SHORT_EXAMPLE
        self._lay_out()
        self.call_after_refresh(self.renew)
