"""A field in which letters are letters until Enter or Esc is pressed, and keys from then on.

Both take effect where the key arrives. The focus moves some messages later, and what is typed in between would still
end up in the field: `n` after Enter is the next match, however fast it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.events import Key
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

Completed = Callable[[str], str | None]
"""The whole text with its end written out; None where there is nothing to offer."""


class _Offer(Suggester):
    """What may be offered changes with the store, so nothing is remembered."""

    def __init__(self, completed: Completed) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._completed = completed

    async def get_suggestion(self, value: str) -> str | None:
        return self._completed(value)


class SearchField(Input):
    """Its screen reads Input.Changed and Input.Submitted, and calls `type_here` and `hand_over`.

    What could follow stands dim behind the text, where the screen has something to offer; Right, End or Tab takes it.
    """

    @dataclass
    class Clicked(Message):
        """Somebody wants to type here."""

    def __init__(self, *, id: str, placeholder: str = "", completed: Completed | None = None) -> None:
        offer = _Offer(completed) if completed is not None else None
        super().__init__(id=id, compact=True, select_on_focus=False, placeholder=placeholder, suggester=offer)
        self.typing = False

    def type_here(self) -> None:
        """Letters go into the field from now on."""
        self.typing = True
        self.focus()

    def hand_over(self) -> None:
        """Letters are keys again, wherever the focus is."""
        self.typing = False

    def enter(self) -> None:
        """What is typed is meant."""
        self.hand_over()
        self.post_message(self.Submitted(self, self.value))

    def action_end(self, select: bool = False) -> None:
        """At the end already it is what Right is: take what is offered."""
        if self.cursor_at_end and not select:
            self.action_cursor_right()
        else:
            super().action_end(select)

    def on_click(self) -> None:
        """The screen decides, as it does for the key."""
        self.post_message(self.Clicked())

    def on_input_submitted(self) -> None:
        """Also when Enter came as one burst with the word: then the library takes it, and not `on_key`."""
        self.hand_over()

    def on_key(self, event: Key) -> None:
        """Before the field's own handling, which `prevent_default` leaves out; the screen gets what is not stopped."""
        if not self.typing:
            event.prevent_default()
        elif event.key == "enter":
            event.prevent_default()
            event.stop()
            self.enter()
        elif event.key == "tab":
            event.prevent_default()
            event.stop()
            self.action_end()
        elif event.key == "escape":
            self.hand_over()
