"""All sessions in order, what their rows say, and how much there is."""

from __future__ import annotations

import sqlite3

import pytest

from store import history
from store.history import Place
from store.models import Usage
from store.search import Filters
from store.session_filter import SessionFilter
from store.sessions import NAMELESS
from tests.store.made_up import NOW, add_prices, add_request, add_session
from tests.store.written_turns import add_turn


@pytest.fixture
def three(db: sqlite3.Connection) -> sqlite3.Connection:
    """Two sessions that did something, and one of which nobody knows when."""
    add_prices(db)
    add_session(db, "old", cwd="/src/harbour", title="Mend the pier", opened_at=NOW, last_activity_at=NOW + 100)
    add_session(db, "new", cwd="/src/crane", agent="codex", opened_at=NOW + 1000)
    add_session(db, "odd", cwd="/src/harbour", opened_at=None)
    add_turn(db, 1, "new", prompt="")
    add_turn(db, 2, "new", prompt="lift " * 200)
    add_turn(db, 3, "new", prompt="lower")
    add_request(db, "m1", "new", at=NOW + 1000, usage=Usage(input=1_000_000))
    return db


def ids(db: sqlite3.Connection, filters: Filters) -> list[str]:
    return [place.session for place in history.places(db, filters)]


def test_the_newest_is_first_and_what_has_no_date_last(three: sqlite3.Connection) -> None:
    assert history.places(three) == (Place("new", NOW + 1000), Place("old", NOW + 100), Place("odd", None))


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(SessionFilter(project="HARBOUR")), ["old", "odd"]),
        (Filters(SessionFilter(agent="codex")), ["new"]),
        (Filters(since=NOW + 50), ["new", "old"]),
        (Filters(since=NOW + 101), ["new"]),
        (Filters(until=NOW + 1000), ["old"]),
        (Filters(since=NOW + 20, until=NOW + 30), ["old"]),
    ],
)
def test_filters_leave_what_was_going_on_then(three: sqlite3.Connection, filters: Filters, found: list[str]) -> None:
    assert ids(three, filters) == found


def test_a_row_says_what_it_was_about_and_what_it_cost(three: sqlite3.Connection) -> None:
    lines = {line.id: line for line in history.lines(three, ["new", "old", "gone"])}
    assert set(lines) == {"new", "old"}
    new, old = lines["new"], lines["old"]
    assert (new.agent, new.project, new.turns, new.usd) == ("codex", "crane", 3, 4.0)
    assert new.first_prompt.startswith("lift lift")
    assert len(new.first_prompt) == history.PROMPT_CHARACTERS
    assert (old.title, old.first_prompt, old.turns, old.usd) == ("Mend the pier", "", 0, 0.0)


def test_what_a_model_without_a_price_costs_is_unknown(three: sqlite3.Connection) -> None:
    add_request(three, "m2", "new", at=NOW + 1001, usage=Usage(input=5), model="nobody-knows")
    (line,) = history.lines(three, ["new"])
    assert line.usd is None


def test_how_much_there_is(three: sqlite3.Connection) -> None:
    known = history.overview(three)
    assert (known.sessions, known.turns) == (3, 3)
    assert (known.projects, known.agents) == (("harbour", "crane"), ("claude", "codex"))


def test_what_stands_for_forgotten_sessions_is_none(three: sqlite3.Connection) -> None:
    before = history.overview(three), history.places(three)
    add_session(three, NAMELESS, cwd="/src/elsewhere", agent="forgotten")
    assert (history.overview(three), history.places(three)) == before
