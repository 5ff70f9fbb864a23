"""The budget sheet: mode, pings, money and until of one session, checked at every key.

It returns what is wanted and orders nothing itself; the row it is about stays visible above it. What is said on it
follows the session; so does a field that nobody has touched.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.events import Click, DescendantFocus, Resize
from textual.screen import ModalScreen
from textual.widgets import Input

from keepalive.allowance import SESSION
from keepalive.clock import Clock
from store.models import SessionView
from tui import budget_form, budget_layout
from tui.budget_form import FIELDS, LABEL_CELLS, Budget, Form, form_of, read
from tui.budget_in_force import InForce
from tui.budget_keys import DEFAULT_KEY, keys
from tui.budget_layout import FIELDS_CELLS, NARROW_CELLS, OUTLOOK_CELLS, WIDE_CELLS, Layout, inner_cells
from tui.budget_outlook import consequence, policy_view
from tui.format import cut
from tui.glyphs import ASCII, enter_key
from tui.lines import Line, Piece, Role
from tui.look import Look
from tui.orders import BudgetWanted, DefaultWanted
from tui.session_orders import budget_said
from tui.widgets.line_view import LineView, Source
from tui.widgets.mode_choice import ModeChoice
from tui.widgets.own_keys import Field
from tui.widgets.session_list import SessionList
from tui.widgets.sheet_keys import SheetKeys

TICK_SECONDS = 1.0


class BudgetSheet(ModalScreen[BudgetWanted | DefaultWanted | None]):
    """Enter applies, Esc leaves everything as it was, Ctrl-D drops the session's own budget."""

    DEFAULT_CSS = """
    BudgetSheet #columns, BudgetSheet #fields, BudgetSheet #outlook { height: auto; }
    BudgetSheet .row { height: 1; } BudgetSheet .name { width: 7; }
    BudgetSheet .beside, BudgetSheet #outlook { width: 1fr; }
    BudgetSheet #line { display: none; width: 3; }
    BudgetSheet.-columns #columns { layout: horizontal; }
    BudgetSheet.-columns #line { display: block; }
    BudgetSheet Input > .input--selection { color: $background; background: $foreground; text-style: bold; }
    BudgetSheet Input:ansi > .input--selection { background: ansi_default; text-style: bold reverse; }
    BudgetSheet Input:ansi > .input--selection { color: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", show=False),
        Binding("enter", "apply", "apply", show=False),
        Binding("ctrl+d", "default", "default", show=False, priority=True),  # (a field deletes with it)
        # Before the field that has the focus: what is typed right after it has to find the next one there already.
        Binding("tab,down", "step(1)", "next field", show=False, priority=True),
        Binding("shift+tab,up", "step(-1)", "field before", show=False, priority=True),
    ]

    def __init__(self, session: SessionView, name: str, clock: Clock, look: Look, force: InForce | None = None) -> None:
        """`force`: what is in force and where it was set, where that has been read; see `show`."""
        super().__init__(classes="sheet -ascii" if look.ascii_only else "sheet")
        self._session, self._called, self._clock, self._look, self._force = session, name, clock, look, force
        self._start = self._present()
        self._layout, self._cells = Layout(1, 1), 0
        self._warned: Form | None = None  # (that a click beside it does not leave with this typed)
        self._list: SessionList | None = None
        """What it stands before."""

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet") as sheet:
            title = f"budget · {cut(self._called, 20)}"
            sheet.border_title = Text(title.translate(ASCII) if self._look.ascii_only else title)  # a name is no markup
            with Container(id="columns"):
                with Vertical(id="fields"):
                    with Horizontal(classes="row"):
                        yield self._named("mode")
                        yield ModeChoice(self._start.mode)
                    yield self._view(lambda w, h: (), "below-mode")
                    for name in FIELDS:
                        yield from self._field(name)
                    yield self._view(self._dearest, "dearest")
                yield self._view(lambda w, h: ((Piece(" │", "faint"),),) * h, "line")
                with Vertical(id="outlook"):
                    yield self._view(self._policy, "policy")
                    yield self._view(self._lines, "consequence")
            actions = {enter_key(self._look.ascii_only): "apply", "esc": "cancel", DEFAULT_KEY: "default"}
            yield SheetKeys(self._keys, actions, ascii_only=self._look.ascii_only)

    def _field(self, name: str) -> ComposeResult:
        with Horizontal(classes="row"):
            yield self._named(name)
            field = Field(getattr(self._start, name), id=name, compact=True)  # (selected on focus: typing replaces)
            field.cursor_blink = False
            yield field
            yield self._view(lambda w, h: self._beside(name, w), f"beside-{name}", "beside")
        yield self._view(lambda w, h: self._below(name, w), f"below-{name}")

    def _named(self, name: str) -> LineView:
        return self._view(lambda w, h: ((Piece(name, "dim"),),), f"name-{name}", "name")

    def _view(self, draw: Source, id: str, classes: str = "") -> LineView:
        view = LineView(draw, id=id, ascii_only=self._look.ascii_only)
        view.set_classes(classes)
        view.styles.height = 1
        return view

    def on_mount(self) -> None:
        self.set_interval(TICK_SECONDS, self._recompute)
        behind = self.app.screen_stack[-2:-1]
        self._list = next(iter(behind[0].query(SessionList)), None) if behind else None

    def on_unmount(self) -> None:
        if self._list is not None and self._list.is_mounted:
            self._list.cover(0)

    def _show_row(self) -> None:
        """The row that this is about comes above the sheet, where that stands at the bottom."""
        if self._list is not None:
            sheet, rows = self.query_one("#sheet").region, self._list.region
            below = sheet.overlaps(rows) and sheet.bottom >= rows.bottom
            self._list.cover(rows.bottom - sheet.y if below else 0)

    def on_resize(self, event: Resize) -> None:
        """Share out the rows of a screen of that size."""
        width, plan = event.size.width, budget_layout.layout(*event.size)
        self._layout = plan
        self.set_class(plan.wide, "-columns")
        sheet = self.query_one("#sheet")
        sheet.styles.max_width = WIDE_CELLS if plan.wide else NARROW_CELLS
        sheet.styles.padding = (plan.top, 1, plan.bottom, 1)
        self._cells = FIELDS_CELLS if plan.wide else inner_cells(width)
        self.query_one("#fields").styles.width = self._cells
        cells, padding = budget_layout.input_cells(width), budget_layout.field_padding(width)
        for field in self.query(Input):
            field.styles.width, field.styles.padding = cells, (0, padding)
        for name, rows in (("columns", plan.columns), ("line", plan.columns), ("below-mode", int(plan.wide))):
            self.query_one(f"#{name}").styles.height = rows or ("auto" if name == "columns" else 0)
        self.query_one("#consequence").styles.margin = (plan.between, 0, 0, 0)
        self.query_one("#sheet-keys").styles.margin = (plan.foot, 0, 0, 0)
        self._recompute()
        self.call_after_refresh(self._show_row)

    @on(Input.Changed)
    @on(ModeChoice.Changed)
    @on(DescendantFocus)
    def _recompute(self) -> None:
        """What is said under a field takes blank rows and then the consequence's: the sheet keeps its height."""
        plan, used = self._layout, 0
        for name in FIELDS:
            rows = max(len(self._below(name, self._cells)), plan.wide)
            used += rows
            self.query_one(f"#below-{name}").styles.height = rows
        self.query_one("#dearest").styles.height = len(self._dearest(self._cells, 1))
        taken = 0 if plan.wide else used
        self.query_one("#outlook").styles.margin = (plan.gap + max(0, plan.slack - taken), 0, 0, 0)
        cells = inner_cells(self.size.width) if not plan.wide else OUTLOOK_CELLS
        self.query_one("#policy").styles.height = len(self._policy(cells, plan.policy))
        self.query_one("#consequence").styles.height = plan.consequence - max(0, taken - plan.slack)
        for view in self.query(LineView):
            view.renew()

    # -- what it is about ----------------------------------------------------------------------------------------

    @property
    def session_id(self) -> str:
        """Whose budget it is."""
        return self._session.id

    def show(self, session: SessionView, force: InForce | None = None) -> None:
        """The session has moved on while the sheet is open: what is typed stays, all else follows."""
        self._session, self._force = session, force or self._force
        before, self._start = self._start, self._present()
        choice = self.query_one(ModeChoice)
        if choice.mode is before.mode is not self._start.mode:
            choice.choose(self._start.mode)
        for name in FIELDS:
            field, old, new = self.query_one(f"#{name}", Input), getattr(before, name), getattr(self._start, name)
            if field.value == old != new:
                field.value = new
                field.select_all()
        self._recompute()

    def _present(self) -> Form:
        back = self._force is not None and self._force.allowed.until_back
        return form_of(self._session, self._clock.wall(), self._look.zone, until_back=back)

    @property
    def _form(self) -> Form:
        texts = {name: self.query_one(f"#{name}", Input).value for name in FIELDS}
        return Form(self.query_one(ModeChoice).mode, **texts)

    @property
    def budget(self) -> Budget:
        """What is typed now."""
        return read(self._form, self._clock.wall(), self._look.zone)

    # -- lines ---------------------------------------------------------------------------------------------------

    def _beside(self, name: str, width: int) -> tuple[Line, ...]:
        now, zone = self._clock.wall(), self._look.zone
        said = budget_form.note(name, self._session, self._form, self.budget, now, zone, width - 1)
        role: Role = "bad" if said == budget_form.WRONG else "dim"
        return ((Piece(" " * (width - cell_len(said))), Piece(said, role)),)

    def _below(self, name: str, width: int) -> tuple[Line, ...]:
        """Of several errors the one where the cursor is is told, else the first."""
        budget, now, zone = self.budget, self._clock.wall(), self._look.zone
        wide = self._layout.wide
        if name in budget.errors and name != self._told(budget):
            return ()
        rows = 2 if wide or self._layout.roomy or name in budget.errors else 1
        indent = LABEL_CELLS + 1 if wide else 0
        force = self._force if wide else None
        lines = budget_form.below(name, budget, now, zone, width - indent, rows=rows, force=force)
        return tuple((Piece(" " * indent), *line) for line in lines) if wide else lines

    def _told(self, budget: Budget) -> str:
        """The field whose error is told; '' without one."""
        here = self.focused.id if self.focused is not None and self.focused.id in budget.errors else None
        return here or next((name for name in FIELDS if name in budget.errors), "")

    def _dearest(self, width: int, height: int) -> tuple[Line, ...]:
        """What this sheet does not set, where there is room for it."""
        if self._force is None or not self._layout.wide:
            return ()
        return (budget_form.dearest(self._force, width),)

    def _policy(self, width: int, height: int) -> tuple[Line, ...]:
        view = policy_view(self._session, self._clock.wall(), self._look.zone, width, roomy=self._layout.roomy)
        if not self._layout.wide:
            return view
        return ((Piece("what it would do", "strong"),), *view)

    def _lines(self, width: int, height: int) -> tuple[Line, ...]:
        left = None if self._force is None else self._force.day_left
        now, zone = self._clock.wall(), self._look.zone
        return consequence(self._session, self.budget, now, zone, width, height, left)

    def _keys(self, width: int, height: int) -> tuple[Line, ...]:
        return keys(
            enter_key(self._look.ascii_only),
            width,
            wrong=self._told(self.budget),
            own=self._force is not None and SESSION in self._force.allowed.origins.values(),
            warned=self._form == self._warned,
        )

    # -- keys ----------------------------------------------------------------------------------------------------

    def action_step(self, step: int) -> None:
        """To the next field, or the one before."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    @on(Input.Submitted)
    def action_apply(self) -> None:
        """Hand the budget back if it is valid; else go to what is wrong."""
        budget = self.budget
        if wrong := self._told(budget):
            self.query_one(f"#{wrong}").focus()
            return
        wanted = BudgetWanted(
            self._session.id, self._called, budget.mode, budget.pings, budget.usd, budget.until, budget.until_back
        )
        left = None if self._force is None else self._force.day_left
        wanted.said = budget_said(wanted, self._clock.wall(), self._look.zone, self._session, left)
        self.dismiss(wanted)

    def on_click(self, event: Click) -> None:
        """A click beside it leaves, unless that would lose what was typed."""
        if event.widget is self and self._form != self._start:
            self._warned = self._form
            self.query_one(SheetKeys).renew()
        elif event.widget is self:
            self.dismiss(None)

    def action_default(self) -> None:
        """Drop the session's own budget: the defaults hold again."""
        self.dismiss(DefaultWanted(self._session.id, self._called))

    def action_cancel(self) -> None:
        """Leave without a change."""
        self.dismiss(None)
