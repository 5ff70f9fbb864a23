"""What the keys do on the board: every action of the catalogue, under its name.

It posts orders and moves the cursor; reading the store and commanding the keeper is the app's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.events import MouseDown
from textual.widgets import Input

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import BudgetMode, SessionView, TurnView
from tui import session_view
from tui.board import FOLD_ID
from tui.board_order import SAID
from tui.budget_in_force import InForce
from tui.copying import Copyable
from tui.days_feed import DaysWanted
from tui.orders import (
    BudgetWanted,
    CopyWanted,
    DefaultWanted,
    HistoryWanted,
    JumpWanted,
    OrderChosen,
    PingWanted,
    TurnsWanted,
)
from tui.screens.board_screen import VIEW_TURNS, BoardScreen
from tui.session_orders import mode_order
from tui.widgets.session_list import SessionList

if TYPE_CHECKING:
    from tui.screens.budget import BudgetSheet
    from tui.screens.copy_menu import CopyMenu


class MainScreen(BoardScreen):
    """The board with its keys and its mouse."""

    _sheet: BudgetSheet | None = None
    """The budget sheet that is open."""
    _menu: CopyMenu | None = None
    """What can be copied, as it was last opened."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """What is told before its parts are there is told when they are: the first reading may be faster than they."""
        if self.there:
            super().say(text, bad=bad)
        else:
            self.call_after_refresh(super().say, text, bad=bad)

    def on_mouse_down(self, event: MouseDown) -> None:
        """As a key: what is under the pointer stays there until the button is up again, and a moment longer."""
        self._state.key(self._clock.monotonic())

    @on(SessionList.Clicked)
    def _clicked(self, event: SessionList.Clicked) -> None:
        """One that is selected already opens, where it is not beside the list."""
        again = event.id == self._state.selected_id and not self._wide
        self._state.key(self._clock.monotonic())
        self._state.selected_id = event.id
        if event.id == FOLD_ID or again:
            self._do_open()
        self._on_cursor()

    @on(Input.Changed, "#query")
    def _typed(self, event: Input.Changed) -> None:
        self._state.find(event.value, self._clock.wall())
        self.board_changed()

    @on(Input.Submitted, "#query")
    def _found(self) -> None:
        self._leave_field()

    def field_left(self) -> None:
        """The list has the keys, and what was found the cursor."""
        self._state.take_found()
        self._focus_on(self._list)

    def action_do(self, name: str) -> None:
        """Also keep the rows where they are for a moment."""
        self._state.key(self._clock.monotonic())
        super().action_do(name)

    def _move(self, step: int) -> None:
        """Rows of the list, or lines of the opened session."""
        if self._opened:
            self._detail_view.scroll_relative(y=step, animate=False, immediate=True)
            return
        self._state.move(step)
        self._on_cursor()

    @property
    def _page_step(self) -> int:
        return max(1, self._detail_view.size.height - 1 if self._opened else self._list.size.height // 2 - 1)

    def _do_open(self) -> None:
        if self._state.selected_id == FOLD_ID:
            self._state.fold(self._clock.wall())
            self.board_changed()
            return
        self._open(True)

    def _open(self, opened: bool) -> None:
        self.set_class(opened, "-opened")
        self._lay_out()
        (self._detail_view if opened else self._list).focus()
        self._want_turns()
        self._repaint()
        self.tick(reorder=False)

    def _turn_over(self, step: int) -> None:
        tabs = session_view.TABS
        self._turn_to((tabs.index(self._tab) + step) % len(tabs))

    def _turn_to(self, index: int) -> None:
        self._tab = session_view.TABS[min(index, len(session_view.TABS) - 1)]
        self._detail_view.scroll_to(y=0, animate=False, immediate=True)
        self._want_turns()
        self._detail_view.renew()

    def _do_back(self) -> None:
        if self._filtered:
            # Before the field is left: that takes what was found.
            self._state.find("", self._clock.wall())
            self._leave_field()
            self.field.value = ""
        elif self._opened:
            self._open(False)
        else:
            self._banner = ""
            self.board_changed()

    def _do_find(self) -> None:
        if self._opened and not self._wide:
            self._open(False)  # what is filtered has to be seen
        self.add_class("-finding")
        self.field.type_here()

    def _do_history(self) -> None:
        self.post_message(HistoryWanted())

    def _do_days(self) -> None:
        self.post_message(DaysWanted())

    def _do_sort(self) -> None:
        order = self._state.next_order(self._clock.wall())
        self.board_changed()
        self.say(SAID[order])
        self.post_message(OrderChosen(order))

    def _do_jump(self) -> None:
        self.post_message(JumpWanted(self._chosen()))

    def _do_copy(self) -> None:
        from tui.screens.copy_menu import CopyMenu

        session = self._chosen()
        turns = self._turns[1] if self._turns[0] == session.id else ()

        def chosen(item: Copyable | None) -> None:
            if item is not None:
                self.post_message(CopyWanted(session.id, item))

        self._menu = CopyMenu(session, self._state.names[session.id], turns, self._look)
        self.app.push_screen(self._menu, chosen)
        if len(turns) < VIEW_TURNS:
            self.post_message(TurnsWanted(session.id, VIEW_TURNS))

    def _chosen(self) -> SessionView:
        session = self._state.selected
        if session is None:
            raise LookupError("no session selected")
        return session

    def _do_hold(self) -> None:
        self._mode(BudgetMode.HOLD)

    def _do_off(self) -> None:
        self._mode(BudgetMode.OFF)

    def _mode(self, asked: BudgetMode) -> None:
        session = self._chosen()
        name = self._state.names[session.id]
        now, zone, lifts = self._clock.wall(), self._look.zone, self._keys.get("budget", "")
        self.post_message(mode_order(session, name, asked, now, zone, lifts=lifts))

    def _do_ping(self) -> None:
        session = self._chosen()
        self.post_message(PingWanted(session.id, self._state.names[session.id]))

    def _do_budget(self) -> None:
        from tui.screens.budget import BudgetSheet

        session = self._chosen()
        known = self.in_force(session.id)
        self._sheet = BudgetSheet(session, self._state.names[session.id], self._clock, self._look, known)
        self.app.push_screen(self._sheet, self._budget_chosen)
        self._want_turns()

    def board_changed(self) -> None:
        """Also what an open sheet says of its session."""
        super().board_changed()
        session = self._state.sessions.get(self._sheet.session_id) if self._sheet is not None else None
        if self._sheet is not None and session is not None and self._sheet.is_mounted:
            self._sheet.show(session, self.in_force(session.id))

    @property
    def _wants_budget(self) -> bool:
        return self._sheet is not None

    def turns_read(
        self,
        session_id: str,
        turns: tuple[TurnView, ...],
        history: CacheHistory | None = None,
        ledger: SessionLedger | None = None,
        budget: InForce | None = None,
    ) -> None:
        """Also what an open sheet says of it."""
        super().turns_read(session_id, turns, history, ledger, budget)
        if self._menu is not None and self._menu.is_current:
            self._menu.turns_read(session_id, self._turns[1])
        if budget is not None and self._sheet is not None and self._sheet.session_id == session_id:
            session = self._state.sessions.get(session_id)
            if session is not None and self._sheet.is_mounted:
                self._sheet.show(session, budget)

    def _budget_chosen(self, wanted: BudgetWanted | DefaultWanted | None) -> None:
        self._sheet = None
        if wanted is not None:
            self.post_message(wanted)
