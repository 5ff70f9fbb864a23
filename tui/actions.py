"""The one catalogue of what a person can do: keys, words, help, and why something does not apply now.

Bindings, footer, help and palette all read it, so they cannot disagree. It decides nothing else and touches nothing:
the screens carry an action out under its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from store.models import BoardView, CacheStateName, SessionView
from tui import facts


class HistoryMoment(NamedTuple):
    """What an action is judged by where the history has the keys."""

    rows: int
    searched: bool = False
    """The rows are turns that were found."""
    opened: bool = False


class Moment(NamedTuple):
    """What an action is judged by."""

    board: BoardView
    session: SessionView | None
    now: float
    on_fold: bool = False
    """The cursor stands on the folded section."""
    opened: bool = False
    """The session view has the keys."""
    viewed: bool = False
    """The session view is on the screen, opened or beside the list."""
    leaves: bool = False
    """Esc has something to leave: a filter, the session view, a banner."""
    has_history: bool = False
    """There is a history to open."""
    history: HistoryMoment | None = None
    """The history has the keys and not the board."""


Reason = str | None


class Action(NamedTuple):
    """One thing to do. `keys` are Textual key names, the first one is shown."""

    name: str
    keys: tuple[str, ...]
    shown: str
    word: str
    help: str
    reason_not: Callable[[Moment], Reason]
    in_palette: bool = True
    footer: int = 0
    """Rank in the footer, first kept longest; 0 is never there."""


def _always(moment: Moment) -> Reason:
    return None


def _some_rows(moment: Moment) -> Reason:
    if moment.history is not None:
        return None if moment.history.rows else "nothing is listed"
    return None if moment.board.sessions or moment.board.ended_today else "no session is open"


def _a_session(moment: Moment) -> Reason:
    if moment.history is not None:
        return "on the board only, esc goes back"
    return "no session selected" if moment.session is None else None


def _to_open(moment: Moment) -> Reason:
    if moment.opened if moment.history is None else moment.history.opened:
        return "open already, esc goes back"
    if moment.history is not None:
        return _some_rows(moment)
    return None if moment.on_fold else _a_session(moment)


def _to_turn_over(moment: Moment) -> Reason:
    if moment.history is not None:
        return None if moment.history.opened else "open the session first"
    return _a_session(moment) if moment.viewed else "open the session first"


def _to_leave(moment: Moment) -> Reason:
    return None if moment.leaves or moment.history is not None else "nothing to leave here"


def _to_find(moment: Moment) -> Reason:
    return _some_rows(moment) if moment.history is None else None


def _to_history(moment: Moment) -> Reason:
    if moment.history is not None:
        return "this is the history, esc goes back"
    return None if moment.has_history else "no store to look into"


def _listed(moment: Moment) -> Reason:
    return "in the history only, H opens it" if moment.history is None else _some_rows(moment)


def _found(moment: Moment) -> Reason:
    if moment.history is not None and not moment.history.searched:
        return "find a turn first, / searches"
    return _listed(moment)


def _live(moment: Moment) -> Reason:
    if moment.history is None and moment.session is not None and facts.is_ended(moment.session):
        return "the session ended: nothing to keep"
    return _a_session(moment)


def _to_ping(moment: Moment) -> Reason:
    session = moment.session
    if session is None or _live(moment):
        return _live(moment)
    state = facts.state(session, moment.now)
    if state is CacheStateName.EXPIRED:
        return "already cold: a ping pays a write"
    if state is CacheStateName.CHANGED:
        return "prefix changed: nothing to keep"
    if state is CacheStateName.UNKNOWN:
        return "no request seen: nothing to keep"
    if session.keepalive.in_flight:
        return "a ping is on its way"
    if session.keepalive.warmer is None:
        return "only watched: nothing can ping it"
    return "no keeper (warmside keeper start)" if moment.board.keeper is None else None


CATALOGUE: tuple[Action, ...] = (
    Action("up", ("up", "k"), "↑ k", "up", "one session up", _some_rows, in_palette=False),
    Action("down", ("down", "j"), "↓ j", "down", "one session down", _some_rows, in_palette=False),
    Action("page_up", ("pageup",), "pgup", "page up", "a page up", _some_rows, in_palette=False),
    Action("page_down", ("pagedown",), "pgdn", "page down", "a page down", _some_rows, in_palette=False),
    Action("first", ("home",), "home", "first", "to the first session", _some_rows, in_palette=False),
    Action("last", ("end",), "end", "last", "to the last session", _some_rows, in_palette=False),
    Action("open", ("enter",), "↵", "open", "open its last turns", _to_open, footer=1),
    Action("back", ("escape",), "esc", "back", "leave filter or turns", _to_leave, in_palette=False, footer=2),
    Action("tab", ("tab",), "tab", "next tab", "its turns, cache, ledger", _to_turn_over, footer=3),
    Action("tab_back", ("shift+tab",), "s-tab", "tab before", "the tab before", _to_turn_over, in_palette=False),
    Action("budget", ("b",), "b", "budget", "mode, pings, money, until", _live, footer=4),
    Action("ping", ("p",), "p", "ping", "send one ping now", _to_ping, footer=6),
    Action("hold", ("h",), "h", "hold", "keep warm 2 h; again auto", _live, footer=7),
    Action("off", ("o",), "o", "off", "no pings here", _live, footer=8),
    Action("find", ("slash",), "/", "find", "show only what matches", _to_find, footer=9),
    Action("history", ("H",), "H", "history", "all sessions, full text", _to_history, footer=10),
    Action("next_hit", ("n",), "n", "next", "the next turn found", _found, footer=5),
    Action("hit_before", ("N",), "N", "before", "the turn found before", _found, in_palette=False),
    Action("export", ("e",), "e", "export", "write it as Markdown", _listed, footer=6),
    Action("copy", ("y",), "y", "copy memory", "files changed, failures", _found, footer=7),
    Action("help", ("question_mark",), "?", "help", "all keys", _always, footer=5),
    Action("quit", ("q",), "q", "quit", "leave; the keeper goes on", _always, footer=11),
)
BY_NAME = {action.name: action for action in CATALOGUE}
