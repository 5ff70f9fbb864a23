"""Sessions: partial knowledge adds up, prefixes resolve, states keep their time, a launch's name is taken over."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import budgets, lineages, sessions
from store.models import BudgetMode, Status, WaitingFor
from store.rows import SessionRow
from store.sessions import UnknownSession
from tests.store.made_up import (
    NOW,
    add_lineage,
    add_ping,
    add_request,
    add_session,
    memory_store,
    open_period,
)


def get(db: sqlite3.Connection, session_id: str = "s1") -> SessionRow:
    row = sessions.get(db, session_id)
    assert row is not None
    return row


def test_each_writer_says_what_it_knows(db: sqlite3.Connection) -> None:
    sessions.save(db, "s1", agent="claude", title="a title", pid=12)
    sessions.save(db, "s1", model="claude-opus-5-5")
    sessions.save(db, "s1", pid=None)
    sessions.save(db, "s1")
    row = get(db)
    assert (row.agent, row.title, row.pid, row.model) == ("claude", "a title", None, "claude-opus-5-5")


def test_a_new_session_needs_an_agent(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="agent"):
        sessions.save(db, "s1", title="a title")


def test_an_unknown_column_is_refused(db: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="no such session columns: colour, id; DROP"):
        sessions.save(db, "s1", agent="claude", colour="red", **{"id; DROP": 1})
    assert sessions.get(db, "s1") is None


def test_a_project_is_named_by_its_folder(db: sqlite3.Connection) -> None:
    sessions.save(db, "s1", agent="claude", cwd="/home/x/harbour")
    assert get(db).project == "harbour"
    sessions.save(db, "s1", cwd="/home/x/pier", project="given")
    assert get(db).project == "given"
    sessions.save(db, "s1", cwd="")
    assert get(db).project == "given"


def test_a_session_that_speaks_again_is_open_again(db: sqlite3.Connection) -> None:
    add_session(db)
    sessions.end(db, "s1", "dead", NOW + 1)
    sessions.end(db, "s1", "ended", NOW + 2)
    row = get(db)
    assert (row.ended_at, row.end_reason, row.status) == (NOW + 1, "dead", Status.ENDED)
    assert sessions.open_sessions(db) == []

    sessions.save(db, "s1", title="still ended")
    assert get(db).ended_at == NOW + 1
    sessions.save(db, "s1", ended_at=None, end_reason="")
    sessions.set_state(db, "s1", Status.BUSY, None, NOW + 3)
    assert [row.id for row in sessions.open_sessions(db)] == ["s1"]
    assert (get(db).status, get(db).end_reason) == (Status.BUSY, "")


def test_waiting_since_moves_only_with_the_state(db: sqlite3.Connection) -> None:
    add_session(db)
    seen = []
    for at, status, waiting in (
        (1.0, Status.IDLE, WaitingFor.YOU),
        (2.0, Status.IDLE, WaitingFor.YOU),
        (3.0, Status.BUSY, WaitingFor.PERMISSION),
        (4.0, Status.BUSY, None),
        (5.0, Status.BUSY, None),
        (6.0, Status.IDLE, None),
    ):
        sessions.set_state(db, "s1", status, waiting, at)
        row = get(db)
        assert (row.status, row.waiting_for) == (status, waiting)
        seen.append(row.waiting_since)
    assert seen == [1.0, 1.0, 3.0, 4.0, 4.0, 6.0]


def test_an_ended_session_takes_no_state(db: sqlite3.Connection) -> None:
    add_session(db)
    sessions.set_state(db, "s1", Status.IDLE, WaitingFor.YOU, NOW)
    sessions.end(db, "s1", "ended", NOW + 1)
    sessions.set_state(db, "s1", Status.BUSY, WaitingFor.TOOL, NOW + 2)
    assert (get(db).status, get(db).waiting_for) == (Status.ENDED, None)


def test_an_id_or_a_unique_prefix_names_a_session(db: sqlite3.Connection) -> None:
    for session_id in ("abc", "abcd", "abx", "zed"):
        add_session(db, session_id)
    assert sessions.resolve(db, "zed") == sessions.resolve(db, "z") == "zed"
    assert sessions.resolve(db, "abc") == "abc"  # whole ids win over longer ones
    assert sessions.resolve(db, "abcd") == "abcd"
    with pytest.raises(UnknownSession, match="'ab' names more than one session: ab"):
        sessions.resolve(db, "ab")
    for nothing in ("", "abcde", "ZED", "ed"):
        with pytest.raises(UnknownSession, match="no session"):
            sessions.resolve(db, nothing)


def test_wildcards_are_letters(db: sqlite3.Connection) -> None:
    for session_id in ("a%b", "a_b", "axb", "*"):
        add_session(db, session_id)
    assert sessions.resolve(db, "a%") == "a%b"
    assert sessions.resolve(db, "a_") == "a_b"
    assert sessions.resolve(db, "*") == "*"
    for nothing in ("%", "_", "a*"):
        with pytest.raises(UnknownSession, match="no session"):
            sessions.resolve(db, nothing)


@given(
    ids=st.lists(st.text(alphabet="ab%_-é", min_size=1, max_size=4), unique=True, max_size=8),
    prefix=st.text(alphabet="ab%_-é", max_size=4),
)
def test_resolve_agrees_with_startswith(ids: list[str], prefix: str) -> None:
    matches = [session_id for session_id in ids if session_id.startswith(prefix)]
    with memory_store() as db:
        for session_id in ids:
            add_session(db, session_id)
        if prefix in matches:
            assert sessions.resolve(db, prefix) == prefix
        elif prefix and len(matches) == 1:
            assert sessions.resolve(db, prefix) == matches[0]
        else:
            with pytest.raises(UnknownSession):
                sessions.resolve(db, prefix)


def stored_under_a_launch(db: sqlite3.Connection) -> None:
    add_session(db, "launch-1")
    add_session(db, "s1")
    lineage_id = add_lineage(db, "launch-1")
    open_period(db, lineage_id, "launch-1")
    add_request(db, "msg-1", "launch-1", lineage_id=lineage_id)
    add_ping(db, lineage_id, "launch-1")
    db.execute("INSERT INTO turns (session_id, n) VALUES ('launch-1', 1)")


def test_a_launch_hands_everything_to_the_session_it_turns_out_to_be(db: sqlite3.Connection) -> None:
    stored_under_a_launch(db)
    sessions.adopt_launch_name(db, "launch-1", "s1")
    assert sessions.get(db, "launch-1") is None
    for table in ("lineages", "requests", "turns", "pings", "idle_periods"):
        assert db.execute(f"SELECT session_id FROM {table}").fetchall() == [("s1",)]  # noqa: S608
    lineage = lineages.current(db, "s1")
    assert lineage is not None
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_adopting_twice_or_an_unknown_launch_changes_nothing(db: sqlite3.Connection) -> None:
    stored_under_a_launch(db)
    sessions.adopt_launch_name(db, "launch-1", "s1")
    before = list(db.iterdump())
    sessions.adopt_launch_name(db, "launch-1", "s1")
    sessions.adopt_launch_name(db, "launch-9", "s1")
    assert list(db.iterdump()) == before


@pytest.mark.parametrize("own", [False, True])
def test_a_budget_set_for_the_launch_holds_for_the_session(db: sqlite3.Connection, own: bool) -> None:
    """`off` said to a launch must not turn into spending when its session gets a name."""
    stored_under_a_launch(db)
    budgets.put(db, "launch-1", mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=NOW)
    if own:
        budgets.put(db, "s1", mode=BudgetMode.AUTO, pings=2, usd=None, until=None, now=NOW)
    sessions.adopt_launch_name(db, "launch-1", "s1")
    budget = budgets.get(db, "s1")
    assert budget is not None
    assert budget.mode is (BudgetMode.AUTO if own else BudgetMode.OFF)
    assert budgets.get(db, "launch-1") is None
