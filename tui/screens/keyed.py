"""A screen whose keys are looked up in the catalogue: an action is carried out under its name, or it says why not."""

from __future__ import annotations

from textual.events import Key
from textual.screen import Screen

from tui.actions import BY_NAME, CATALOGUE, Moment
from tui.look import Look
from tui.widgets.search_field import SearchField

KEYS = {key: action.name for action in CATALOGUE for key in action.keys}
WHILE_FINDING = frozenset({"up", "down", "page_up", "page_down", "back"})
"""What keys without a letter still do while somebody types into the field."""


class KeyedScreen(Screen[None]):
    """Every action that the screen knows is a method `_do_NAME`; `-finding` is set while somebody types."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    @property
    def moment(self) -> Moment:
        """What actions are judged by now."""
        raise NotImplementedError

    @property
    def field(self) -> SearchField:
        """Where a person types what to find."""
        raise NotImplementedError

    def say(self, text: str, *, bad: bool = False) -> None:
        """One line in the footer's place for four seconds."""
        raise NotImplementedError

    def on_key(self, event: Key) -> None:
        """Look the key up in the catalogue, here and now.

        Not by bindings: those run one message later, so that in `/dep` typed fast the `p` would still be a ping.
        """
        if self.app.screen is not self:
            event.stop()  # typed for a sheet that was about to open
            return
        finding = self.field.typing
        if finding and event.is_printable and event.character:
            self.field.insert_text_at_cursor(event.character)
            event.stop()
            return
        name = KEYS.get(event.key)
        if name is not None and (not finding or name in WHILE_FINDING):
            event.stop()
            self.action_do(name)

    def action_do(self, name: str) -> None:
        """Carry out an action of the catalogue, or say why it does not apply."""
        reason = BY_NAME[name].reason_not(self.moment)
        if reason is not None:
            self.say(reason)
            return
        getattr(self, f"_do_{name}")()

    def _do_help(self) -> None:
        from tui.screens.help import HelpSheet

        self.app.push_screen(HelpSheet(self._look))

    def _do_quit(self) -> None:
        self.app.exit()
