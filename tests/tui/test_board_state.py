"""Order and cursor: nothing moves under a person's fingers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.models import BoardView, SessionView, Status
from tests.tui import sample
from tests.tui.order_sample import PROJECTS, boards
from tests.tui.sample import NOW
from tui.board import FOLD_ID
from tui.board_order import Order
from tui.board_state import KEY_QUIET_SECONDS, BoardState

ORDERS = st.sampled_from(Order)


def loaded(view: BoardView = sample.BOARD) -> BoardState:
    """A state that shows a view."""
    state = BoardState()
    state.load(view, NOW, 100.0)
    return state


def without(view: BoardView, gone: str) -> BoardView:
    """The view without one session."""
    return replace(view, sessions=tuple(one for one in view.sessions if one.id != gone))


def renewed(session: SessionView, seconds: float) -> SessionView:
    """The session after a ping: it expires later."""
    cache = replace(session.cache, expires_at=NOW + seconds)
    return replace(session, cache=cache)


def test_the_cursor_starts_on_the_first_and_stops_at_the_ends() -> None:
    state = loaded()
    assert state.selected_id == "api-refactor"
    state.move(-1)
    assert state.selected_id == "api-refactor"
    state.move(99)
    assert state.selected_id == "billing"


def test_a_renewed_entry_takes_its_place_when_it_is_read_with_the_cursor_on_it() -> None:
    """Two that are kept: the one that a ping renewed lasts longer than the other now."""
    first, second = (
        sample.session(name, sample.cache(left), sample.keep("kept")) for name, left in (("a", 20), ("b", 40))
    )
    state = loaded(BoardView(sessions=(first, second)))
    assert (state.ids, state.selected_id) == (("a", "b"), "a")
    state.key(100.0)
    pinged = BoardView(sessions=(renewed(first, 290), second))
    state.load(pinged, NOW + 1, 101.9)
    assert state.ids == ("a", "b"), "not under a finger"
    assert not state.settle(NOW + 2, 101.95)
    assert state.settle(NOW + 2, 102.0)
    assert (state.ids, state.selected_id) == (("b", "a"), "a")
    assert not any(state.settle(NOW + 2 + second, 102.0 + second) for second in range(38)), "no second moves a row"


def test_a_state_change_moves_rows_but_never_within_two_seconds_of_a_key() -> None:
    state = loaded()
    before = state.ids
    state.key(100.0)
    # api-refactor has gone cold: its row stays, and the heading over it goes on counting the rows it has.
    assert not state.settle(NOW + 49, 101.9)
    assert state.ids == before
    assert [(section.key, section.total) for section in state.sections] == [("needs", 4), ("running", 2), ("cold", 2)]
    assert state.settle(NOW + 50, 102.0)
    assert state.ids[0] == "etl-nightly"
    assert [(section.key, section.total) for section in state.sections] == [("needs", 3), ("running", 2), ("cold", 3)]
    assert state.selected_id == "api-refactor"


def test_while_held_new_sessions_come_last_and_gone_ones_go() -> None:
    state = loaded()
    state.key(100.0)
    new = replace(renewed(sample.API, 10), id="brand-new")
    view = without(sample.BOARD, "etl-nightly")
    state.load(replace(view, sessions=(*view.sessions, new)), NOW, 100.5)
    assert state.ids[:4] == ("api-refactor", "notes-app", "deploy-infra", "brand-new")
    state.settle(NOW, 103.0)
    assert state.ids[0] == "brand-new"


def test_the_cursor_takes_the_place_of_a_session_that_is_gone() -> None:
    state = loaded()
    state.move(1)
    state.load(without(sample.BOARD, "etl-nightly"), NOW, 200.0)
    assert state.selected_id == "notes-app"
    state.load(BoardView(), NOW, 300.0)
    assert state.selected_id is None
    assert state.selected is None


def test_find_shows_matches_at_once() -> None:
    state = loaded()
    state.key(100.0)
    state.find("index", NOW)
    assert state.ids == ("search-index",)
    assert state.next_pings == ()
    state.find("", NOW)
    assert len(state.ids) == 8
    assert state.next_pings == sample.BOARD.next_pings


def test_a_filter_selects_what_it_finds_and_gives_back_what_it_found_selected() -> None:
    ended = replace(sample.ENDED[0], title="notes of the release")
    state = loaded(replace(sample.BOARD, ended_today=(ended,)))
    state.selected_id = "docs-site"
    state.find("note", NOW)
    assert (state.ids, state.selected_id) == (("notes-app", FOLD_ID, "old-report"), "notes-app")
    assert [one.id for one in state.ended] == ["old-report"]
    state.find("notes of", NOW)
    assert state.selected_id == "old-report", "only what has ended is left, and not its fold"
    state.find("notes of nothing", NOW)
    assert state.selected_id is None
    state.find("site", NOW)
    assert state.selected_id == "docs-site", "where it came from"
    state.find("note", NOW)
    state.find("", NOW)
    assert state.selected_id == "docs-site"
    state.find("e", NOW)
    assert state.selected_id == "docs-site", "it matches"
    state.find("note", NOW)
    state.take_found()
    state.find("", NOW)
    assert state.selected_id == "notes-app"


def test_the_cursor_follows_the_first_row_until_somebody_touches_anything() -> None:
    state = loaded(BoardView(sessions=(sample.DOCS,)))
    assert state.selected_id == "docs-site"
    state.load(sample.BOARD, NOW, 100.0)
    assert state.selected_id == "api-refactor"
    state.settle(NOW + 49, 101.0)
    assert state.selected_id == "etl-nightly"
    state.key(102.0)
    state.load(BoardView(sessions=tuple(one for one in sample.BOARD.sessions if one.id != "api-refactor")), NOW, 105.0)
    state.load(sample.BOARD, NOW, 108.0)
    assert (state.ids[0], state.selected_id) == ("api-refactor", "etl-nightly"), "from now on it is a choice"
    sorted_by_age = BoardState()
    sorted_by_age.order = Order.AGE
    sorted_by_age.load(BoardView(sessions=(sample.DOCS,)), NOW, 100.0)
    sorted_by_age.load(sample.BOARD, NOW, 100.0)
    assert sorted_by_age.selected_id == "docs-site"


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
    ended = replace(sample.API, status=Status.ENDED, ended_at=NOW)
    view = replace(without(sample.BOARD, "api-refactor"), ended_today=(ended,))
    state.load(view, NOW, 100.5)
    assert state.ids == ("etl-nightly", "notes-app", "deploy-infra", *state.ids[3:7], FOLD_ID)


def test_what_was_renewed_makes_room_for_what_runs_out_next() -> None:
    late = sample.session("late", sample.cache(200), sample.keep("off"))
    state = loaded(BoardView(sessions=(renewed(sample.API, 290), late)))
    assert state.ids == ("late", "api-refactor")
    state.load(BoardView(sessions=(renewed(sample.API, 290), renewed(late, 299))), NOW, 101.0)
    assert state.ids == ("api-refactor", "late")
    assert not state.settle(NOW + 230, 201.0), "to run out is no reason to move: it is the first already"


def test_orders_follow_one_another_with_the_cursor_on_its_session() -> None:
    state = loaded(PROJECTS)
    state.move(2)
    assert state.selected_id == "notes-app"
    first = []
    for order in (Order.AGE, Order.PROJECT, Order.COST, Order.NEED):
        assert state.next_order(NOW) is order is state.order
        assert state.selected_id == "notes-app"
        first.append(state.ids[0])
    assert first == ["search-index", "api-refactor", "api-refactor", "api-refactor"]


def test_an_order_asked_for_comes_at_once_and_then_stays_for_two_seconds() -> None:
    state = loaded(PROJECTS)
    state.key(100.0)
    state.reorder_by(Order.PROJECT, NOW)
    before = state.ids
    assert before[:2] == ("api-refactor", "docs-site")
    state.settle(NOW + 49, 101.9)
    assert state.ids == before
    assert state.settle(NOW + 49, 102.0)
    assert state.ids[0] == "etl-nightly"


def test_an_order_may_be_chosen_before_anything_was_read() -> None:
    state = BoardState()
    state.reorder_by(Order.COST, NOW)
    assert not state.ids
    state.load(sample.BOARD, NOW, 100.0)
    assert state.ids[:2] == ("api-refactor", "docs-site")


@pytest.mark.parametrize(("order", "moves"), [(Order.NEED, 1), (Order.AGE, 0), (Order.PROJECT, 1), (Order.COST, 0)])
def test_a_minute_and_a_half_moves_rows_only_when_a_state_changes(order: Order, moves: int) -> None:
    """One session goes cold; another begins to run out, but is first already."""
    state = loaded(PROJECTS)
    state.reorder_by(order, NOW)
    assert sum(state.settle(NOW + second, 200.0 + second) for second in range(90)) == moves


def test_while_held_a_new_section_comes_last() -> None:
    state = loaded(BoardView(sessions=(sample.DOCS, sample.WEB)))
    state.key(100.0)
    state.load(BoardView(sessions=(sample.DOCS, sample.WEB, sample.API), ended_today=sample.ENDED), NOW, 101.0)
    assert [section.key for section in state.sections] == ["running", "cold", "needs", "ended"]
    assert state.settle(NOW, 102.0)
    assert [section.key for section in state.sections] == ["needs", "running", "cold", "ended"]


def test_the_cursor_of_an_unfolded_session_that_is_gone_takes_its_place() -> None:
    state = loaded(sample.BOARD_ENDED)
    state.fold(NOW)
    state.selected_id = "sandbox"
    state.load(replace(sample.BOARD_ENDED, ended_today=(sample.ENDED[0], sample.ENDED[2])), NOW, 200.0)
    assert state.selected_id == "hotfix"


@settings(max_examples=60, deadline=None)
@given(st.data(), boards(), boards(), ORDERS, st.floats(0, 10), st.floats(0, 4_000))
def test_no_update_takes_the_cursor_from_its_session(
    data: st.DataObject, one: BoardView, other: BoardView, order: Order, pause: float, later: float
) -> None:
    state = loaded(one)
    state.reorder_by(order, NOW)
    if data.draw(st.booleans()):
        state.fold(NOW)
    if state.ids:
        state.selected_id = data.draw(st.sampled_from(state.ids))
    chosen = state.selected_id
    state.key(100.0)
    state.load(other, NOW + later, 100.0 + pause)
    state.settle(NOW + later, 100.0 + pause)
    assert state.selected_id == chosen or chosen not in state.ids
    assert (state.selected_id in state.ids) if state.ids else state.selected_id is None


@settings(max_examples=60, deadline=None)
@given(boards(), boards(), ORDERS, st.floats(0, KEY_QUIET_SECONDS, exclude_max=True), st.floats(0, 4_000))
def test_rows_stay_in_sequence_for_two_seconds_after_a_key(
    one: BoardView, other: BoardView, order: Order, pause: float, later: float
) -> None:
    state = loaded(one)
    state.reorder_by(order, NOW)
    before = [each for each in state.ids if each != FOLD_ID]
    state.key(100.0)
    state.load(other, NOW + later, 100.0 + pause)
    after = [each for each in state.ids if each != FOLD_ID]
    stayed = [each for each in before if each in after]
    assert [each for each in after if each in before] == stayed
    assert set(after) == {each.id for each in other.sessions}
    for section in state.sections:
        assert section.key == "ended" or section.total == len(section.ids), "a heading counts the rows under it"


@settings(max_examples=60, deadline=None)
@given(boards(), boards(), ORDERS)
def test_after_the_pause_the_order_is_what_it_would_be_afresh(one: BoardView, other: BoardView, order: Order) -> None:
    state, afresh = loaded(one), loaded(other)
    state.reorder_by(order, NOW)
    afresh.reorder_by(order, NOW)
    state.key(100.0)
    state.load(other, NOW, 101.0)
    state.settle(NOW, 102.0)
    assert {section.key: set(section.ids) for section in state.sections} == {
        section.key: set(section.ids) for section in afresh.sections
    }
