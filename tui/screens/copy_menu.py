"""What can be copied, a key each: the session's own things, then what one of its turns left; h and l turn over.

It returns what was chosen and copies nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Click, Key, Resize
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip

from store.models import SessionView, TurnView
from tui.chrome import key_at
from tui.copying import Copyable, count, of_session, of_turn
from tui.format import clean, cut, cut_left
from tui.glyphs import ASCII, enter_key
from tui.lines import BLANK, Line, Piece, rule, spread
from tui.look import Look
from tui.widgets.line_view import LineView
from tui.widgets.sheet_keys import SheetKeys

WHAT_CELLS, LEAST_LABEL = 7, 9
"""The second column, and how much of the third one must be left for a word at its end."""
AROUND_ROWS = 9
"""Of the screen, that are not the list's: the sheet's edges and keys, and what stays in sight above it."""
FEWEST_ROWS = 3
Row = Copyable | Line
"""Something to choose, or a line between."""


def item_line(item: Copyable, width: int) -> Line:
    """Key, what it is, which one, and at the right end what became of it."""
    room = width - WHAT_CELLS - 3
    aside: Line = ()
    if item.aside and room - len(item.aside) > LEAST_LABEL:
        aside = (Piece(item.aside, "bad" if item.what == "command" else "dim"),)
        room -= len(item.aside) + 1
    which = (cut_left if item.what in ("file", "folder") else cut)(item.label, room)
    left: Line = (Piece(f"{item.key} ", "strong"), Piece(f"{item.what:<{WHAT_CELLS}} ", "dim"), Piece(which))
    return spread(left, aside, width)


def turn_line(number: int, width: int, *, older: bool, newer: bool) -> Line:
    """Whose things stand below, and the keys to the turns beside it."""
    ways = [(Piece(key, "strong"), Piece(f" {word}", "dim")) for key, word, there in _ways(older, newer) if there]
    between: Line = (Piece(" · ", "faint"),) if len(ways) > 1 else ()
    right: Line = (*ways[0], *between, *(ways[1] if between else ())) if ways else ()
    return rule((Piece(f"turn {number}", "dim"),), right, width)


def _ways(older: bool, newer: bool) -> tuple[tuple[str, str, bool], ...]:
    return ("h", "older", older), ("l", "newer", newer)


class CopyList(LineView):
    """The rows, one of them selected."""

    class Chosen(Message):
        """A row was clicked."""

        def __init__(self, item: Copyable) -> None:
            super().__init__()
            self.item = item

    def __init__(self, session: SessionView, turns: Sequence[TurnView], at: int, *, ascii_only: bool) -> None:
        super().__init__(self._draw, id="copy-list", ascii_only=ascii_only)
        self._own = of_session(session)
        self._turns = turns
        self._folder = session.cwd
        self._at = at
        self._left = self._read()
        self._cursor = 0

    @property
    def rows_needed(self) -> int:
        """Lines of the longest turn: the sheet keeps its height while turns go by."""
        return len(self._own) + max((max(1, count(one)) + 2 for one in self._turns), default=0)

    def add_older(self, turns: Sequence[TurnView]) -> bool:
        """The same turns with older ones behind them; returns whether there are more now. What is shown stays."""
        if len(turns) <= len(self._turns):
            return False
        number = self._turns[self._at].n if self._turns else turns[0].n
        self._turns = turns
        self._at = next((index for index, one in enumerate(turns) if one.n == number), 0)
        if not self._left:
            self._left = self._read()
        self._show()
        return True

    @property
    def items(self) -> tuple[Copyable, ...]:
        """What can be chosen now, in order."""
        return (*self._own, *self._left)

    @property
    def selected(self) -> Copyable:
        """What Enter takes."""
        return self.items[self._cursor]

    def move(self, step: int) -> None:
        """The cursor, stopping at the ends."""
        self._cursor = min(len(self.items) - 1, max(0, self._cursor + step))
        self._show()

    def turn_over(self, step: int) -> None:
        """To an older turn (1) or a newer one (-1), stopping at the ends; the cursor stays at that kind of thing."""
        before = self.selected
        self._at = min(max(0, len(self._turns) - 1), max(0, self._at + step))
        self._left = self._read()
        same = [index for index, item in enumerate(self.items) if item.what == before.what]
        self._cursor = same[0] if same else min(self._cursor, len(self.items) - 1)
        self._show()

    def on_resize(self, event: Resize) -> None:
        self.call_after_refresh(self._show)

    def on_click(self, event: Click) -> None:
        row = self._rows(self.size.width)[y] if (y := event.y + self.scroll_offset.y) < self.line_count else BLANK
        if isinstance(row, Copyable):
            self.post_message(self.Chosen(row))
        elif step := {"h": 1, "l": -1}.get(key_at(row, event.x)):
            self.turn_over(step)

    def render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        line = self._lines[y] if y < len(self._lines) else BLANK
        return self.paint(line, ground=y == self._row)

    @property
    def _row(self) -> int:
        """The line of the cursor."""
        return self._cursor + (2 if self._cursor >= len(self._own) else 0)

    def _show(self) -> None:
        self.renew()
        self.refresh()
        height, row = self.size.height, self._row
        if row < self.scroll_offset.y:
            self.scroll_to(y=row, animate=False, immediate=True)
        elif row >= self.scroll_offset.y + height:
            self.scroll_to(y=row + 1 - height, animate=False, immediate=True)

    def _read(self) -> tuple[Copyable, ...]:
        """Of the shown turn alone: a history has thousands."""
        return of_turn(self._turns[self._at], self._folder) if self._turns else ()

    def _rows(self, width: int) -> list[Row]:
        rows: list[Row] = list(self._own)
        if self._turns:
            number, last = self._turns[self._at].n, len(self._turns) - 1
            rows += [BLANK, (Piece(" "), *turn_line(number, width - 1, older=self._at < last, newer=self._at > 0))]
            rows += self._left or [(Piece(" it left nothing to copy", "dim"),)]
        return rows

    def _draw(self, width: int, height: int) -> tuple[Line, ...]:
        chosen = self.selected
        return tuple(
            (Piece("▌", "warm") if row is chosen else Piece(" "), *item_line(row, width - 1))
            if isinstance(row, Copyable)
            else row
            for row in self._rows(width)
        )


class CopyMenu(ModalScreen[Copyable | None]):
    """A thing's key or Enter chooses it, Esc closes."""

    DEFAULT_CSS = "CopyMenu #copy-list { margin: 0 0 1 0; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,y", "dismiss", "close", show=False),
        Binding("enter", "choose", "copy", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("home,pageup", "move(-100)", "first", show=False),
        Binding("end,pagedown", "move(100)", "last", show=False),
        Binding("left,h", "turn(1)", "older turn", show=False),
        Binding("right,l", "turn(-1)", "newer turn", show=False),
    ]

    def __init__(self, session: SessionView, name: str, turns: Sequence[TurnView], look: Look, *, at: int = 0) -> None:
        """`turns`: newest first, as far as they were read; `at`: the one to begin with."""
        super().__init__(classes="sheet -ascii" if look.ascii_only else "sheet")
        self._called, self._look, self._session_id = name, look, session.id
        self._list = CopyList(session, turns, at, ascii_only=look.ascii_only)

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet") as sheet:
            title = f"copy · {cut(clean(self._called), 20)}"
            sheet.border_title = Text(title.translate(ASCII) if self._look.ascii_only else title)  # a name is no markup
            yield self._list
            actions = {enter_key(self._look.ascii_only): "choose", "esc": "dismiss"}
            yield SheetKeys(self._keys, actions, ascii_only=self._look.ascii_only)
        self._lay_out(self.app.size.height)

    def on_resize(self, event: Resize) -> None:
        self._lay_out(event.size.height)

    def on_key(self, event: Key) -> None:
        """The keys of the things themselves."""
        item = next((one for one in self._list.items if one.key == event.character), None)
        if item is not None:
            event.stop()
            self.dismiss(item)

    def on_click(self, event: Click) -> None:
        """A click beside it closes it."""
        if event.widget is self:
            self.dismiss()

    def turns_read(self, session_id: str, turns: Sequence[TurnView]) -> None:
        """More of its session's turns were read than were at hand when it opened; newest first."""
        if session_id == self._session_id and self._list.is_mounted and self._list.add_older(turns):
            self._lay_out(self.app.size.height)

    @on(CopyList.Chosen)
    def _clicked(self, event: CopyList.Chosen) -> None:
        self.dismiss(event.item)

    def action_choose(self) -> None:
        """Take what is selected."""
        self.dismiss(self._list.selected)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self._list.move(step)

    def action_turn(self, step: int) -> None:
        """Show what another turn left."""
        self._list.turn_over(step)

    def _lay_out(self, height: int) -> None:
        self._list.styles.height = max(FEWEST_ROWS, min(self._list.rows_needed, height - AROUND_ROWS))

    def _keys(self, width: int, height: int) -> tuple[Line, ...]:
        enter = enter_key(self._look.ascii_only)
        copy = (Piece(enter, "strong"), Piece(" copy", "dim"), Piece("  "))
        return ((Piece(" "), *copy, Piece("esc", "strong"), Piece(" close", "dim")),)
