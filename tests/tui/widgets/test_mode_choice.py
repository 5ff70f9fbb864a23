"""The three modes in one line."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult

from store.models import BudgetMode
from tui.widgets.line_view import PAINTS
from tui.widgets.mode_choice import ModeChoice


class Chosen(App[None]):
    """One choice, and what it told."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(PAINTS)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[BudgetMode] = []

    def compose(self) -> ComposeResult:
        yield ModeChoice(BudgetMode.AUTO)

    def on_mode_choice_changed(self) -> None:
        self.told.append(self.query_one(ModeChoice).mode)


async def test_keys_choose_and_stop_at_the_ends() -> None:
    app = Chosen()
    async with app.run_test(size=(36, 3)) as pilot:
        app.query_one(ModeChoice).focus()
        await pilot.press("l", "right", "h", "left", "left")
    assert app.told == [BudgetMode.HOLD, BudgetMode.HOLD, BudgetMode.AUTO, BudgetMode.OFF, BudgetMode.OFF]


async def test_the_mouse_chooses_what_it_points_at() -> None:
    app = Chosen()
    async with app.run_test(size=(36, 3)) as pilot:
        for x in (13, 6, 1, 30):  # hold, auto, off, nothing
            await pilot.click(ModeChoice, offset=(x, 0))
    assert app.told == [BudgetMode.HOLD, BudgetMode.AUTO, BudgetMode.OFF]


async def test_what_a_mode_comes_to_stands_at_its_right() -> None:
    app = Chosen()
    async with app.run_test(size=(36, 3)) as pilot:
        choice = app.query_one(ModeChoice)
        assert choice.render_line(0).text == " off  auto  hold   while a ping pays"
        await pilot.resize_terminal(32, 3)
        assert choice.render_line(0).text.rstrip() == " off  auto  hold   while it pays"
