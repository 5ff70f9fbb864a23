"""What the keys do in the history: move, find, open at the turn, walk from match to match, copy, export."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from tui import history_query, session_view
from tui.copying import Copyable
from tui.history_turn import first_hit
from tui.history_view import name_of
from tui.orders import CopyWanted
from tui.screens.history_watching import HistoryWatching
from tui.widgets.filter_labels import FilterLabels
from tui.widgets.footer_bar import FooterBar
from tui.widgets.history_list import HistoryList
from tui.widgets.search_field import SearchField


class History(HistoryWatching):
    """All sessions ever stored, with its keys and its mouse."""

    _copy_from: str | None = None
    """The session whose turn is to be copied once it is read."""

    # -- moving --------------------------------------------------------------------------------------------------

    def _move(self, step: int) -> None:
        """Rows of the list, or lines of the opened session."""
        if self._opened:
            self._show_line(self._session_view.scroll_offset.y + step)
            return
        self._go_to(self._state.cursor + step)

    def _go_to(self, row: int) -> None:
        self._state.move(row - self._state.cursor)
        self._list.show_cursor()
        self._to_turn = True
        self.want_session()
        self.query_one(FooterBar).renew()

    @property
    def _page_step(self) -> int:
        return max(1, self._session_view.size.height - 1 if self._opened else self._list.size.height // 2 - 1)

    @on(HistoryList.Clicked)
    def _clicked(self, event: HistoryList.Clicked) -> None:
        again = event.row == self._state.cursor
        self._go_to(event.row)
        if again and not self._opened:
            self.action_do("open")

    # -- opening -------------------------------------------------------------------------------------------------

    def _do_open(self) -> None:
        self._tab = session_view.TURNS
        self._open(True)

    def _open(self, opened: bool) -> None:
        self._leave_field()
        self.set_class(opened, "-opened")
        self._to_turn = True
        self._lay_out()
        (self._session_view if opened else self._list).focus()
        # Its size is known after the next refresh only, and where its turn is depends on its width.
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.renew()
        self.want_session()

    def _turn_over(self, step: int) -> None:
        tabs = session_view.TABS
        self._turn_to((tabs.index(self._tab) + step) % len(tabs))

    def _turn_to(self, index: int) -> None:
        self._tab = session_view.TABS[min(index, len(session_view.TABS) - 1)]
        self._session_view.renew()
        self._show_line(0)

    def _do_back(self) -> None:
        """One thing at a time: the opened session, the field, the query, the history."""
        if self._opened:
            self._open(False)
        elif self.has_class("-finding"):
            self._leave_field()
        elif self.field.value:
            self.field.value = ""
        else:
            self.app.pop_screen()

    # -- finding -------------------------------------------------------------------------------------------------

    def _do_find(self) -> None:
        if self._opened:
            self._open(False)
        self.add_class("-finding")
        self.field.type_here()
        self.query_one(FooterBar).renew()

    @on(SearchField.Clicked)
    def _field_clicked(self) -> None:
        self.action_do("find")

    @on(FilterLabels.Clicked)
    def _filter_clicked(self, event: FilterLabels.Clicked) -> None:
        """Its word stands in the field, the cursor where its value belongs."""
        self.field.value, at = history_query.with_filter(self.field.value, event.name)
        self.action_do("find")
        self.field.cursor_position = at

    @on(Input.Changed, "#wanted")
    def read_field(self) -> None:
        """Something was typed, or the names that filters may use have changed."""
        text, now = self.field.value, self._clock.wall()
        self._query = history_query.read(text, self._state.overview, now, self._look.zone)
        if self._query.askable and not self._query.asks_like(self.asked):
            self.ask(self._query)
        self.query_said()

    @on(Input.Submitted, "#wanted")
    def _found(self) -> None:
        self._leave_field()

    def field_left(self) -> None:
        """The list has the keys."""
        self._focus_on(self._list)
        self.query_one(FooterBar).renew()
        self.want_session()

    def _do_next_hit(self) -> None:
        self._to_hit(1)

    def _do_hit_before(self) -> None:
        self._to_hit(-1)

    def _to_hit(self, step: int) -> None:
        """The next hit that is not on the screen: further down the opened turn, else in the next turn."""
        view = self._session_view
        if self._opened and self._tab == session_view.TURNS:
            top, height, lines = view.scroll_offset.y, view.size.height, self._shown.lines
            hit = first_hit(lines, top + height) if step > 0 else self._hit_above(top)
            if hit is not None:
                self._show_line(hit - height // 3)
                return
        row = self._state.cursor + step
        if not 0 <= row < len(self._state.results):
            self.say("that was the last turn found" if step > 0 else "that was the first turn found")
            return
        self._tab = session_view.TURNS
        self._go_to(row)

    def _hit_above(self, top: int) -> int | None:
        lines = self._shown.lines
        return next((y for y in range(top - 1, -1, -1) if first_hit(lines[y : y + 1]) is not None), None)

    # -- taking along --------------------------------------------------------------------------------------------

    def _do_export(self) -> None:
        if self._state.key is not None:
            self.export(self._state.key[0])

    def _do_copy(self) -> None:
        """What can be copied is known once the session was read."""
        from tui.screens.copy_menu import CopyMenu

        key, session = self._state.key, self._state.session
        if key is None:
            return
        if session is None:
            self._copy_from = key[0]
            self.read_session(key[0])
            return
        turns = session.detail.turns[::-1]
        at = next((index for index, one in enumerate(turns) if one.n == key[1]), 0)

        def chosen(item: Copyable | None) -> None:
            if item is not None:
                self.post_message(CopyWanted(key[0], item))

        self.app.push_screen(CopyMenu(session.detail, name_of(session.detail), turns, self._look, at=at), chosen)

    def session_read(self, session_id: str) -> None:
        """What was to be copied of it is there now."""
        wanted, self._copy_from = self._copy_from, None
        still = self._state.key is not None and self._state.key[0] == wanted and self.is_current
        if wanted == session_id and still:
            self._do_copy()
