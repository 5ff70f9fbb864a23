"""What an action is judged by: where the keys are, what is chosen, and what there is to go to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from store.models import BoardView, SessionView


class HistoryMoment(NamedTuple):
    """Where the history has the keys."""

    rows: int
    searched: bool = False
    """The rows are turns that were found."""
    opened: bool = False


class Moment(NamedTuple):
    """A moment of the screen that has the keys; the board's own where nothing else is said."""

    board: BoardView
    session: SessionView | None
    now: float
    on_fold: bool = False
    """The cursor stands on the folded section."""
    opened: bool = False
    """The session view has the keys."""
    viewed: bool = False
    """The session view is on the screen, opened or beside the list."""
    list_hidden: bool = False
    """The session view stands over the list."""
    leaves: bool = False
    """Esc has something to leave: a filter, the session view, a banner."""
    banner_only: bool = False
    """Only a banner, which says so itself."""
    has_history: bool = False
    """There is a history to open."""
    has_days: bool = False
    """There is a ledger of all days to open."""
    history: HistoryMoment | None = None
    """The history has the keys and not the board."""
    days: bool = False
    """The ledger of all days has the keys and not the board."""
    no_start: str = ""
    """Why no keeper can be started from here."""
    keys: Mapping[str, str] | None = None
    """The first key of each action as it is shown; an action that has none is not in it. None: the catalogue's own."""
