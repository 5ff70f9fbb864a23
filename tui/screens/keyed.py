"""A screen whose keys are looked up in the keymap: an action is carried out under its name, or it says why not."""

from __future__ import annotations

from textual import on
from textual.events import Click, Key, ScreenResume, ScreenSuspend
from textual.screen import Screen
from textual.widget import Widget

from tui.actions import BY_NAME
from tui.key_names import arrived
from tui.keymap import Keymap
from tui.look import Look
from tui.messages import Mishap
from tui.moment import Moment
from tui.orders import KeeperWanted
from tui.widgets.footer_bar import FooterBar
from tui.widgets.line_view import BEHIND, LineView
from tui.widgets.search_field import SearchField
from tui.widgets.session_pane import SessionPane

FAR = 10_000_000
"""More rows or lines than there are."""
WHILE_FINDING = frozenset({"up", "down", "page_up", "page_down", "back"})
"""What keys without a letter still do while somebody types into the field."""
AT_FIELD = frozenset({"enter", "tab", "shift+tab"})
"""What is the field's own while somebody types."""
LEAVE_FIELD = "leave-field"
"""What a click on Enter comes to in the footer's line for that time."""


class KeyedScreen(Screen[None]):
    """Every action that the screen knows is a method `_do_NAME`."""

    def __init__(self, look: Look, keymap: Keymap) -> None:
        super().__init__()
        self._look, self._keymap = look, keymap
        self._pressed = ""
        """The key that is being carried out."""
        self._keys = keymap.first(ascii_only=look.ascii_only)
        """The key of each action as it is shown."""

    @property
    def moment(self) -> Moment:
        """What actions are judged by now."""
        raise NotImplementedError

    @property
    def field(self) -> SearchField | None:
        """Where a person types what to find."""
        return None

    @property
    def there(self) -> bool:
        """Whether its parts are on the screen; timers and readings may come before that, and while the app closes."""
        return self.is_mounted and self.is_attached and {"header", "footer"} <= {part.id for part in self.children}

    def say(self, text: str, *, bad: bool = False) -> None:
        """One line in the footer's place for four seconds."""
        if self.there:
            self.query_one(FooterBar).say(text, bad=bad)

    def on_screen_suspend(self, event: ScreenSuspend) -> None:
        self._leave_field()
        self.add_class(BEHIND)
        self._repaint()

    def on_screen_resume(self, event: ScreenResume) -> None:
        self.remove_class(BEHIND)
        self._repaint()

    def _repaint(self) -> None:
        for view in self.query(LineView):
            view.refresh()

    def on_key(self, event: Key) -> None:
        """Look the key up, here and now.

        Not by bindings: those run one message later, so that in `/dep` typed fast the `p` would still be a ping.
        """
        if self.app.screen is not self:
            event.stop()  # typed for a sheet that was about to open
            return
        field = self.field
        finding = field is not None and field.typing
        if field is not None and finding and event.is_printable and event.character:
            field.insert_text_at_cursor(event.character)
            event.stop()
            return
        if field is not None and finding and event.key in AT_FIELD:
            event.stop()  # the field has not got the focus (yet)
            if event.key == "enter":
                field.enter()
            return
        name = self._keymap.by_key.get(arrived(event.key, event.character))
        if name is not None and (not finding or name in WHILE_FINDING):
            event.stop()
            event.prevent_default()
            self._pressed = arrived(event.key, event.character)
            self.action_do(name)

    @on(Click)
    def _clicked_beside(self, event: Click) -> None:
        """Whoever goes elsewhere with the mouse has typed what he wanted."""
        if self.field is not None and self.field.typing and event.widget is not self.field:
            self._leave_field()

    def _leave_field(self) -> None:
        """The one way out of the field: letters are keys again, and what was typed stays."""
        if self.field is None or not (self.field.typing or self.has_class("-finding")):
            return
        self.field.hand_over()
        self.remove_class("-finding")
        self.field_left()

    def field_left(self) -> None:
        """Nobody types any more: the focus belongs to what was found."""

    def _focus_on(self, found: Widget) -> None:
        """A hidden list cannot have the focus, and the field must not keep it. Later, as the field got it later."""
        self.app.call_later(self.set_focus, found if found.display else None)

    @on(FooterBar.Clicked)
    def _footer_clicked(self, event: FooterBar.Clicked) -> None:
        if event.action == LEAVE_FIELD:
            self._leave_field()
        else:
            self.action_do(event.action)

    def action_do(self, name: str) -> None:
        """Carry out an action of the catalogue, or say why it does not apply."""
        reason = BY_NAME[name].reason_not(self.moment)
        if reason is not None:
            self.say(reason)
            return
        try:
            getattr(self, f"_do_{name}")()
        except Exception as error:  # any fault of ours: a screen's loop ends with it; the app tells it and goes on
            self.post_message(Mishap(error))

    # -- what every such screen has: something to move in, and tabs ----------------------------------------------

    def _move(self, step: int) -> None:
        """By rows or lines, stopping at the ends."""
        raise NotImplementedError

    @property
    def _page_step(self) -> int:
        raise NotImplementedError

    def _turn_over(self, step: int) -> None:
        """To the tab so many after the present one."""
        raise NotImplementedError

    def _turn_to(self, index: int) -> None:
        """To the tab of this number, from 0; where there are fewer, to the last one."""
        raise NotImplementedError

    def _do_up(self) -> None:
        self._move(-1)

    def _do_down(self) -> None:
        self._move(1)

    def _do_page_up(self) -> None:
        self._move(-self._page_step)

    def _do_page_down(self) -> None:
        self._move(self._page_step)

    def _do_first(self) -> None:
        self._move(-FAR)

    def _do_last(self) -> None:
        self._move(FAR)

    def _do_tab(self) -> None:
        self._turn_over(1)

    def _do_tab_back(self) -> None:
        self._turn_over(-1)

    @on(SessionPane.TabClicked)
    def _tab_clicked(self, event: SessionPane.TabClicked) -> None:
        self._turn_to(event.index)

    def _do_tab_at(self) -> None:
        keys = self._keymap.keys["tab_at"]
        if self._pressed in keys:
            self._turn_to(keys.index(self._pressed))

    def _do_keeper(self) -> None:
        self.post_message(KeeperWanted())

    def _do_palette(self) -> None:
        self.app.action_command_palette()

    def _do_help(self) -> None:
        from tui.screens.help import HelpSheet

        self.app.push_screen(HelpSheet(self._look, self._keymap, self.moment))

    def _do_quit(self) -> None:
        self.app.exit()
