"""All keys by what they are about, with the reason where one does nothing now, and what the marks on the board mean."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Click, Key, Resize
from textual.screen import ModalScreen

from tui.actions import CATALOGUE, GROUPS
from tui.coarse import FULL
from tui.format import wrap
from tui.key_names import arrived
from tui.keymap import Keymap
from tui.lines import BLANK, Line, Piece, Role
from tui.look import Look
from tui.moment import Moment
from tui.widgets.line_view import LineView
from tui.widgets.sheet_keys import SheetKeys

LEAST_KEY_CELLS = 5
AROUND_ROWS = 7
"""Of the screen, that are not the list's: the sheet's edges, its last line, and a line above it."""
FEWEST_ROWS = 3
WRAPPED = 3
SHEET_CELLS, EDGE_CELLS = 64, 4
"""Width of the sheet at most, and what its edges take of it."""
CLOSING = frozenset({"help", "back", "open", "quit"})
MARKS = (
    ("●", "waits for you, still warm"),
    ("◆", "asks permission"),
    ("▸", "running"),
    ("○", "cold or changed: too late"),
    ("↻", "pings: sent of allowed"),
    ("▲", "dear when it is cold"),
    ("▼", "went cold, written again"),
    ("✗", "a command failed"),
    ("╳", "prefix changed, written again"),
)
HEADINGS = frozenset({*GROUPS, "marks"})
AREAS: tuple[tuple[Role, str], ...] = (("read", "read from the cache"), ("cold", "written to the cache"))


def help_lines(keymap: Keymap, moment: Moment, width: int, *, ascii_only: bool = False) -> tuple[Line, ...]:
    """The catalogue group by group, then the marks, in `width` cells."""
    listed = {action.name: keymap.listed(action.name, ascii_only=ascii_only) for action in CATALOGUE}
    column = max(LEAST_KEY_CELLS, *map(len, listed.values()))
    lines: list[Line] = []
    for group in GROUPS:
        actions = [action for action in CATALOGUE if action.group == group]
        reasons = [action.reason_not(moment) for action in actions]
        lines += [BLANK] if lines else []
        lines.append((Piece(group, "strong"),))
        for action, reason, after in zip(actions, reasons, [*reasons[1:], None], strict=True):
            lines += _row(listed[action.name], action.help, column, width, applies=reason is None)
            if reason != after:  # what stands against several in a row is said once, below them
                lines += _why(reason, column, width)
    lines += [BLANK, (Piece("marks", "strong"),)]
    for mark, what in MARKS:
        lines += _row(mark, what, column, width)
    for role, what in AREAS:
        first, *more = _row("", what, column, width)
        lines += [(Piece(f"{FULL:<{column}} ", role), *first[1:]), *more]
    return tuple(lines)


def _why(reason: str | None, column: int, width: int) -> list[Line]:
    room = width - column - 1
    said = wrap(f"not now: {reason}", room, WRAPPED) if reason is not None else []
    return [(Piece(" " * (column + 1) + text, "dim"),) for text in said]


def _row(key: str, what: str, column: int, width: int, *, applies: bool = True) -> list[Line]:
    """The key and, in as many lines as it takes, what it does."""
    first, *more = wrap(what, width - column - 1, WRAPPED)
    head: Line = (Piece(f"{key:<{column}} ", "strong" if applies else "dim"), Piece(first, "fg" if applies else "dim"))
    return [head, *((Piece(" " * (column + 1) + text, "fg" if applies else "dim"),) for text in more)]


def whole_rows(lines: Sequence[Line], rows: int) -> int:
    """So many of these rows that no heading stands alone at the end of what is seen first."""
    while FEWEST_ROWS < rows < len(lines) and (not lines[rows - 1] or lines[rows - 1][0].text in HEADINGS):
        rows -= 1
    return rows


class HelpSheet(ModalScreen[None]):
    """The keys of help, back, open and quit close it, and always Esc; those that move scroll it."""

    def __init__(self, look: Look, keymap: Keymap, moment: Moment) -> None:
        super().__init__(classes="sheet -ascii" if look.ascii_only else "sheet")
        self._look, self._keymap, self._moment = look, keymap, moment
        self._list = LineView(self._lines, id="help-lines", ascii_only=look.ascii_only)

    def compose(self) -> ComposeResult:
        with Vertical(id="sheet") as sheet:
            sheet.border_title = Text("keys")
            yield self._list
            yield SheetKeys(self._foot, {"esc": "dismiss"}, ascii_only=self._look.ascii_only)
        self._lay_out(self.app.size.height)

    def on_resize(self, event: Resize) -> None:
        self._lay_out(event.size.height)

    def on_key(self, event: Key) -> None:
        """Every key ends here."""
        event.stop()
        event.prevent_default()
        page = max(1, self._list.size.height - 1)
        steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -1000, "last": 1000}
        name = self._keymap.by_key.get(arrived(event.key, event.character), "")
        if name in CLOSING:
            self.dismiss()
        elif name in steps:
            self._list.scroll_relative(y=steps[name], animate=False, immediate=True)

    def on_click(self, event: Click) -> None:
        """A click beside it closes it."""
        if event.widget is self:
            self.dismiss()

    def _lay_out(self, height: int) -> None:
        rows = max(FEWEST_ROWS, height - AROUND_ROWS)
        lines = self._lines(min(SHEET_CELLS, self.app.size.width) - EDGE_CELLS, rows)
        self._list.styles.max_height = whole_rows(lines, rows)

    def _lines(self, width: int, height: int) -> tuple[Line, ...]:
        return help_lines(self._keymap, self._moment, width, ascii_only=self._look.ascii_only)

    def _foot(self, width: int, height: int) -> tuple[Line, ...]:
        keys = self._keymap.first(ascii_only=self._look.ascii_only)
        scroll = " ".join(keys[name] for name in ("up", "down") if name in keys)
        pairs: Sequence[tuple[str, str]] = (("esc", "close"), *(((scroll, "scroll"),) if scroll else ()))
        return (tuple(piece for key, word in pairs for piece in (Piece(key, "strong"), Piece(f" {word}  ", "dim"))),)
