"""Forgetting: the text leaves the file, nothing comes back, nobody else loses anything, and money stays money."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from store import assignments, budgets, forget, intents, launches, ledger, lineages, pings, sessions, tombstones, turns
from store.database import connect, immediate
from store.forget import CannotForget
from store.ingest.importer import import_paths
from store.ingest.reading import FileRead
from store.ingest.writing import write
from store.ledger_models import LedgerView
from store.models import BudgetMode, Usage
from store.session_filter import SessionFilter
from tests.store.conftest import Connect
from tests.store.ingest.made_up_reads import file_read, found, request, turn
from tests.store.made_up import (
    NOW,
    add_lineage,
    add_ping,
    add_prices,
    add_request,
    add_session,
    launch,
    memory_store,
    open_period,
    reserve,
)
from tests.store.quirk_lines import Claude, conversation, uuid
from tests.store.stored_facts import dump, search_is_whole
from tests.store.written_turns import add_turn

SECRET = "xylograph-of-the-quay"
PARENT = file_read(
    found("/t/a/parent.jsonl", "parent"), turns=[turn()], requests=[request("m1"), request("m2", NOW + 9)]
)
FORK = file_read(
    found("/t/b/fork.jsonl", "fork"),
    turns=[turn(), turn(2, "and the jetty", at=NOW + 100)],
    requests=[request("m1"), request("m2", NOW + 9), request("m3", NOW + 100, turn=2)],
)
SECOND = file_read(
    found("/t/c/second.jsonl", "second"),
    turns=[turn()],
    requests=[request("m2", NOW + 9, turn=4), request("m3", NOW + 100)],
)
SUBAGENT = file_read(found("/t/b/x.jsonl", "fork", agent_id="x"), requests=[request("m4", agent_id="x", turn=None)])
FAMILY = (PARENT, FORK, SECOND, SUBAGENT)


def store(db: sqlite3.Connection, *reads: FileRead) -> None:
    for read in reads:
        with immediate(db):
            write(db, read)


def over(db: sqlite3.Connection, session_id: str = "s1", **known: str | float | None) -> str:
    return add_session(db, session_id, **{"ended_at": NOW + 500, **known})


def count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


# --- nothing else changes, nothing comes back ------------------------------------------------------------------------


@given(st.permutations(FAMILY), st.sets(st.sampled_from(["parent", "fork", "second"])), st.permutations(FAMILY))
def test_the_store_is_as_if_they_had_never_been_read(
    order: list[FileRead], gone: set[str], again: list[FileRead]
) -> None:
    with memory_store() as db, memory_store() as without:
        store(db, *order)
        store(without, *(read for read in FAMILY if read.found.session_id not in gone))
        expected = dump(without)
        forget.delete(db, sorted(gone), NOW)
        assert dump(db) == expected
        store(db, *again)
        assert dump(db) == expected, "it came back"
        assert search_is_whole(db)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_is_told_fits_what_goes() -> None:
    with memory_store() as db:
        store(db, *FAMILY)
        assert [(one.id, one.turns, one.requests) for one in forget.look(db, ["fork", "parent", "no"])] == [
            ("fork", 2, 2),
            ("parent", 1, 2),
        ]
        assert forget.copied_in(db, ["parent"]) == ["fork", "second"]
        assert forget.transcripts(db, ["fork"]) == ["/t/b/fork.jsonl", "/t/b/x.jsonl"]
        gone = forget.delete(db, ["parent"], NOW)
        assert (gone.sessions, gone.turns, gone.requests, gone.passed_on, gone.pings) == (("parent",), 1, 0, 2, 0)
        gone = forget.delete(db, ["fork"], NOW)
        assert (gone.turns, gone.requests, gone.passed_on) == (2, 2, 2), "m4 and m1, which nobody else holds"


def test_what_the_gateway_saw_goes_to_a_copy_or_for_good(db: sqlite3.Connection) -> None:
    over(db, "parent")
    over(db, "other")
    lineage = add_lineage(db, "parent")
    for name in ("m1", "m9"):
        add_request(db, name, "parent", lineage_id=lineage, usage=Usage(input=7))
    add_request(db, "m3", "other", usage=Usage(input=8))
    store(db, PARENT, FORK)
    db.execute("UPDATE requests SET source = (SELECT id FROM sources WHERE path LIKE '%fork%') WHERE message_id = 'm3'")
    forget.delete(db, ["parent"], NOW)
    rows = db.execute("SELECT message_id, session_id, evidence, lineage_id, input FROM requests ORDER BY 1").fetchall()
    assert rows == [
        ("m1", "fork", "gateway", None, 7),
        ("m2", "fork", "transcript", None, 5),
        ("m3", "other", "gateway", None, 8),
    ]
    forget.delete(db, ["fork"], NOW)
    rows = db.execute("SELECT message_id, session_id, source, turn FROM requests").fetchall()
    assert rows == [("m3", "other", None, None)], "what was seen of a session that stays is that session's"


def test_real_files_are_not_read_again_until_it_is_undone(db: sqlite3.Connection, tmp_path: Path) -> None:
    for number in (1, 2):
        lines = conversation(Claude(number), turns=2, name=f"m{number}")
        (tmp_path / f"{uuid(number)}.jsonl").write_bytes(lines.bytes())
    import_paths(db, [tmp_path])
    whole = dump(db)
    forget.delete(db, [uuid(1)], NOW)
    once = dump(db)
    assert [row[0] for row in once["sessions"]] == [uuid(2)]
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.left_out, totals.unchanged) == (0, 1, 1)
    file = tmp_path / f"{uuid(1)}.jsonl"
    file.write_bytes(file.read_bytes() * 2)
    assert import_paths(db, [tmp_path]).left_out == 1, "a session that goes on stays away, too"
    assert dump(db) == once
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    tombstones.lift(db, uuid(1))
    import_paths(db, [tmp_path])
    assert dump(db) == whole


# --- every table -----------------------------------------------------------------------------------------------------


def full(db: sqlite3.Connection, session_id: str) -> int:
    """A session with something in every table but those of its money; returns its lineage."""
    launches.record(db, launch(f"launch-{session_id}"))
    over(db, session_id, launch_id=f"launch-{session_id}", title=SECRET, cwd=f"/home/{SECRET}")
    launches.end(db, f"launch-{session_id}", NOW)
    lineage = add_lineage(db, session_id)
    store(db, file_read(found(f"/t/{SECRET}/{session_id}.jsonl", session_id), turns=[turn()]))
    add_turn(db, 1, session_id, prompt=SECRET, answer=SECRET, files=[(SECRET, "M")], failed=[(SECRET, 1)])
    add_request(db, f"of {session_id}", session_id, lineage_id=lineage)
    budgets.put(db, session_id, mode=BudgetMode.AUTO, pings=None, usd=1.0, until=None, now=NOW)
    intents.ask_ping(db, session_id, NOW)
    db.execute(
        "INSERT INTO breaks (message_id, session_id, at, cause, expected_read, read, written)"
        " VALUES (?, ?, 0, 'expired', 0, 0, 0)",
        (f"of {session_id}", session_id),
    )
    db.execute("INSERT INTO client_reports (session_id, reported_at) VALUES (?, 0)", (session_id,))
    assignments.record(db, open_period(db, lineage, session_id), "lapse", 0.5, NOW)
    return lineage


def test_every_table_loses_it_and_keeps_the_others(db: sqlite3.Connection) -> None:
    full(db, "one")
    tables = [
        row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'")
    ]
    before = {table: count(db, table) for table in tables}
    full(db, "two")
    forget.delete(db, ["two"], NOW)
    after = {table: count(db, table) for table in tables if not table.startswith("turns_fts")}
    assert after == {**{table: before[table] for table in after}, "forgotten": 1, "unkept_files": 1}
    for table in after:
        for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608
            assert "two" not in [value for value in row if table != "forgotten"], table


def test_a_launch_goes_with_its_last_session_once_it_is_over(db: sqlite3.Connection) -> None:
    launches.record(db, launch("launch-1"))
    for name in ("one", "two"):
        over(db, name, launch_id="launch-1")
    forget.delete(db, ["one"], NOW)
    assert count(db, "launches") == 1
    launches.end(db, "launch-1", NOW)
    forget.delete(db, ["two"], NOW)
    assert count(db, "launches") == 0
    launches.record(db, launch("launch-2"))
    over(db, "three", launch_id="launch-2")
    forget.delete(db, ["three"], NOW)
    assert count(db, "launches") == 1, "its client still runs, perhaps in another session"


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pinged(db: sqlite3.Connection) -> sqlite3.Connection:
    """Two sessions with a kept period, a lost one, a miss, and a reservation that nobody will ever settle."""
    add_prices(db)
    for name in ("one", "two"):
        over(db, name)
        kept, lost = add_lineage(db, name), add_lineage(db, name)
        open_period(db, kept, name)
        add_ping(db, kept, name)
        db.execute(
            "UPDATE idle_periods SET closed_at = ?, closed_by = 'request', read_tokens = 100000 WHERE lineage_id = ?",
            (NOW + 400, kept),
        )
        open_period(db, lost, name)
        add_ping(db, lost, name, hit=False)
        unknown = reserve(db, lost, name, at=NOW + 290)
        assert isinstance(unknown, int)
        pings.settle(db, unknown, outcome="timeout", now=NOW + 300, cost_known=False)
        db.execute("UPDATE idle_periods SET closed_at = ?, closed_by = 'end' WHERE lineage_id = ?", (NOW + 500, lost))
        open_period(db, add_lineage(db, name), name)  # without a ping
    return db


def test_what_was_spent_stays_spent(pinged: sqlite3.Connection) -> None:
    def sums() -> tuple[LedgerView, object]:
        view = ledger.read(pinged)
        return (
            structs.replace(view, by_session=(), by_project=(), by_agent=()),
            pings.spent(pinged, 0, "x", None, 0.0),
        )

    before = sums()
    assert before[0].saved_usd > 0
    gone = forget.delete(pinged, ["one"], NOW)
    assert sums() == before
    assert gone.pings == 3
    forget.delete(pinged, ["two"], NOW)
    assert sums() == before
    assert {row[0] for row in pinged.execute("SELECT DISTINCT session_id FROM pings")} == {sessions.NAMELESS}
    assert count(pinged, "idle_periods") == count(pinged, "lineages") == 4, "those without a ping cost nothing"
    assert pinged.execute("PRAGMA foreign_key_check").fetchall() == []
    nameless = sessions.get(pinged, sessions.NAMELESS)
    assert nameless is not None
    assert (nameless.cwd, nameless.transcript, nameless.ended_at) == ("", None, 0.0)
    assert lineages.open_main(pinged) == []


def test_the_nameless_session_stays(pinged: sqlite3.Connection) -> None:
    forget.delete(pinged, ["one"], NOW)
    with pytest.raises(CannotForget, match="names nobody"):
        forget.delete(pinged, [sessions.NAMELESS], NOW)
    assert forget.chosen(pinged) == ["two"]


def test_a_ping_on_its_way_and_an_open_session_hold_it_back(db: sqlite3.Connection) -> None:
    add_session(db, "open")
    over(db, "asked")
    reserve(db, add_lineage(db, "asked"), "asked")
    store(db, PARENT)
    before = dump(db)
    with pytest.raises(CannotForget, match="session open is open: end it first"):
        forget.delete(db, ["parent", "open"], NOW)
    with pytest.raises(CannotForget, match="a ping of session asked is on its way"):
        forget.delete(db, ["asked"], NOW, open_too=True)
    assert dump(db) == before, "all or none"
    assert count(db, "forgotten") == 0
    forget.delete(db, ["open"], NOW, open_too=True)
    assert sessions.get(db, "open") is None


# --- choosing --------------------------------------------------------------------------------------------------------


def test_by_last_activity_and_by_project(db: sqlite3.Connection) -> None:
    over(db, "old", last_activity_at=NOW - 100, cwd="/src/quay")
    over(db, "new", last_activity_at=NOW, cwd="/src/quay")
    over(db, "undated", opened_at=None, ended_at=None)
    assert forget.chosen(db, before=NOW) == ["old"]
    assert forget.chosen(db, before=NOW + 1) == ["old", "new"]
    assert forget.chosen(db, among=SessionFilter(project="QUAY")) == ["old", "new"]
    assert forget.chosen(db, before=NOW, among=SessionFilter(project="harbour")) == []


# --- the bytes -------------------------------------------------------------------------------------------------------


def bytes_of(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(path.parent.iterdir()))


def test_the_text_is_in_no_file_any_more(db: sqlite3.Connection, another: Connect, store_file: Path) -> None:
    keeper = another()  # (as long as it has the store open, SQLite does not tidy up by itself)
    keeper.execute("PRAGMA secure_delete = OFF")  # (as most builds have it)
    full(db, "one")
    for size in range(20):  # a turn that grows leaves its earlier text in free pages
        add_turn(keeper, 2, "one", prompt=f"{SECRET} " * 100 * size, answer=SECRET)
    over(db, "two")
    add_turn(keeper, 1, "two", prompt="of the other")
    assert SECRET.encode() in bytes_of(store_file)
    forget.delete(db, ["one"], NOW)
    assert SECRET.encode() in bytes_of(store_file), "deleting alone leaves it in the log and in free pages"
    assert forget.sweep(db) == ""
    held = bytes_of(store_file)
    assert SECRET.encode() not in held
    assert b"xylograph" not in held, "not as a word of the search index either"
    assert b"of the other" in held
    assert search_is_whole(keeper)
    assert [view.prompt for view in turns.read(keeper, "two")] == ["of the other"]


def test_even_unswept_the_deleted_rows_are_blank(db: sqlite3.Connection, store_file: Path) -> None:
    over(db, "one", title=SECRET)
    add_turn(db, 1, "one", prompt=SECRET * 50)
    forget.delete(db, ["one"], NOW)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert SECRET.encode() not in bytes_of(store_file)


def test_a_store_in_use_says_that_it_was_not_swept(db: sqlite3.Connection, another: Connect) -> None:
    db.execute("PRAGMA busy_timeout = 20")
    reader = another()
    over(db)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sessions").fetchone()
    assert forget.sweep(db) == "somebody reads it"
    reader.execute("ROLLBACK")
    with immediate(reader):
        assert forget.sweep(db) == "database is locked"
    assert forget.sweep(db) == ""


def test_a_store_that_may_only_be_read_is_left_as_it_is(db: sqlite3.Connection, store_file: Path) -> None:
    over(db)
    with (
        closing(connect(store_file, read_only=True)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        forget.delete(reader, ["s1"], NOW)
    assert sessions.get(db, "s1") is not None


def test_a_copy_that_is_read_meanwhile_is_not_stored(db: sqlite3.Connection) -> None:
    """A file of the session that nobody knew when it was forgotten: its records name it."""
    over(db)
    forget.delete(db, ["s1"], NOW)
    store(
        db, replace(file_read(found("/t/agent-x.jsonl", "", agent_id="x"), session_id="s1", requests=[request("m1")]))
    )
    assert count(db, "sessions") == count(db, "requests") == count(db, "sources") == 0
