"""The budget sheet: mode, pings, money and until of one session, checked at every key.

It returns what is wanted and orders nothing itself; the row it is about stays visible above it.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from keepalive.clock import Clock
from store.models import BudgetMode, SessionView
from tui.budget_form import (
    CONSEQUENCE_ROWS,
    FIELDS,
    MODES,
    Budget,
    Form,
    consequence,
    form_of,
    policy_view,
    read,
)
from tui.format import cut, money
from tui.lines import Line, Piece
from tui.look import Look
from tui.orders import BudgetWanted
from tui.themes import enter_key
from tui.widgets.line_view import LineView

ROOMY_ROWS = 24
"""From this height of the screen on there is room for the odds, and still for the row that the sheet is about."""


class ModeChoice(LineView, can_focus=True):
    """off, auto, hold in one line; left and right choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "before", show=False),
        Binding("right,l,space", "step(1)", "next", show=False),
    ]

    class Changed(Message):
        """Another mode was chosen."""

    def __init__(self, mode: BudgetMode) -> None:
        super().__init__(self._draw, id="mode")
        self.mode = mode

    def action_step(self, step: int) -> None:
        """Choose the neighbour, stopping at the ends."""
        self.mode = MODES[min(len(MODES) - 1, max(0, MODES.index(self.mode) + step))]
        self.renew()
        self.post_message(self.Changed())

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        return (tuple(Piece(f" {mode} ", "choice" if mode is self.mode else "dim") for mode in MODES),)


class BudgetSheet(ModalScreen[BudgetWanted | None]):
    """Enter applies, Esc leaves everything as it was."""

    DEFAULT_CSS = "BudgetSheet #policy { margin: 1 0 0 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("enter", "apply", "apply", show=False),
        Binding("down", "app.focus_next", "next field", show=False),
        Binding("up", "app.focus_previous", "field before", show=False),
    ]

    def __init__(self, session: SessionView, name: str, clock: Clock, look: Look) -> None:
        super().__init__(classes="sheet -ascii" if look.ascii_only else "sheet")
        self._session, self._called, self._clock, self._look = session, name, clock, look
        self._start = form_of(session, clock.wall(), look.zone)
        self._roomy, self._rows = True, CONSEQUENCE_ROWS

    def compose(self) -> ComposeResult:
        if self.app.size.height < ROOMY_ROWS:
            self._roomy, self._rows = False, CONSEQUENCE_ROWS - 1
        with Vertical(id="sheet") as sheet:
            sheet.border_title = Text(f"budget · {cut(self._called, 20)}")  # Text: a name is no markup
            with Horizontal(classes="field"):
                yield Static("mode", classes="label")
                yield ModeChoice(self._start.mode)
            for name in FIELDS:
                with Horizontal(classes="field"):
                    yield Static(name, classes="label")
                    yield Input(getattr(self._start, name), id=name, compact=True, select_on_focus=False)
                    yield Static(self._note(name), id=f"note-{name}", classes="note", markup=False)
            yield LineView(self._policy, id="policy", ascii_only=self._look.ascii_only)
            below = LineView(self._lines, id="consequence", ascii_only=self._look.ascii_only)
            below.styles.height = self._rows
            below.styles.margin = (int(self._roomy), 0, 1, 0)
            yield below
            yield LineView(self._keys, id="sheet-keys", ascii_only=self._look.ascii_only)

    @property
    def session_id(self) -> str:
        """Whose budget it is."""
        return self._session.id

    def show(self, session: SessionView) -> None:
        """The session has moved on while the sheet is open: what is typed stays, what is said about it follows."""
        self._session = session
        for name in FIELDS:
            self.query_one(f"#note-{name}", Static).update(self._note(name))
        for view in self.query(LineView):
            view.renew()

    @property
    def budget(self) -> Budget:
        """What is typed now."""
        texts = {name: self.query_one(f"#{name}", Input).value for name in FIELDS}
        form = Form(self.query_one(ModeChoice).mode, **texts)
        return read(form, self._clock.wall(), self._look.zone)

    def _note(self, name: str) -> str:
        keep = self._session.keepalive
        return {
            "pings": f"{keep.idle_pings} used",
            "money": f"{money(keep.usd)} used",
            "until": "a time, or 2h",
        }[name]

    def _policy(self, width: int, height: int) -> tuple[Line, ...]:
        return policy_view(self._session, self._clock.wall(), self._look.zone, width, roomy=self._roomy)

    def _lines(self, width: int, height: int) -> tuple[Line, ...]:
        return consequence(self._session, self.budget, self._clock.wall(), self._look.zone, width, self._rows)

    def _keys(self, width: int, height: int) -> tuple[Line, ...]:
        ready = not self.budget.errors
        enter = enter_key(self._look.ascii_only)
        apply = (Piece(enter, "strong" if ready else "faint"), Piece(" apply" if ready else " not yet", "dim"))
        return ((*apply, Piece("  "), Piece("esc", "strong"), Piece(" cancel", "dim")),)

    @on(Input.Changed)
    @on(ModeChoice.Changed)
    def _recompute(self) -> None:
        errors = self.budget.errors
        for name in FIELDS:
            self.query_one(f"#note-{name}").set_class(name in errors, "-error")
        for view in self.query(LineView):
            view.renew()

    @on(Input.Submitted)
    def action_apply(self) -> None:
        """Hand the budget back if it is valid; else go to what is wrong."""
        budget = self.budget
        if budget.errors:
            self.query_one(f"#{next(name for name in FIELDS if name in budget.errors)}").focus()
            return
        self.dismiss(BudgetWanted(self._session.id, self._called, budget.mode, budget.pings, budget.usd, budget.until))

    def action_cancel(self) -> None:
        """Leave without a change."""
        self.dismiss(None)
