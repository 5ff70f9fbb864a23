"""What stands where, in each order: everything once, the same every time, and only what changed moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from store.models import BoardView, SessionView, Status, WaitingFor
from tests.tui import sample
from tests.tui.order_sample import HOSTILE, PROJECTS, boards, placed
from tests.tui.sample import NOW
from tui import facts
from tui.board_order import SAID, Order, arrange, named, running_out, section_of, shape
from tui.format import NOTHING

ORDERS = st.sampled_from(Order)


def ids(view: BoardView, order: Order, now: float = NOW) -> list[str]:
    """All sessions in one sequence, those that ended last."""
    return [one for section in arrange(view, now, unfolded=True, order=order) for one in section.ids]


def told(view: BoardView) -> list[str]:
    """The projects as their labels name them."""
    sections = arrange(view, NOW, order=Order.PROJECT)
    return [f"{one.place}/{one.label}" if one.place else one.label for one in sections]


def board(*sessions: SessionView) -> BoardView:
    """A board of open sessions."""
    return BoardView(sessions=sessions)


def named_in(*folders: str) -> BoardView:
    """A board with a session in each folder, the first one most in need."""
    return board(
        *(
            placed(sample.ETL, cwd, id=str(number), cache=sample.cache(100 + number))
            for number, cwd in enumerate(folders)
        )
    )


# -- what holds in every order -----------------------------------------------------------------------------------------


@settings(deadline=None)
@given(boards(), ORDERS, st.floats(0, 4_000))
def test_every_session_stands_in_every_order_exactly_once(view: BoardView, order: Order, after: float) -> None:
    everyone = sorted(one.id for one in (*view.sessions, *view.ended_today))
    sections = arrange(view, NOW + after, unfolded=True, order=order)
    assert sorted(one for section in sections for one in section.ids) == everyone
    assert [section.total for section in sections] == [len(section.ids) for section in sections]
    assert len({section.key for section in sections}) == len(sections)


@settings(deadline=None)
@given(boards(), ORDERS)
def test_what_ended_is_folded_below(view: BoardView, order: Order) -> None:
    sections = arrange(view, NOW, order=order)
    folded = [section for section in sections if section.key == "ended"]
    assert folded == list(sections[-1:] if view.ended_today else ())
    assert [(one.ids, one.total) for one in folded] == ([((), len(view.ended_today))] if folded else [])


@settings(deadline=None)
@given(st.data(), boards(), ORDERS)
def test_what_the_feed_says_first_makes_no_difference(data: st.DataObject, view: BoardView, order: Order) -> None:
    mixed = BoardView(
        sessions=tuple(data.draw(st.permutations(view.sessions))),
        ended_today=tuple(data.draw(st.permutations(view.ended_today))),
    )
    assert arrange(mixed, NOW, order=order) == arrange(view, NOW, order=order)
    assert shape(mixed, NOW, "", False, order) == shape(view, NOW, "", False, order)


@settings(max_examples=60, deadline=None)
@given(boards(), boards(), st.sampled_from((Order.AGE, Order.COST)), st.floats(0, 4_000))
def test_the_same_shape_is_the_same_ranking(one: BoardView, other: BoardView, order: Order, after: float) -> None:
    same = shape(one, NOW, "", False, order) == shape(other, NOW + after, "", False, order)
    assert not same or ids(BoardView(sessions=one.sessions), order) == ids(
        BoardView(sessions=other.sessions), order, NOW + after
    )


@pytest.mark.parametrize("order", Order)
def test_a_filter_leaves_what_matches_and_unfolds(order: Order) -> None:
    sections = arrange(sample.BOARD_ENDED, NOW, "re", order=order)
    assert [section.ids for section in sections] == [("api-refactor",), ("old-report",)]
    assert arrange(sample.BOARD_ENDED, NOW, "nothing-like-it", order=order) == ()


@pytest.mark.parametrize("order", Order)
def test_seconds_alone_change_no_shape(order: Order) -> None:
    shapes = {shape(sample.BOARD_ENDED, NOW + second, "", False, order) for second in range(48)}
    assert len(shapes) == 1


def test_another_order_filter_or_fold_is_another_shape() -> None:
    shapes = {
        shape(sample.BOARD, NOW, query, fold, order) for order in Order for query in "ab" for fold in (True, False)
    }
    assert len(shapes) == 16


def test_orders_follow_one_another_and_say_themselves_in_a_narrow_footer() -> None:
    assert [order.following for order in Order] == [Order.AGE, Order.PROJECT, Order.COST, Order.NEED]
    assert max(cell_len(SAID[order]) for order in Order) <= 28


def test_a_stored_value_that_is_no_order_is_the_first_one() -> None:
    assert [named(order.value) for order in Order] == list(Order)
    assert {named(value) for value in (None, "", "loudest", 3, ["cost"], {"cost": 1}, True)} == {Order.NEED}


# -- by need -----------------------------------------------------------------------------------------------------------


def test_sections_are_sorted_by_need() -> None:
    sections = arrange(sample.BOARD_ENDED, NOW)
    assert [(section.key, section.ids, section.total) for section in sections] == [
        ("needs", ("api-refactor", "etl-nightly", "notes-app", "deploy-infra"), 4),
        ("running", ("web-tests", "search-index"), 2),
        ("cold", ("docs-site", "billing"), 2),
        ("ended", (), 3),
    ]


def test_what_goes_cold_moves_to_the_cold_ones() -> None:
    sections = {section.key: section.ids for section in arrange(sample.BOARD, NOW + 49)}
    assert "api-refactor" in sections["cold"]
    assert "api-refactor" not in sections["needs"]


def test_a_session_of_unknown_status_is_open_not_needy() -> None:
    quiet = sample.session("quiet", sample.cache(200), sample.keep(""), waiting=None, status=Status.UNKNOWN)
    assert section_of(quiet, NOW) == "open"


def test_what_nothing_will_keep_comes_before_what_a_ping_will_save() -> None:
    kept = sample.session("kept", sample.cache(20), sample.keep("kept"))
    assert arrange(board(kept, sample.API), NOW)[0].ids == ("api-refactor", "kept")


def test_of_what_needs_you_the_unkept_come_first_by_time_left() -> None:
    kept = sample.session("notes-app", sample.cache(8), sample.keep("kept"))
    later = sample.session("later", sample.cache(150), sample.keep("pings_spent"))
    off = sample.session("off", sample.cache(26), sample.keep("off"))
    soon = sample.session("docs-site", sample.cache(8), sample.keep("pings_spent"))
    view = board(kept, later, off, soon)
    assert ids(view, Order.NEED, NOW) == ["docs-site", "off", "later", "notes-app"]
    # An hour's entry is about to run out with more time left than another still has: time decides.
    hour = sample.session("hour", sample.cache(200, ttl="1h"), sample.keep("off"))
    assert ids(board(hour, later), Order.NEED, NOW) == ["later", "hour"]
    unkept = sample.session("notes-app", sample.cache(8), sample.keep("off"))
    assert shape(board(kept, off), NOW, "", False) != shape(board(unkept, off), NOW, "", False), "a reason to sort"


def test_a_session_that_begins_to_run_out_is_named_and_comes_first() -> None:
    late = sample.session("late", sample.cache(200), sample.keep("off"))
    renewed = sample.session("first", sample.cache(290), sample.keep("off"))
    view = board(renewed, late)
    assert running_out(view, NOW + 139) == frozenset()
    assert running_out(view, NOW + 140) == {"late"}
    assert running_out(view, NOW + 140, Order.PROJECT) == {"late"}
    assert running_out(view, NOW + 140, Order.COST) == frozenset()
    assert ids(view, Order.NEED, NOW + 140) == ["late", "first"]


def test_what_goes_cold_at_work_comes_before_what_merely_works() -> None:
    stalls = sample.session("stalls", sample.cache(50), sample.keep("off"), waiting=WaitingFor.TOOL, status=Status.BUSY)
    sections = arrange(board(sample.WEB, stalls, sample.ETL), NOW)
    assert [(one.key, one.label, one.ids) for one in sections] == [
        ("needs", "needs you", ("etl-nightly",)),
        ("soon", "going cold", ("stalls",)),
        ("running", "running", ("web-tests",)),
    ]


# -- by age ------------------------------------------------------------------------------------------------------------


def test_age_is_the_time_since_anything_happened() -> None:
    assert ids(PROJECTS, Order.AGE)[:8] == [
        "search-index",  # works, opened last
        "web-tests",  # works
        "deploy-infra",
        "etl-nightly",
        "api-refactor",
        "notes-app",
        "docs-site",
        "billing",
    ]


def test_a_moments_rest_between_two_requests_moves_nothing() -> None:
    works = PROJECTS.sessions[6]
    assert ids(PROJECTS, Order.AGE)[0] == works.id
    rests = works.model_copy(
        update={"waiting_for": WaitingFor.YOU, "status": Status.IDLE, "last_activity_at": NOW - 59}
    )
    view = PROJECTS.model_copy(update={"sessions": (*PROJECTS.sessions[:6], rests, *PROJECTS.sessions[7:])})
    assert shape(view, NOW, "", False, Order.AGE) == shape(PROJECTS, NOW, "", False, Order.AGE)
    assert ids(view, Order.AGE, NOW + 1)[:2] == ["web-tests", works.id]


def test_a_session_without_any_time_is_the_oldest() -> None:
    lost = sample.DOCS.model_copy(update={"last_activity_at": None, "opened_at": None})
    begun = sample.ETL.model_copy(update={"last_activity_at": None, "opened_at": NOW - 90})
    assert ids(board(lost, sample.API, begun), Order.AGE) == ["etl-nightly", "api-refactor", "docs-site"]


# -- by cost -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(boards())
def test_the_column_falls_from_top_to_bottom(view: BoardView) -> None:
    sessions = {one.id: one for one in view.sessions}
    order = [sessions[one] for section in arrange(view, NOW, order=Order.COST)[:1] for one in section.ids]
    prices = [facts.cold_price(one) for one in order]
    usd = [round(money, 2) for money, _ in prices if money is not None]
    assert usd == sorted(usd, reverse=True)
    read = [facts.cold_cost(one) for one in order]
    kinds = [0 if text[0] in "$<" else 2 if text == NOTHING else 1 for text in read]
    assert kinds == sorted(kinds)


def test_equal_prices_keep_their_places_while_prefixes_grow() -> None:
    def at(usd: float) -> list[str]:
        grown = sample.ETL.model_copy(update={"cache": sample.cache(140, usd=usd), "opened_at": NOW - 9})
        other = sample.API.model_copy(update={"cache": sample.cache(48, usd=0.62), "opened_at": NOW - 10})
        return ids(board(other, grown), Order.COST)

    assert at(0.616) == at(0.62) == at(0.624) == ["etl-nightly", "api-refactor"]
    assert at(0.61) == ["api-refactor", "etl-nightly"]


# -- by project --------------------------------------------------------------------------------------------------------


def test_projects_come_by_what_needs_you_first_and_so_do_their_sessions() -> None:
    sections = arrange(PROJECTS, NOW, order=Order.PROJECT)
    assert [(one.place, one.label, one.ids) for one in sections[:5]] == [
        ("client-a", "api", ("api-refactor", "docs-site")),
        ("", "etl-nightly", ("etl-nightly", "search-index")),
        ("", "notes-app", ("notes-app",)),
        ("", "[bold red]wide 日本語 名前 and much longer than any column", ("deploy-infra",)),
        ("client-b", "api", ("web-tests",)),
    ]


def test_one_name_in_two_folders_is_two_projects() -> None:
    assert told(named_in("/home/sam/src/api", "/home/sam/work/api", "/home/sam/src/web")) == [
        "src/api",
        "work/api",
        "web",
    ]


def test_as_many_folders_above_as_tell_them_apart_and_no_more() -> None:
    assert told(named_in("/a/x/api", "/b/x/api", "/b/y/api", "/api")) == ["a/x/api", "b/x/api", "y/api", "api"]


def test_a_slash_at_the_end_makes_no_other_project() -> None:
    assert told(named_in("/b/api", "/b/api/")) == ["api"]


def test_names_that_only_read_the_same_are_not_merged() -> None:
    view = named_in("/src/api", "/src/a\u200bpi")
    assert told(view) == ["src/api", "src/api"]
    assert [section.ids for section in arrange(view, NOW, order=Order.PROJECT)] == [("0",), ("1",)]


def test_a_session_without_a_folder_has_a_section_that_says_so() -> None:
    assert told(named_in("", "/src/api")) == ["no folder", "api"]


def test_a_folder_that_no_name_fits_is_told_by_its_path() -> None:
    odd = named_in("/x/y", "/src/api").sessions
    view = board(odd[0].model_copy(update={"project": "api"}), odd[1])
    assert told(view) == ["y/api", "src/api"]


def test_labels_are_clean() -> None:
    view = named_in(HOSTILE, f"{HOSTILE}/api", "/src/\x1b[2Japi", "/src\x07/x/api")
    assert all(name.isprintable() for name in told(view))


def test_a_session_that_moves_to_another_folder_changes_the_shape() -> None:
    moved = board(placed(sample.API, "/elsewhere"), *sample.BOARD.sessions[2:])
    before = board(*sample.BOARD.sessions[1:])
    assert shape(moved, NOW, "", False, Order.PROJECT) != shape(before, NOW, "", False, Order.PROJECT)
    assert shape(moved, NOW, "", False) == shape(before, NOW, "", False)
