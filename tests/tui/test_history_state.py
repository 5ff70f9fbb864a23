"""The list and its cursor as a plain object."""

from __future__ import annotations

from datetime import UTC

from msgspec.structs import replace

from store.history import Overview, Place, SessionLine
from tests.tui import history_sample
from tests.tui.history_sample import HITS, PLACES
from tests.tui.sample import NOW
from tui.history_query import Query, read
from tui.history_state import KEPT_SESSIONS, LINES_KEPT, HistoryState, Results

LOCK = read("lock", Overview(), NOW, UTC)
SESSIONS = Results(Query(), PLACES)
TURNS = Results(LOCK, hits=HITS, limit=30)


def state(results: Results, cursor: int = 0) -> HistoryState:
    one = HistoryState()
    one.show(results, afresh=True)
    one.move(cursor)
    return one


def test_rows_are_sessions_or_turns() -> None:
    assert (len(SESSIONS), SESSIONS.key(1), SESSIONS.times) == (4, ("s1", None), history_sample.TIMES)
    assert (len(TURNS), TURNS.key(1), TURNS.times[1]) == (4, ("s0", 2), HITS[1].at)


def test_more_may_be_found_where_the_limit_was_reached() -> None:
    assert not TURNS.may_grow
    assert Results(LOCK, hits=HITS, limit=4).may_grow
    assert not Results(LOCK, limit=0).may_grow
    assert not SESSIONS.may_grow


def test_the_cursor_stops_at_the_ends() -> None:
    one = state(TURNS, 99)
    assert one.key == ("s3", 1)
    one.move(-99)
    assert one.key == ("s0", 5)
    assert state(Results()).key is None


def test_the_cursor_stays_on_its_row_when_the_list_is_read_again() -> None:
    one = state(SESSIONS, 2)
    newer = (Place("s9", NOW), *PLACES)
    one.show(Results(Query(), newer), afresh=False)
    assert one.key == ("s2", None)
    one.show(Results(Query(), PLACES[:2]), afresh=False)
    assert one.key == ("s1", None), "gone: what is nearest"
    one.show(TURNS, afresh=True)
    assert one.cursor == 0


def test_what_was_read_is_kept_for_a_while() -> None:
    one = state(TURNS)
    for n in range(KEPT_SESSIONS + 3):
        one.keep_opened(f"x{n}", history_sample.session("s0"))
    assert list(one.opened) == [f"x{n}" for n in range(3, KEPT_SESSIONS + 3)]
    line = SessionLine(id="", agent="", project="", title="", first_prompt="", model=None, turns=0, usd=None)
    one.keep_lines(replace(line, id=str(n)) for n in range(LINES_KEPT + 5))
    assert (len(one.lines), next(iter(one.lines))) == (LINES_KEPT, "5")


def test_the_cursors_turn_comes_from_its_session() -> None:
    one = state(TURNS)
    assert one.turn is None
    one.keep_opened("s0", history_sample.session("s0"))
    assert one.turn is not None
    assert one.turn.n == 5
    assert state(SESSIONS).turn is None


def test_what_is_forgotten_is_not_what_is_on_the_screen() -> None:
    one = state(TURNS)
    for name in ("s1", "s0", "s3"):
        one.keep_opened(name, history_sample.session(name))
    one.forget_read()
    assert list(one.opened) == ["s0"]
    assert one.session is not None
