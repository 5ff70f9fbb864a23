"""Why an action does not apply now, one function a kind; None where it does. Pure.

A key is named by its action in braces and not by itself: which key it is, is the person's.
"""

from __future__ import annotations

from store.models import BudgetMode, CacheStateName
from tui import facts
from tui.moment import Moment

Reason = str | None
BOARD_ONLY = "open sessions only, {back} goes back"
ON_FOLD = "ended today: {open} (un)folds them"
NO_STORE = "no store to look into"


def always(moment: Moment) -> Reason:
    """Nothing stands against it."""
    return None


def on_board(moment: Moment) -> Reason:
    """What no other page has."""
    return BOARD_ONLY if moment.history is not None or moment.days else None


def some_rows(moment: Moment) -> Reason:
    """Something to move over."""
    if moment.days:
        return None
    if moment.history is not None:
        return None if moment.history.rows else "nothing is listed"
    return None if moment.board.sessions or moment.board.ended_today else "no session is open"


def a_session(moment: Moment) -> Reason:
    """The board's cursor is on a session."""
    nothing = ON_FOLD if moment.on_fold else "no session selected"
    return on_board(moment) or (nothing if moment.session is None else None)


def to_open(moment: Moment) -> Reason:
    """A session that is not open yet."""
    if moment.days:
        return BOARD_ONLY
    if moment.opened if moment.history is None else moment.history.opened:
        return "open already, {back} goes back"
    if moment.history is not None:
        return some_rows(moment)
    return None if moment.on_fold else a_session(moment)


def to_turn_over(moment: Moment) -> Reason:
    """Tabs are on the screen."""
    if moment.days:
        return None
    if moment.history is not None:
        return None if moment.history.opened else "open the session first"
    return a_session(moment) if moment.viewed or moment.on_fold else "open the session first"


def to_leave(moment: Moment) -> Reason:
    """There is somewhere to go back to."""
    return None if moment.leaves or on_board(moment) else "nothing to leave here"


def to_find(moment: Moment) -> Reason:
    """There is a list with a field."""
    if moment.days:
        return BOARD_ONLY
    return some_rows(moment) if moment.history is None else None


def to_history(moment: Moment) -> Reason:
    """The history is elsewhere, and there is one."""
    if moment.history is not None:
        return "this is the history, {back} goes back"
    return on_board(moment) or (None if moment.has_history else NO_STORE)


def to_days(moment: Moment) -> Reason:
    """The ledger of all days is elsewhere, and there is one."""
    if moment.days:
        return "this is the ledger, {back} goes back"
    return on_board(moment) or (None if moment.has_days else NO_STORE)


def listed(moment: Moment) -> Reason:
    """The history's cursor is on a session."""
    return "in the history only, {history} opens it" if moment.history is None else some_rows(moment)


def found(moment: Moment) -> Reason:
    """The history lists turns that were found."""
    if moment.history is not None and not moment.history.searched:
        return "find a turn first, {find} searches"
    return listed(moment)


def live(moment: Moment) -> Reason:
    """The board's session is still open."""
    if on_board(moment) is None and moment.session is not None and facts.is_ended(moment.session):
        return "the session ended: nothing to keep"
    return a_session(moment)


def to_switch_off(moment: Moment) -> Reason:
    """Pings are allowed. (The key does not switch them on again: what may spend money is not the same key twice.)"""
    if moment.session is not None and moment.session.keepalive.mode is BudgetMode.OFF:
        return live(moment) or "off already: {hold} or {budget} lets it ping"
    return live(moment)


def to_ping(moment: Moment) -> Reason:
    """A ping would keep something, and somebody could send it."""
    session = moment.session
    if session is None or live(moment):
        return live(moment)
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
    return "no keeper runs, {keeper} starts it" if moment.board.keeper is None else None


def to_start(moment: Moment) -> Reason:
    """No keeper runs, or one that nobody restarts when it breaks down."""
    keeper = moment.board.keeper
    if keeper is not None and keeper.supervised:
        return "a keeper runs already"
    return moment.no_start.replace("{", "{{").replace("}", "}}") or None  # (words that are not ours)


def to_jump(moment: Moment) -> Reason:
    """The board's session has a process."""
    if on_board(moment) is None and moment.session is not None and facts.is_ended(moment.session):
        return "ended: it has no pane any more"
    return a_session(moment)


def to_copy(moment: Moment) -> Reason:
    """A session has something to copy."""
    return a_session(moment) if moment.history is None else some_rows(moment)


def to_sort(moment: Moment) -> Reason:
    """The board's list is in sight."""
    return on_board(moment) or ("back to the list first" if moment.list_hidden else some_rows(moment))
