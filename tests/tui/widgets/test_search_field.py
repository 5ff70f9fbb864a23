"""Letters until Enter or Esc, keys from then on."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Input

from tests.tui.gallery import gallery
from tui.screens.keyed import KeyedScreen
from tui.widgets.search_field import SearchField


class Fields(App[None]):
    """The field alone; what it lets through is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[str] = []
        self.submitted: list[str] = []

    def compose(self) -> ComposeResult:
        yield SearchField(id="one")

    def on_key(self, event: Key) -> None:
        self.passed.append(event.key)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.submitted.append(event.value)


@pytest.mark.parametrize(("leave", "submitted"), [("enter", ["ab"]), ("escape", [])])
async def test_letters_are_letters_until_it_is_left(leave: str, submitted: list[str]) -> None:
    app = Fields()
    async with app.run_test() as pilot:
        field = app.query_one(SearchField)
        field.type_here()
        await pilot.press("a", "b")
        assert (field.value, app.passed) == ("ab", [])
        await pilot.press(leave, "n", "enter")
        assert field.value == "ab"
        assert app.passed[-2:] == ["n", "enter"], "for the screen"
        assert app.submitted[: len(submitted)] == submitted
        assert not field.typing


@pytest.mark.parametrize("open_history", [False, True])
async def test_a_word_and_enter_in_one_burst_leave_it(open_history: bool) -> None:
    one = gallery()
    async with one.run(60, 30) as pilot:
        if open_history:
            await one.press(pilot, "H")
        for key, character in (("slash", "/"), *((letter, letter) for letter in "api"), ("enter", "\r")):
            one.app.post_message(Key(key, character))
        await one.settle(pilot)
        screen = one.app.screen
        assert isinstance(screen, KeyedScreen)
        assert screen.field is not None
        assert (screen.field.value, screen.field.typing, screen.has_class("-finding")) == ("api", False, False)
        await one.press(pilot, "j")
        assert screen.field.value == "api", "a key again"
