"""Turns come back as they were told, a turn that still runs grows in its place, and each costs what its requests do."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import turns
from store.database import immediate
from store.ingest.reading import TurnRow
from store.ingest.writing import write
from store.models import Evidence, FailedCommand, FileChange, TurnView, Usage
from store.turns import Bulk
from store.words import SEPARATOR
from tests.store.ingest.made_up_reads import file_read, request, turn
from tests.store.made_up import HAIKU, NOW, OPUS, add_prices, add_request, add_session, memory_store
from tests.store.stored_facts import search_is_whole

PIER = TurnRow(
    n=1,
    started_at=NOW,
    ended_at=NOW + 6,
    prompt="mend the pier",
    answer="the pier stands",
    model=OPUS,
    paths=f"pier.py{SEPARATOR}tests/test_pier.py",
    path_kinds="MA",
    failed=f"pytest{SEPARATOR}pytest",
    exit_codes="1 -9",
    prompt_id="r1",
    background=2,
    compactions=1,
)


def save(db: sqlite3.Connection, *rows: TurnRow, session_id: str = "s1") -> None:
    with immediate(db):
        turns.save(db, session_id, rows)


@pytest.fixture(autouse=True)
def _session(db: sqlite3.Connection) -> None:
    add_session(db)


def test_a_turn_comes_back_as_it_was_told(db: sqlite3.Connection) -> None:
    save(db, PIER)
    assert turns.read(db, "s1") == (
        TurnView(
            n=1,
            started_at=NOW,
            ended_at=NOW + 6,
            prompt="mend the pier",
            answer="the pier stands",
            files_changed=(FileChange(path="pier.py", kind="M"), FileChange(path="tests/test_pier.py", kind="A")),
            failed_commands=(
                FailedCommand(command="pytest", exit_code=1),
                FailedCommand(command="pytest", exit_code=-9),
            ),
            usd=0.0,
            memory="Tool memory:\n- Files changed: pier.py, tests/test_pier.py\n"
            "- Failed bash: pytest (exit 1), pytest (exit -9)",
        ),
    )


def test_a_command_that_failed_twice_in_the_same_way_is_remembered_once(db: sqlite3.Connection) -> None:
    save(db, PIER._replace(exit_codes="1 1", paths="", path_kinds=""))
    (view,) = turns.read(db, "s1")
    assert len(view.failed_commands) == 2
    assert view.memory == "Tool memory:\n- Failed bash: pytest (exit 1)"


def test_nothing_left_is_nothing_remembered(db: sqlite3.Connection) -> None:
    save(db, turn())
    (view,) = turns.read(db, "s1")
    assert (view.files_changed, view.failed_commands, view.memory) == ((), (), "")


def test_a_running_turn_grows_in_its_place(db: sqlite3.Connection) -> None:
    save(db, turn(paths=["pier.py"]))
    number = db.execute("SELECT id FROM turns").fetchone()
    save(db, turn(answer="done", paths=["pier.py", "jetty.py"]), turn(2, "and the jetty"))
    first, second = turns.read(db, "s1")
    assert (first.answer, [file.path for file in first.files_changed]) == ("done", ["pier.py", "jetty.py"])
    assert second.prompt == "and the jetty"
    assert db.execute("SELECT id FROM turns WHERE n = 1").fetchone() == number


def test_the_model_stays_known_when_a_turn_grows_without_requests(db: sqlite3.Connection) -> None:
    """Only what changed is told: the request that named the model may not be among it."""
    for model in (OPUS, "", HAIKU, ""):
        save(db, turn()._replace(model=model))
    assert db.execute("SELECT model FROM turns").fetchall() == [(HAIKU,)]


def test_only_some_are_kept(db: sqlite3.Connection) -> None:
    add_session(db, "s2")
    for session_id in ("s1", "s2"):
        save(db, *(turn(n) for n in range(4)), session_id=session_id)
    with immediate(db):
        turns.keep_only(db, "s1", [0, 2, 7])
    assert [[view.n for view in turns.read(db, name)] for name in ("s1", "s2")] == [[0, 2], [0, 1, 2, 3]]
    assert search_is_whole(db)
    with immediate(db):
        turns.keep_only(db, "s1", [])
    assert turns.read(db, "s1") == ()


def test_the_last_few_in_their_order(db: sqlite3.Connection) -> None:
    save(db, *(turn(n, f"prompt {n}") for n in range(1, 5)))
    assert [view.n for view in turns.read(db, "s1")] == [1, 2, 3, 4]
    assert [view.prompt for view in turns.read(db, "s1", 2)] == ["prompt 3", "prompt 4"]
    assert [view.n for view in turns.read(db, "s1", 9)] == [1, 2, 3, 4]
    assert turns.read(db, "s3") == ()


# --- what a turn costs -----------------------------------------------------------------------------------------------


def test_a_turn_costs_what_its_requests_do(db: sqlite3.Connection) -> None:
    add_prices(db)
    rows = [
        request("m1", NOW, turn=1, output=100, read=1_000, write=200, reasoning=30),
        request("m2", NOW + 5, turn=1, output=50, read=1_200, write=10),
        request("m3", NOW + 100, turn=2),
    ]
    with immediate(db):
        write(db, file_read(turns=[turn(), turn(2, at=NOW + 100), turn(3, at=NOW + 200)], requests=rows))
    first, second, third = turns.read(db, "s1")
    assert (first.requests, first.usage) == (
        2,
        Usage(input=10, output=150, cache_read=2_200, cache_write_5m=210, reasoning=30),
    )
    assert first.usd == pytest.approx((10 * 4 + 150 * 20 + 2_200 * 0.2 + 210 * 5) / 1e6)
    assert (second.requests, third.requests, third.usage, third.usd) == (1, 0, Usage(), 0.0)


def test_a_request_that_names_no_turn_belongs_to_the_one_that_ran(db: sqlite3.Connection) -> None:
    save(db, turn(0, at=NOW), turn(1, at=NOW + 100), turn(2, at=NOW + 200))
    for message_id, at in (("before all", NOW - 1), ("a", NOW), ("b", NOW + 150), ("c", NOW + 200), ("d", NOW + 9_999)):
        add_request(db, message_id, at=at)
    assert [view.requests for view in turns.read(db, "s1")] == [1, 1, 2]


@pytest.mark.parametrize("model", ["", "gpt-9"])
def test_without_a_known_price_there_is_no_money(db: sqlite3.Connection, model: str) -> None:
    add_prices(db)
    with immediate(db):
        write(db, file_read(turns=[turn()], requests=[request("m1"), request("m2", NOW + 1, model=model)]))
    (view,) = turns.read(db, "s1")
    assert (view.requests, view.usd) == (2, None)


def test_how_long_the_conversation_was_before_and_after(db: sqlite3.Connection) -> None:
    save(db, *(turn(n, at=NOW + n) for n in range(1, 6)))
    rows = [
        request("m1", NOW + 10, turn=1, read=100, write=0),
        request("m2", NOW + 11, turn=1, read=300, write=0),
        request("helper", NOW + 12, turn=None, read=9_000, agent_id="7"),
        request("m3", NOW + 20, turn=3, read=700, write=20),
        request("m4", NOW + 30, turn=4, read=50, write=0),
    ]
    with immediate(db):
        write(db, file_read(turns=[turn(n, at=NOW + n) for n in range(1, 6)], requests=rows))
    expected = [(None, 305), (305, 305), (305, 725), (725, 55), (55, 55)]
    assert [(view.context_before, view.context_after) for view in turns.read(db, "s1")] == expected
    assert [(view.context_before, view.context_after) for view in turns.read(db, "s1", 2)] == expected[-2:]


def test_a_request_that_another_session_keeps_costs_nothing_here(db: sqlite3.Connection) -> None:
    add_session(db, "s0")
    add_request(db, "m1", "s0", evidence=Evidence.GATEWAY)
    with immediate(db):
        write(db, file_read(turns=[turn()], requests=[request("m1"), request("m2", NOW + 1)]))
    assert [view.requests for view in turns.read(db, "s1")] == [1]


# --- many at once ----------------------------------------------------------------------------------------------------


def hits(db: sqlite3.Connection, query: str) -> list[tuple[str, int]]:
    assert search_is_whole(db)
    assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)
    return db.execute(
        "SELECT session_id, n FROM turns_fts f JOIN turns t ON t.id = f.rowid WHERE turns_fts MATCH ? ORDER BY 1, 2",
        (query,),
    ).fetchall()


def test_many_at_once_are_found_as_if_they_were_told_one_by_one(db: sqlite3.Connection) -> None:
    for session_id in ("s2", "s3", "s4"):
        add_session(db, session_id)
    save(db, turn(prompt="the old pier"), turn(2, "old"))
    with immediate(db), Bulk(db) as bulk:
        bulk.save("s2", [turn(prompt="the second pier"), turn(2, "jetty")])
        bulk.save("s1", [turn(prompt="the new pier")])
        bulk.save("s3", [turn(prompt="a short pier")])
        bulk.save("s3", [turn(prompt="a much longer pier than that one"), turn(2, "lantern")])
        turns.keep_only(db, "s3", [1])
        bulk.save("s2", [turn(prompt="the second jetty")])
        bulk.save("s4", [turn(prompt="the last quay")])
    assert hits(db, "pier") == [("s1", 1), ("s3", 1)]
    assert hits(db, "jetty") == [("s2", 1), ("s2", 2)]
    assert [hits(db, word) for word in ("new", "old", "short", "lantern")] == [[("s1", 1)], [("s1", 2)], [], []]
    assert hits(db, "quay") == [("s4", 1)]
    as_kept = indexed_words(db)
    db.execute("INSERT INTO turns_fts (turns_fts) VALUES ('rebuild')")
    assert as_kept == indexed_words(db)
    save(db, turn(prompt="no such thing"), session_id="s2")
    assert hits(db, "second") == []


def indexed_words(db: sqlite3.Connection) -> tuple[list[object], list[object]]:
    """Every word of the index with its places, and the figures that ranking goes by."""
    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab(main, turns_fts, instance)")
    words = db.execute("SELECT * FROM temp.words ORDER BY 1, 2, 3, 4").fetchall()
    return words, db.execute(
        "SELECT bm25(turns_fts) FROM turns_fts WHERE turns_fts MATCH 'the' ORDER BY rowid"
    ).fetchall()


def test_many_that_are_rolled_back_leave_nothing(db: sqlite3.Connection) -> None:
    def fail() -> None:
        with immediate(db), Bulk(db) as bulk:
            bulk.save("s1", [turn()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert hits(db, "pier") == []
    save(db, turn())
    assert hits(db, "pier") == [("s1", 1)]


# --- whatever is told ------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=20).filter(lambda text: SEPARATOR not in text)
TOLD = st.tuples(
    st.integers(0, 3),
    TEXT,
    TEXT,
    st.none() | st.floats(0, 2e9),
    st.lists(st.tuples(TEXT, st.sampled_from("AMDR")), max_size=3),
    st.lists(st.tuples(TEXT, st.integers(-9, 255)), max_size=3),
)


@given(told=st.lists(TOLD, max_size=5), numbers=st.sets(st.integers(0, 3)))
def test_the_last_telling_of_each_turn_counts(
    told: list[tuple[int, str, str, float | None, list[tuple[str, str]], list[tuple[str, int]]]], numbers: set[int]
) -> None:
    with memory_store() as db:
        add_session(db)
        for n, prompt, answer, at, files, failed in told:
            row = TurnRow(
                n=n,
                started_at=at,
                ended_at=at,
                prompt=prompt,
                answer=answer,
                model="",
                paths=SEPARATOR.join(path for path, _ in files),
                path_kinds="".join(kind for _, kind in files),
                failed=SEPARATOR.join(command for command, _ in failed),
                exit_codes=" ".join(str(code) for _, code in failed),
                prompt_id=None,
                background=0,
                compactions=0,
            )
            save(db, row)
        with immediate(db):
            turns.keep_only(db, "s1", sorted(numbers))
        assert search_is_whole(db)
        latest = {entry[0]: entry[1:] for entry in told if entry[0] in numbers}
        found = turns.read(db, "s1")
        assert [view.n for view in found] == sorted(latest)
        for view in found:
            assert latest[view.n] == (
                view.prompt,
                view.answer,
                view.started_at,
                [(file.path, file.kind) for file in view.files_changed],
                [(entry.command, entry.exit_code) for entry in view.failed_commands],
            )


def test_the_last_few_turns_cost_what_they_cost_among_all(db: sqlite3.Connection) -> None:
    add_session(db)
    with immediate(db):
        turns.save(db, "s1", [turn()._replace(n=n, started_at=NOW + 10 * n) for n in (1, 2, 3)])
    for n in (1, 2, 3):
        add_request(db, f"m{n}", at=NOW + 10 * n)
        add_request(db, f"h{n}", at=NOW + 10 * n + 5)
    db.execute("UPDATE requests SET agent_id = '7' WHERE message_id LIKE 'h%'")
    db.execute("UPDATE requests SET turn = CAST((started_at - ?) / 10 AS INTEGER) WHERE agent_id = ''", (NOW,))
    assert [view.requests for view in turns.read(db, "s1")] == [2, 2, 2]
    assert turns.read(db, "s1", last=2) == turns.read(db, "s1")[1:]
