"""A field in which letters are letters until Enter or Esc is pressed, and keys from then on.

Both take effect where the key arrives. The focus moves some messages later, and what is typed in between would still
end up in the field: `n` after Enter is the next match, however fast it comes.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Key
from textual.message import Message
from textual.widgets import Input


class SearchField(Input):
    """Its screen reads Input.Changed and Input.Submitted, and sets `typing` when it hands the keys over."""

    @dataclass
    class Clicked(Message):
        """Somebody wants to type here."""

    def __init__(self, *, id: str, placeholder: str = "") -> None:
        super().__init__(id=id, compact=True, select_on_focus=False, placeholder=placeholder)
        self.typing = False

    def type_here(self) -> None:
        """Letters go into the field from now on."""
        self.typing = True
        self.focus()

    def on_click(self) -> None:
        """The screen decides, as it does for the key."""
        self.post_message(self.Clicked())

    def on_input_submitted(self) -> None:
        """Also when Enter came as one burst with the word: then the library takes it, and not `on_key`."""
        self.typing = False

    def on_key(self, event: Key) -> None:
        """Before the field's own handling, which `prevent_default` leaves out; the screen gets what is not stopped."""
        if not self.typing:
            event.prevent_default()
        elif event.key == "enter":
            self.typing = False
            event.prevent_default()
            event.stop()
            self.post_message(self.Submitted(self, self.value))
        elif event.key == "escape":
            self.typing = False
