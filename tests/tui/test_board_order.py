"""What stands where, in each order: everything once, the same every time, and only what changed moves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from store.models import BoardView, SessionView, Status, WaitingFor
from tests.tui import sample
from tests.tui.order_sample import PROJECTS, board, boards
from tests.tui.sample import NOW
from tui import facts
from tui.board_order import SAID, Order, arrange, idle_since, named, section_of
from tui.format import NOTHING

ORDERS = st.sampled_from(Order)


def ids(view: BoardView, order: Order, now: float = NOW) -> list[str]:
    """All sessions in one sequence, those that ended last."""
    return [one for section in arrange(view, now, unfolded=True, order=order) for one in section.ids]


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


@pytest.mark.parametrize("order", Order)
def test_a_filter_leaves_what_matches_and_unfolds(order: Order) -> None:
    sections = arrange(sample.BOARD_ENDED, NOW, "re", order=order)
    assert [section.ids for section in sections] == [("api-refactor",), ("old-report",)]
    assert arrange(sample.BOARD_ENDED, NOW, "nothing-like-it", order=order) == ()


@settings(max_examples=60, deadline=None)
@given(boards(), ORDERS, st.floats(0, 4_000), st.floats(0, 4_000))
def test_seconds_alone_move_nothing(view: BoardView, order: Order, one: float, other: float) -> None:
    """Unless a state is another one by then, or a moment's rest is over."""

    def states(now: float) -> list[tuple[object, ...]]:
        everyone = (*view.sessions, *view.ended_today)
        rests = [idle_since(one, now) == now for one in everyone]
        return [(section_of(one, now), facts.state(one, now), rest) for one, rest in zip(everyone, rests, strict=True)]

    early, late = NOW + min(one, other), NOW + max(one, other)
    if states(early) == states(late):
        assert arrange(view, early, unfolded=True, order=order) == arrange(view, late, unfolded=True, order=order)


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
    assert ids(board(unkept, off), Order.NEED) == ["notes-app", "off"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-60, 600), st.booleans()), min_size=2, max_size=6), st.integers(0, 300))
def test_time_left_grows_from_row_to_row_among_what_needs_you(rows: list[tuple[int, bool]], after: int) -> None:
    """What nothing keeps first, then what is kept; what is cold by then stands elsewhere."""
    sessions = {
        str(n): sample.session(str(n), sample.cache(left), sample.keep("kept" if kept else "off"))
        for n, (left, kept) in enumerate(rows)
    }
    needs = [one for part in arrange(board(*sessions.values()), NOW + after) if part.key == "needs" for one in part.ids]
    read = [(facts.is_kept(sessions[one]), facts.seconds_left(sessions[one], NOW + after)) for one in needs]
    assert read == sorted(read)
    assert len(read) == sum(left > after for left, _ in rows)


def test_what_works_stays_where_it_is_while_its_requests_renew_it() -> None:
    def order(search_left: float) -> list[str]:
        search = replace(sample.SEARCH, cache=sample.cache(search_left), opened_at=NOW - 10)
        web = replace(sample.WEB, cache=sample.cache(250), opened_at=NOW - 20)
        return ids(board(search, web), Order.NEED)

    assert order(240) == order(299) == ["search-index", "web-tests"]


def test_what_is_open_has_its_place_by_time_once_it_rests() -> None:
    def quiet(name: str, left: float, active: float) -> SessionView:
        session = sample.session(name, sample.cache(left), sample.keep(""), waiting=None, status=Status.UNKNOWN)
        return replace(session, last_activity_at=NOW - active, opened_at=NOW - 900)

    view = board(quiet("talks", 290, 10), quiet("rests", 150, 150), quiet("also-talks", 298, 2))
    assert ids(view, Order.NEED) == ["rests", "also-talks", "talks"]
    assert ids(view, Order.NEED, NOW + 60) == ["rests", "talks", "also-talks"]


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
    rests = replace(works, waiting_for=WaitingFor.YOU, status=Status.IDLE, last_activity_at=NOW - 59)
    view = replace(PROJECTS, sessions=(*PROJECTS.sessions[:6], rests, *PROJECTS.sessions[7:]))
    assert ids(view, Order.AGE) == ids(PROJECTS, Order.AGE)
    assert ids(view, Order.AGE, NOW + 1)[:2] == ["web-tests", works.id]


def test_a_session_without_any_time_is_the_oldest() -> None:
    lost = replace(sample.DOCS, last_activity_at=None, opened_at=None)
    begun = replace(sample.ETL, last_activity_at=None, opened_at=NOW - 90)
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
        grown = replace(sample.ETL, cache=sample.cache(140, usd=usd), opened_at=NOW - 9)
        other = replace(sample.API, cache=sample.cache(48, usd=0.62), opened_at=NOW - 10)
        return ids(board(other, grown), Order.COST)

    assert at(0.616) == at(0.62) == at(0.624) == ["etl-nightly", "api-refactor"]
    assert at(0.61) == ["api-refactor", "etl-nightly"]
