"""Order and cursor: nothing moves under a person's fingers."""

from __future__ import annotations

from store.models import BoardView, SessionView, Status
from tests.tui import sample
from tests.tui.sample import NOW
from tui.board import FOLD_ID
from tui.board_state import BoardState


def loaded(view: BoardView = sample.BOARD) -> BoardState:
    """A state that shows a view."""
    state = BoardState()
    state.load(view, NOW, 100.0)
    return state


def without(view: BoardView, gone: str) -> BoardView:
    """The view without one session."""
    return view.model_copy(update={"sessions": tuple(one for one in view.sessions if one.id != gone)})


def renewed(session: SessionView, seconds: float) -> SessionView:
    """The session after a ping: it expires later."""
    cache = session.cache.model_copy(update={"expires_at": NOW + seconds})
    return session.model_copy(update={"cache": cache})


def test_the_cursor_starts_on_the_first_and_stops_at_the_ends() -> None:
    state = loaded()
    assert state.selected_id == "api-refactor"
    state.move(-1)
    assert state.selected_id == "api-refactor"
    state.move(99)
    assert state.selected_id == "billing"


def test_a_renewed_entry_moves_no_row() -> None:
    state = loaded()
    before = state.ids
    sessions = tuple(renewed(one, 290) if one.id == "api-refactor" else one for one in sample.BOARD.sessions)
    state.load(BoardView(sessions=sessions), NOW, 200.0)
    assert state.ids == before


def test_a_state_change_moves_rows_but_never_within_two_seconds_of_a_key() -> None:
    state = loaded()
    before = state.ids
    state.key(100.0)
    assert not state.settle(NOW + 49, 101.9)
    assert state.ids == before
    assert state.settle(NOW + 50, 102.0)
    assert state.ids[0] == "etl-nightly"
    assert state.selected_id == "api-refactor"


def test_while_held_new_sessions_come_last_and_gone_ones_go() -> None:
    state = loaded()
    state.key(100.0)
    new = renewed(sample.API, 10).model_copy(update={"id": "brand-new"})
    view = without(sample.BOARD, "etl-nightly")
    state.load(view.model_copy(update={"sessions": (*view.sessions, new)}), NOW, 100.5)
    assert state.ids[:4] == ("api-refactor", "deploy-infra", "notes-app", "brand-new")
    state.settle(NOW, 103.0)
    assert state.ids[0] == "brand-new"


def test_the_cursor_takes_the_place_of_a_session_that_is_gone() -> None:
    state = loaded()
    state.move(1)
    state.load(without(sample.BOARD, "etl-nightly"), NOW, 200.0)
    assert state.selected_id == "deploy-infra"
    state.load(BoardView(), NOW, 300.0)
    assert state.selected_id is None
    assert state.selected is None


def test_find_shows_matches_at_once() -> None:
    state = loaded()
    state.key(100.0)
    state.find("index", NOW)
    assert state.ids == ("search-index",)
    state.find("", NOW)
    assert len(state.ids) == 8


def test_the_fold_can_be_selected_and_opened() -> None:
    state = loaded(sample.BOARD_ENDED)
    state.move(99)
    assert state.selected_id == FOLD_ID
    assert state.selected is None
    state.fold(NOW)
    assert state.selected_id == FOLD_ID
    assert state.ids[-3:] == ("old-report", "sandbox", "hotfix")


def test_a_session_that_ends_leaves_its_row_even_while_held() -> None:
    state = loaded()
    state.key(100.0)
    ended = sample.API.model_copy(update={"status": Status.ENDED, "ended_at": NOW})
    view = without(sample.BOARD, "api-refactor").model_copy(update={"ended_today": (ended,)})
    state.load(view, NOW, 100.5)
    assert state.ids == ("etl-nightly", "deploy-infra", "notes-app", *state.ids[3:7], FOLD_ID)
