"""Letters until Enter or Esc, keys from then on."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Input

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
