"""Keys in a burst are handled in the order in which they were typed."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Input

from tui.widgets.own_keys import Field


class Two(App[None]):
    """Two fields."""

    BINDINGS = [("f1", "note", "not the field's")]  # noqa: RUF012 (Textual declares it per instance)

    def __init__(self) -> None:
        super().__init__()
        self.notes = 0

    def compose(self) -> ComposeResult:
        yield Field("old", id="one", compact=True)
        yield Field(id="two", compact=True)

    def action_note(self) -> None:
        self.notes += 1

    def values(self) -> list[str]:
        return [field.value for field in self.query(Input)]


async def test_a_deletion_comes_before_the_letter_typed_after_it() -> None:
    app = Two()
    async with app.run_test() as pilot:
        for key in ("end", "x", "backspace", "y", "home", "z"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert app.values() == ["zoldy", ""]


async def test_the_next_field_gets_its_own_deletion() -> None:
    app = Two()
    async with app.run_test() as pilot:
        app.query_one("#two", Input).focus()
        await pilot.press("a", "b")
        app.post_message(Key("backspace", None))
        app.call_next(app.query_one("#one").focus)
        await pilot.pause()
        await pilot.pause()
        assert app.values() == ["old", "a"]


async def test_other_keys_go_on_their_way() -> None:
    app = Two()
    async with app.run_test() as pilot:
        await pilot.press("f1")
        assert app.notes == 1
