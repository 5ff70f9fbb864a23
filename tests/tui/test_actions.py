"""The catalogue: unique keys, and a reason for everything that does not apply."""

from __future__ import annotations

import pytest

from store.models import BoardView, CacheStateName, SessionView
from tests.tui import sample
from tests.tui.sample import NOW
from tui.actions import BY_NAME, CATALOGUE, HistoryMoment, Moment


def reason(name: str, session: SessionView | None, board: BoardView = sample.BOARD) -> str | None:
    """Why an action does not apply to a session now."""
    return BY_NAME[name].reason_not(Moment(board, session, NOW))


def test_no_key_means_two_things() -> None:
    keys = [key for action in CATALOGUE for key in action.keys]
    assert len(keys) == len(set(keys))
    assert {"up", "down", "j", "k", "enter", "b", "p", "h", "o", "slash", "question_mark", "q"} <= set(keys)


def test_every_action_says_what_it_does_in_a_help_line() -> None:
    assert all(action.help and len(action.help) <= 26 for action in CATALOGUE)


def test_a_warm_session_can_be_pinged() -> None:
    assert reason("ping", sample.API) is None


UNKNOWN = sample.session("u", sample.cache(state=CacheStateName.UNKNOWN), sample.keep(""))
FLYING = sample.API.model_copy(update={"keepalive": sample.API.keepalive.model_copy(update={"in_flight": True})})
WATCHED = sample.API.model_copy(update={"keepalive": sample.API.keepalive.model_copy(update={"warmer": None})})


@pytest.mark.parametrize(
    ("session", "part"),
    [
        (None, "no session"),
        (sample.DOCS, "already cold"),
        (sample.BILLING, "prefix changed"),
        (UNKNOWN, "no request"),
        (FLYING, "on its way"),
        (WATCHED, "only watched"),
        (sample.ENDED[0], "ended"),
    ],
)
def test_why_there_is_no_ping(session: SessionView | None, part: str) -> None:
    said = reason("ping", session) or ""
    assert part in said
    assert len(said) <= 34


def test_no_keeper_no_ping() -> None:
    board = sample.BOARD.model_copy(update={"keeper": None})
    assert reason("ping", sample.API, board) == "no keeper (warmside keeper start)"


def test_an_ended_session_has_no_budget_but_can_be_opened() -> None:
    assert reason("budget", sample.ENDED[0])
    assert reason("hold", sample.ENDED[0])
    assert reason("open", sample.ENDED[0]) is None


def test_open_and_back_depend_on_where_one_is() -> None:
    inside = Moment(sample.BOARD, sample.API, NOW, opened=True, leaves=True)
    assert BY_NAME["open"].reason_not(inside)
    assert BY_NAME["back"].reason_not(inside) is None
    assert BY_NAME["back"].reason_not(Moment(sample.BOARD, sample.API, NOW))
    assert BY_NAME["open"].reason_not(Moment(sample.BOARD, None, NOW, on_fold=True)) is None


def test_an_empty_board_has_nothing_to_move_or_find() -> None:
    assert reason("down", None, BoardView())
    assert reason("find", None, BoardView())
    assert reason("quit", None, BoardView()) is None


ROWS, FOUND, OPENED = HistoryMoment(4), HistoryMoment(4, searched=True), HistoryMoment(4, searched=True, opened=True)


@pytest.mark.parametrize(
    ("name", "here", "said"),
    [
        ("open", ROWS, None),
        ("open", OPENED, "open already, esc goes back"),
        ("open", HistoryMoment(0), "nothing is listed"),
        ("tab", ROWS, "open the session first"),
        ("tab", OPENED, None),
        ("find", HistoryMoment(0), None),
        ("back", HistoryMoment(0), None),
        ("next_hit", ROWS, "find a turn first, / searches"),
        ("next_hit", FOUND, None),
        ("copy", FOUND, None),
        ("export", ROWS, None),
        ("history", ROWS, "this is the history, esc goes back"),
        ("ping", FOUND, "on the board only, esc goes back"),
        ("hold", FOUND, "on the board only, esc goes back"),
        ("next_hit", None, "in the history only, H opens it"),
        ("history", None, "no store to look into"),
    ],
)
def test_the_history_has_reasons_of_its_own(name: str, here: HistoryMoment | None, said: str | None) -> None:
    moment = Moment(sample.BOARD, sample.ENDED[0], NOW, history=here)
    assert BY_NAME[name].reason_not(moment) == said
    assert said is None or len(said) <= 34
