"""off, auto, hold in one line: left and right choose, or the mouse."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Key
from textual.message import Message

from store.models import BudgetMode
from tui.budget_form import MODES, mode_note
from tui.lines import Line, Piece, spread
from tui.widgets.line_view import LineView
from tui.widgets.own_keys import run_own


class ModeChoice(LineView, can_focus=True):
    """Its mode is what was chosen last; what a mode comes to stands at its right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "before", show=False),
        Binding("right,l,space", "step(1)", "next", show=False),
    ]

    class Changed(Message):
        """Another mode was chosen."""

    def __init__(self, mode: BudgetMode) -> None:
        super().__init__(self._draw, id="mode")
        self.mode = mode

    def choose(self, mode: BudgetMode) -> None:
        """From now on this one."""
        self.mode = mode
        self.renew()
        self.post_message(self.Changed())

    def action_step(self, step: int) -> None:
        """Choose the neighbour, stopping at the ends."""
        self.choose(MODES[min(len(MODES) - 1, max(0, MODES.index(self.mode) + step))])

    async def on_key(self, event: Key) -> None:
        await run_own(self, event)

    def on_click(self, event: Click) -> None:
        start = 0
        for mode in MODES:
            start += len(mode) + 2
            if event.x < start:
                self.choose(mode)
                return

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        names = tuple(Piece(f" {mode} ", "choice" if mode is self.mode else "dim") for mode in MODES)
        said = mode_note(self.mode, width - sum(len(name.text) for name in names) - 1)
        return (spread(names, (Piece(said, "dim"),), width),)
