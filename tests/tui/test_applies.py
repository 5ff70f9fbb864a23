"""Why an action does not apply: one short reason for everything that does not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from store.models import BoardView, BudgetMode, CacheStateName, SessionView
from tests.tui import sample
from tests.tui.sample import NOW
from tui.actions import BY_NAME
from tui.moment import HistoryMoment, Moment


def reason(name: str, session: SessionView | None, board: BoardView = sample.BOARD) -> str | None:
    """Why an action does not apply to a session now."""
    return BY_NAME[name].reason_not(Moment(board, session, NOW))


def test_a_warm_session_can_be_pinged() -> None:
    assert reason("ping", sample.API) is None


UNKNOWN = sample.session("u", sample.cache(state=CacheStateName.UNKNOWN), sample.keep(""))
FLYING = replace(sample.API, keepalive=replace(sample.API.keepalive, in_flight=True))
WATCHED = replace(sample.API, keepalive=replace(sample.API.keepalive, warmer=None))


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
    assert reason("ping", sample.API, sample.NO_KEEPER) == "no keeper runs, K starts it"


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
        ("ping", FOUND, "open sessions only, esc goes back"),
        ("hold", FOUND, "open sessions only, esc goes back"),
        ("jump", FOUND, "open sessions only, esc goes back"),
        ("sort", FOUND, "open sessions only, esc goes back"),
        ("days", FOUND, "open sessions only, esc goes back"),
        ("copy", HistoryMoment(0), "nothing is listed"),
        ("keeper", FOUND, "a keeper runs already"),
        ("next_hit", None, "in the history only, H opens it"),
        ("history", None, "no store to look into"),
    ],
)
def test_the_history_has_reasons_of_its_own(name: str, here: HistoryMoment | None, said: str | None) -> None:
    moment = Moment(sample.BOARD, sample.ENDED[0], NOW, history=here)
    assert BY_NAME[name].reason_not(moment) == said
    assert said is None or len(said) <= 34


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("open", "open sessions only, esc goes back"),
        ("ping", "open sessions only, esc goes back"),
        ("find", "open sessions only, esc goes back"),
        ("copy", "open sessions only, esc goes back"),
        ("history", "open sessions only, esc goes back"),
        ("next_hit", "in the history only, H opens it"),
        ("days", "this is the ledger, esc goes back"),
        ("tab", None),
        ("down", None),
        ("back", None),
        ("quit", None),
    ],
)
def test_the_ledger_has_reasons_of_its_own(name: str, said: str | None) -> None:
    moment = Moment(BoardView(), None, NOW, has_history=True, has_days=True, days=True)
    assert BY_NAME[name].reason_not(moment) == said


def test_a_keeper_is_started_where_none_runs_or_nobody_restarts_it() -> None:
    assert reason("keeper", None) == "a keeper runs already"
    assert reason("keeper", None, sample.NO_KEEPER) is None
    alone = replace(sample.KEEPER, supervised=False)
    assert reason("keeper", None, replace(sample.BOARD, keeper=alone)) is None
    moment = Moment(sample.NO_KEEPER, None, NOW, no_start="opened with --no-keeper")
    assert BY_NAME["keeper"].reason_not(moment) == "opened with --no-keeper"


def test_an_ended_session_has_no_pane_and_can_be_copied() -> None:
    assert reason("jump", sample.ENDED[0]) == "ended: it has no pane any more"
    assert reason("jump", sample.API) is None
    assert reason("copy", sample.ENDED[0]) is None
    assert reason("copy", None) == "no session selected"


def test_a_list_that_is_hidden_is_not_sorted() -> None:
    assert reason("sort", sample.API) is None
    hidden = Moment(sample.BOARD, sample.API, NOW, opened=True, viewed=True, list_hidden=True)
    assert BY_NAME["sort"].reason_not(hidden) == "back to the list first"
    assert BY_NAME["sort"].reason_not(hidden._replace(list_hidden=False)) is None


def test_without_a_store_there_is_no_ledger() -> None:
    assert reason("days", sample.API) == "no store to look into"


def test_off_does_not_switch_on_again_and_says_what_does() -> None:
    off = replace(sample.API, keepalive=replace(sample.API.keepalive, mode=BudgetMode.OFF))
    assert reason("off", sample.API) is None
    assert reason("off", off) == "off already: h or b lets it ping"
    assert reason("off", sample.ENDED[0]) == "the session ended: nothing to keep"
