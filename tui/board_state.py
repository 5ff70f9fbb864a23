"""What the board shows and where the cursor is, as a plain object beside the widgets.

It owns the one rule about order: rows move when the ranking changed (a state, or the moment an entry goes cold), and
never within two seconds of a key, so that nobody presses `p` on a row that just slid away. And the one about the
cursor: it stands on what needs a person most until somebody has touched anything, and stays on its session from then
on. It knows no widget, no store and no clock of its own.
"""

from __future__ import annotations

from store.models import BoardView, NextPing, SessionView
from tui import facts
from tui.board import FOLD_ID
from tui.board_order import ENDED, Order, Section, arrange

KEY_QUIET_SECONDS = 2.0


class BoardState:
    """The board's data, order, filter and selection. Times: `now` is wall clock, `at` monotonic, in seconds."""

    def __init__(self) -> None:
        self.view = BoardView()
        self.loaded = False
        self.sections: tuple[Section, ...] = ()
        self.sessions: dict[str, SessionView] = {}
        self.names: dict[str, str] = {}
        self.selected_id: str | None = None
        self.order = Order.NEED
        """What the list is sorted by; `reorder_by` changes it."""
        self.query = ""
        self.unfolded = False
        self._last_key = float("-inf")
        self._untouched = True
        """Nobody has pressed or clicked anything yet: the cursor is where the list begins, and nobody's choice."""
        self._left_off: str | None = None
        """Where the cursor was before a filter was typed, until that is given up or what it found is taken."""

    @property
    def selected(self) -> SessionView | None:
        """The session under the cursor."""
        return self.sessions.get(self.selected_id or "")

    @property
    def ids(self) -> tuple[str, ...]:
        """Everything the cursor can stand on, top to bottom."""
        return _places(self.sections)

    @property
    def ended(self) -> tuple[SessionView, ...]:
        """What the folded section counts."""
        listed = {one for section in self.sections if section.key == ENDED for one in section.ids}
        over = (one for one in self.sessions.values() if facts.is_ended(one))
        return tuple(one for one in over if one.id in listed or not self.query)

    @property
    def next_pings(self) -> tuple[NextPing, ...]:
        """Of what is listed: a filter leaves out the others'."""
        shown = self.ids
        return tuple(one for one in self.view.next_pings if not self.query or one.session_id in shown)

    def load(self, view: BoardView, now: float, at: float) -> None:
        """Take a new view from the feed."""
        self.view, self.loaded = view, True
        self.sessions = {session.id: session for session in (*view.sessions, *view.ended_today)}
        self.names = facts.names(view)
        self.settle(now, at)

    def settle(self, now: float, at: float) -> bool:
        """Bring the order up to date if it may change now; True when anything moved."""
        before = self.sections
        fresh = arrange(self.view, now, self.query, self.unfolded, self.order)
        if fresh != before:
            # While held the next tick tries again.
            held = bool(before) and at - self._last_key < KEY_QUIET_SECONDS
            self.sections = self._patched(fresh) if held else fresh
        self._keep_cursor(before)
        return self.sections != before

    def key(self, at: float) -> None:
        """A key was pressed, or a button of the mouse: rows stay where they are for a moment."""
        self._last_key, self._untouched = at, False

    def move(self, step: int) -> None:
        """Move the cursor by rows, stopping at the ends."""
        self._untouched = False
        ids = self.ids
        if ids:
            index = ids.index(self.selected_id) if self.selected_id in ids else 0
            self.selected_id = ids[min(len(ids) - 1, max(0, index + step))]

    def find(self, query: str, now: float) -> None:
        """Show only sessions that match, the cursor on one of them: its own, the one it came from, or the first that
        is open. Without a query it goes back to where it came from."""
        if query and self._left_off is None:
            self._left_off = self.selected_id
        self.query = query
        stood = self.selected_id
        self._reorder(now)
        if not query:
            back, self._left_off = self._left_off, None
            self.selected_id = back if back in self.ids else self.selected_id
        elif stood == FOLD_ID or stood not in self.ids:
            found = [one for section in self.sections for one in section.ids]
            self.selected_id = self._left_off if self._left_off in found else next(iter(found), None)

    def take_found(self) -> None:
        """What a filter found is what was wanted: the cursor stays there when the filter ends."""
        self._left_off = None

    def fold(self, now: float) -> None:
        """Show or hide the sessions that ended today."""
        self.unfolded = not self.unfolded
        self._reorder(now)

    def reorder_by(self, order: Order, now: float) -> None:
        """Sort by something else: at once, with the cursor on its session."""
        self.order = order
        self._reorder(now)

    def next_order(self, now: float) -> Order:
        """Sort by what comes next; returns what that is."""
        self.reorder_by(self.order.following, now)
        return self.order

    def _reorder(self, now: float) -> None:
        self._untouched = False
        # The key that asked for it is no reason to wait, but what it brought stays for as long as after any key.
        pressed, self._last_key = self._last_key, float("-inf")
        self.settle(now, 0.0)
        self._last_key = pressed

    def _patched(self, fresh: tuple[Section, ...]) -> tuple[Section, ...]:
        """The old order without the sessions that are gone, new ones at the end of their section, new sections last.

        Rows stay, and headings with them: each counts the rows that stand under it.
        """
        alive = {one for section in fresh for one in section.ids}
        known = {one for section in self.sections for one in section.ids}
        new = {section.key: section for section in fresh}
        old = {section.key: section for section in self.sections}
        patched = []
        for key in sorted({**old, **new}, key=lambda key: key == ENDED):
            stay = tuple(one for one in (old[key].ids if key in old else ()) if one in alive)
            come = tuple(one for one in (new[key].ids if key in new else ()) if one not in known)
            if key == ENDED and key in new:
                patched.append(new[key]._replace(ids=stay + come))  # (folded it shows none of those it counts)
            elif stay or come:
                patched.append((new.get(key) or old[key])._replace(ids=stay + come, total=len(stay + come)))
        return tuple(patched)

    def _keep_cursor(self, before: tuple[Section, ...]) -> None:
        """The cursor stays on its session; if that is gone, on what took its place. Untouched it stands on the first
        one of a list by need."""
        ids = self.ids
        if self._untouched and self.order is Order.NEED:
            self.selected_id = next(iter(ids), None)
        if self.selected_id in ids:
            return
        old = _places(before)
        place = old.index(self.selected_id) if self.selected_id in old else 0
        self.selected_id = ids[min(place, len(ids) - 1)] if ids else None


def _places(sections: tuple[Section, ...]) -> tuple[str, ...]:
    """Where a cursor can stand, top to bottom."""
    ids: list[str] = []
    for section in sections:
        ids += [FOLD_ID, *section.ids] if section.key == ENDED else section.ids
    return tuple(ids)
