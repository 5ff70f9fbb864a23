"""What the history shows and where the cursor is, as a plain object beside the widgets.

It holds one list at a time: sessions (ids, with what their rows say as far as that was read), or turns that were found.
The cursor stays on its row when the same list is read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from store.history import Overview, Place, SessionLine
from store.models import TurnView
from store.search import Hit
from tui.history_feed import OpenedSession
from tui.history_query import Query

KEPT_SESSIONS = 4
"""So many opened sessions are remembered: a cursor goes back and forth. Each is there with the texts of all turns."""
LINES_KEPT = 2_000
"""So many rows of sessions are remembered."""

Key = tuple[str, int | None]
"""A session, and the number of the turn that was found in it."""


@dataclass(frozen=True)
class Results:
    """The answer to a query."""

    query: Query = field(default_factory=Query)
    places: tuple[Place, ...] = ()
    hits: tuple[Hit, ...] = ()
    limit: int = 0
    """Of the search: with so many hits there may be more."""
    complete: bool = True
    """False when time ran out: only the newest turns were looked at."""

    @property
    def times(self) -> tuple[float | None, ...]:
        """When each row was."""
        return tuple(hit.at for hit in self.hits) if self.query.of_turns else tuple(one.at for one in self.places)

    @property
    def may_grow(self) -> bool:
        """Whether asking for more could find more."""
        return bool(self.hits) and len(self.hits) >= self.limit

    def __len__(self) -> int:
        return len(self.hits) if self.query.of_turns else len(self.places)

    def key(self, row: int) -> Key:
        """Whose a row is."""
        if self.query.of_turns:
            return self.hits[row].session, self.hits[row].turn
        return self.places[row].session, None


class HistoryState:
    """The list, its cursor, and what was read for it."""

    def __init__(self) -> None:
        self.loaded = False
        self.overview = Overview()
        self.results = Results()
        self.cursor = 0
        self.lines: OrderedDict[str, SessionLine] = OrderedDict()
        self.opened: OrderedDict[str, OpenedSession] = OrderedDict()

    @property
    def key(self) -> Key | None:
        """Whose the cursor's row is."""
        return self.results.key(self.cursor) if self.cursor < len(self.results) else None

    @property
    def session(self) -> OpenedSession | None:
        """The cursor's session, if it was read."""
        return self.opened.get(self.key[0]) if self.key else None

    @property
    def turn(self) -> TurnView | None:
        """The cursor's turn, if its session was read."""
        if self.session is None or self.key is None:
            return None
        return next((one for one in self.session.detail.turns if one.n == self.key[1]), None)

    def show(self, results: Results, *, afresh: bool) -> None:
        """Take the answer to a query. `afresh`: another question, so the cursor begins at the newest row."""
        before, place = self.key, self.cursor
        self.results, self.loaded = results, True
        if afresh:
            self.cursor = 0
        elif before is not None:
            keys = (row for row in range(len(results)) if results.key(row) == before)
            self.cursor = next(keys, min(place, max(0, len(results) - 1)))

    def says(self, results: Results, lines: Iterable[SessionLine]) -> bool:
        """Whether this is what is shown already."""
        return results == self.results and all(self.lines.get(line.id) == line for line in lines)

    def move(self, step: int) -> None:
        """Move the cursor by rows, stopping at the ends."""
        self.cursor = min(max(0, len(self.results) - 1), max(0, self.cursor + step))

    def keep_lines(self, lines: Iterable[SessionLine]) -> None:
        """Remember what rows say, the newest readings longest."""
        for line in lines:
            self.lines[line.id] = line
            self.lines.move_to_end(line.id)
        while len(self.lines) > LINES_KEPT:
            self.lines.popitem(last=False)

    def keep_opened(self, session_id: str, opened: OpenedSession) -> None:
        """Remember a session that was read."""
        self.opened[session_id] = opened
        self.opened.move_to_end(session_id)
        while len(self.opened) > KEPT_SESSIONS:
            self.opened.popitem(last=False)

    def forget_read(self) -> None:
        """The store may have changed: sessions are read again when they are next wanted. The cursor's stays until then,
        so that nothing blinks."""
        self.lines.clear()
        kept = self.session
        self.opened.clear()
        if kept is not None:
            self.opened[kept.detail.id] = kept
