"""What several transcripts say of the same requests, sessions and turns, whatever the order of writing them."""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import launches, lineages, sessions, turns
from store.database import immediate
from store.ingest.reading import FileRead
from store.ingest.writing import UNREAD, write
from store.models import Evidence, Usage
from store.rows import SessionRow
from store.transcripts.clients import Found
from tests.store.ingest.made_up_reads import file_read, found, request, turn, unreadable
from tests.store.made_up import HAIKU, NOW, OPUS, add_lineage, add_request, add_session, launch, memory_store
from tests.store.stored_facts import dump, search_is_whole

PARENT = file_read(
    found("/t/a/parent.jsonl", "parent"), turns=[turn()], requests=[request("m1"), request("m2", NOW + 9)]
)
FORK = file_read(
    found("/t/b/fork.jsonl", "fork"),
    turns=[turn(), turn(2, "and the jetty", at=NOW + 100)],
    requests=[request("m1"), request("m2", NOW + 9), request("m3", NOW + 100, turn=2)],
)
SECOND_FORK = file_read(
    found("/t/c/second.jsonl", "second"), turns=[turn()], requests=[request("m2", NOW + 9, turn=4), request("m3")]
)
FAMILY = (PARENT, FORK, SECOND_FORK)


def store(db: sqlite3.Connection, *reads: FileRead, whole: bool = True) -> None:
    for read in reads:
        with immediate(db):
            write(db, read, whole=whole)


def owners(db: sqlite3.Connection) -> dict[str, tuple[str | None, str, int | None]]:
    """Of each request: the file that keeps it, its session, its turn there."""
    rows = db.execute(
        "SELECT message_id, path, r.session_id, turn FROM requests r LEFT JOIN sources s ON s.id = source ORDER BY 1"
    )
    return {row[0]: row[1:] for row in rows}


def copies(db: sqlite3.Connection) -> list[tuple[str, str, str, int | None]]:
    """Of each copy: message, file, session, turn."""
    return db.execute(
        "SELECT message_id, path, c.session_id, turn FROM request_copies c JOIN sources s ON s.id = source"
        " ORDER BY 1, 2"
    ).fetchall()


# --- who keeps a request ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order", list(itertools.permutations(FAMILY)), ids=lambda order: "".join(r.found.path[3] for r in order)
)
def test_of_several_copies_the_first_by_path_keeps_a_request(
    db: sqlite3.Connection, order: tuple[FileRead, ...]
) -> None:
    store(db, *order)
    assert owners(db) == {
        "m1": ("/t/a/parent.jsonl", "parent", 1),
        "m2": ("/t/a/parent.jsonl", "parent", 1),
        "m3": ("/t/b/fork.jsonl", "fork", 2),
    }
    assert copies(db) == [
        ("m1", "/t/b/fork.jsonl", "fork", 1),
        ("m2", "/t/b/fork.jsonl", "fork", 1),
        ("m2", "/t/c/second.jsonl", "second", 4),
        ("m3", "/t/c/second.jsonl", "second", 1),
    ]


def test_writing_again_changes_nothing(db: sqlite3.Connection) -> None:
    store(db, *FAMILY)
    once = dump(db)
    store(db, *reversed(FAMILY), *FAMILY)
    assert dump(db) == once


def test_what_an_owner_says_no_longer_goes_to_the_next_by_path(db: sqlite3.Connection) -> None:
    store(db, *reversed(FAMILY))
    store(db, replace(PARENT, requests=[request("m1")]))
    assert owners(db)["m2"] == ("/t/b/fork.jsonl", "fork", 1)
    assert copies(db) == [
        ("m1", "/t/b/fork.jsonl", "fork", 1),
        ("m2", "/t/c/second.jsonl", "second", 4),
        ("m3", "/t/c/second.jsonl", "second", 1),
    ]
    store(db, replace(FORK, requests=[]))
    assert owners(db) == {
        "m1": ("/t/a/parent.jsonl", "parent", 1),
        "m2": ("/t/c/second.jsonl", "second", 4),
        "m3": ("/t/c/second.jsonl", "second", 1),
    }
    assert copies(db) == []


def test_what_nobody_says_any_longer_is_gone(db: sqlite3.Connection) -> None:
    store(db, PARENT, replace(PARENT, requests=[request("m2")]))
    assert list(owners(db)) == ["m2"]


FILES = [found(f"/t/{name}.jsonl", f"s{name}") for name in "abc"]
WRITES = st.lists(
    st.tuples(st.sampled_from(FILES), st.frozensets(st.sampled_from(["m1", "m2", "m3"]))), min_size=1, max_size=8
)


@given(WRITES)
def test_the_last_state_of_each_file_is_all_that_counts(writes: list[tuple[Found, frozenset[str]]]) -> None:
    """Files grow, are taken over, lose their records: the store says what the files say now, first by path."""
    said: dict[str, frozenset[str]] = {}
    with memory_store() as db:
        for file, messages in writes:
            rows = [request(name, turn=ord(file.path[3])) for name in sorted(messages)]
            store(db, file_read(file, turns=[turn()], requests=rows))
            said[file.path] = messages
        expected_owners: dict[str, tuple[str | None, str, int | None]] = {}
        expected_copies: list[tuple[str, str, str, int | None]] = []
        for name in sorted({name for messages in said.values() for name in messages}):
            first, *others = sorted(path for path, messages in said.items() if name in messages)
            expected_owners[name] = (first, f"s{first[3]}", ord(first[3]))
            expected_copies += [(name, path, f"s{path[3]}", ord(path[3])) for path in others]
        assert owners(db) == expected_owners
        assert copies(db) == expected_copies


# --- what the gateway saw --------------------------------------------------------------------------------------------


def gateway_row(db: sqlite3.Connection, message_id: str) -> tuple[object, ...]:
    row: tuple[object, ...] = db.execute(
        "SELECT evidence, session_id, model, started_at, input, output, cache_read, lineage_id IS NOT NULL"
        " FROM requests WHERE message_id = ?",
        (message_id,),
    ).fetchone()
    return row


def seen_by_gateway(db: sqlite3.Connection, session_id: str = "parent") -> tuple[object, ...]:
    add_session(db, session_id)
    lineage = add_lineage(db, session_id)
    usage = Usage(input=7, output=77, cache_read=7_000)
    add_request(db, "m1", session_id, at=NOW + 0.5, usage=usage, lineage_id=lineage, model=HAIKU)
    return gateway_row(db, "m1")


def test_what_the_gateway_saw_stays_and_learns_its_turn(db: sqlite3.Connection) -> None:
    seen = seen_by_gateway(db)
    store(db, replace(PARENT, requests=[request("m1", turn=3, reasoning=4)]))
    assert gateway_row(db, "m1") == seen
    assert owners(db)["m1"] == ("/t/a/parent.jsonl", "parent", 3)
    assert db.execute("SELECT reasoning FROM requests").fetchone() == (4,)


def test_a_fork_only_copies_what_the_gateway_saw(db: sqlite3.Connection) -> None:
    seen = seen_by_gateway(db)
    store(db, FORK)
    assert gateway_row(db, "m1") == seen
    assert owners(db)["m1"] == (None, "parent", None)
    assert copies(db) == [("m1", "/t/b/fork.jsonl", "fork", 1)]
    store(db, PARENT)
    assert owners(db)["m1"] == ("/t/a/parent.jsonl", "parent", 1)


def test_what_the_gateway_saw_outlives_its_transcript_and_stays_in_its_session(db: sqlite3.Connection) -> None:
    seen = seen_by_gateway(db)
    store(db, FORK, PARENT, replace(PARENT, requests=[]))
    assert gateway_row(db, "m1") == seen
    assert owners(db)["m1"] == (None, "parent", None)
    assert copies(db) == [("m1", "/t/b/fork.jsonl", "fork", 1)]
    store(db, replace(FORK, requests=[]))
    assert gateway_row(db, "m1") == seen
    assert copies(db) == []


def test_a_fork_gives_up_what_turns_out_to_be_its_parents(db: sqlite3.Connection) -> None:
    store(db, FORK)
    add_request(db, "m1", add_session(db, "parent"), usage=Usage(output=77))
    store(db, PARENT)
    assert owners(db)["m1"] == ("/t/a/parent.jsonl", "parent", 1)
    assert ("m1", "/t/b/fork.jsonl", "fork", 1) in copies(db)
    store(db, FORK)
    assert owners(db)["m1"] == ("/t/a/parent.jsonl", "parent", 1)


def test_another_copy_of_its_session_keeps_what_the_gateway_saw(db: sqlite3.Connection) -> None:
    seen = seen_by_gateway(db)
    copy = replace(PARENT, found=found("/t/z/parent.jsonl", "parent"))
    for order in ((PARENT, copy), (copy, PARENT)):
        store(db, *order)
        assert owners(db)["m1"] == ("/t/a/parent.jsonl", "parent", 1)
        assert ("m1", "/t/z/parent.jsonl", "parent", 1) in copies(db)
    store(db, replace(PARENT, requests=[]))
    assert owners(db)["m1"] == ("/t/z/parent.jsonl", "parent", 1)
    assert gateway_row(db, "m1") == seen


def test_a_request_that_the_gateway_tells_later_keeps_its_file(db: sqlite3.Connection) -> None:
    store(db, PARENT)
    add_request(db, "m1", "parent", at=NOW + 0.5, usage=Usage(output=77))
    assert owners(db)["m1"] == ("/t/a/parent.jsonl", "parent", 1)
    store(db, PARENT)
    assert gateway_row(db, "m1")[:6] == ("gateway", "parent", OPUS, NOW + 0.5, 0, 77)


# --- the session -----------------------------------------------------------------------------------------------------


def session(db: sqlite3.Connection, session_id: str = "s1") -> SessionRow:
    row = sessions.get(db, session_id)
    assert row is not None
    return row


def test_a_session_that_nobody_saw_open_ended_with_its_last_record(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn()], requests=[request("m1")], title="the pier"))
    row = session(db)
    assert (row.agent, row.cwd, row.project, row.title) == ("claude", "/home/x/harbour", "harbour", "the pier")
    assert (row.status, row.seen_by, row.end_reason, row.transcript) == ("ended", "transcript", "", "/t/s1.jsonl")
    assert (row.opened_at, row.last_activity_at, row.ended_at) == (NOW, NOW + 60, NOW + 60)
    assert (row.model, row.context_tokens, row.client_version) == (OPUS, 1_105, "2.1.150")


def test_its_end_moves_on_with_the_file_and_never_back(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn()]), file_read(turns=[turn()], first_at=NOW - 5, last_at=NOW + 600))
    store(db, file_read(turns=[turn()], last_at=NOW + 30))
    row = session(db)
    assert (row.opened_at, row.last_activity_at, row.ended_at) == (NOW - 5, NOW + 600, NOW + 600)


def test_without_any_time_the_file_says_when_it_ended(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn()], first_at=None, last_at=None))
    row = session(db)
    assert (row.opened_at, row.last_activity_at, row.ended_at) == (None, None, NOW)


def test_an_open_session_is_not_ended_by_an_import(db: sqlite3.Connection) -> None:
    add_session(db, status="busy", seen_by="session_file", pid=4711, title="mine")
    store(db, file_read(turns=[turn()]))
    row = session(db)
    assert (row.status, row.seen_by, row.ended_at, row.pid, row.title) == ("busy", "session_file", None, 4711, "mine")
    assert (row.last_activity_at, row.transcript) == (NOW + 60, "/t/s1.jsonl")


def test_an_end_that_the_keeper_saw_stays(db: sqlite3.Connection) -> None:
    add_session(db)
    sessions.end(db, "s1", "dead", NOW + 10)
    store(db, file_read(turns=[turn()], last_at=NOW + 600))
    assert (session(db).ended_at, session(db).end_reason) == (NOW + 10, "dead")


def test_a_later_title_counts_and_none_takes_none_away(db: sqlite3.Connection) -> None:
    for title, known in (("one", "one"), ("", "one"), ("two", "two")):
        store(db, file_read(turns=[turn()], title=title))
        assert session(db).title == known


def test_the_model_is_that_of_the_last_main_request(db: sqlite3.Connection) -> None:
    late, helper = request("m2", NOW + 9, model=HAIKU, read=50, write=5), request("m3", NOW + 20, agent_id="7")
    store(db, file_read(turns=[turn()], requests=[late, request("m1"), helper]))
    assert (session(db).model, session(db).context_tokens) == (HAIKU, 60)
    store(db, file_read(turns=[turn()], requests=[request("m1")]), whole=False)
    assert session(db).model == HAIKU


def test_a_file_that_says_nothing_makes_no_session(db: sqlite3.Connection) -> None:
    store(db, file_read(lines=0, first_at=None, last_at=None))
    assert sessions.get(db, "s1") is None
    assert db.execute("SELECT path, session_id FROM sources").fetchall() == [("/t/s1.jsonl", "s1")]


def test_whose_conversation_it_is(db: sqlite3.Connection) -> None:
    """The path is the best witness, then the records, then the file's name."""
    with immediate(db):
        assert write(db, file_read(found(session_id="s1"), session_id="other")) == "s1"
        assert write(db, file_read(found(session_id=""), session_id="other")) == "other"
        assert write(db, file_read(found("/t/old.jsonl", ""))) == "old"


def test_a_subagents_file_adds_its_requests_alone(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn()], requests=[request("m1")], title="the pier"))
    helper = found("/t/s1/subagents/agent-7.jsonl", "s1", agent_id="7")
    rows = [request("m2", NOW + 5, turn=None, agent_id="7", model=HAIKU)]
    store(db, file_read(helper, requests=rows, title="not this", lines=99))
    row = session(db)
    assert (row.title, row.transcript, row.model) == ("the pier", "/t/s1.jsonl", OPUS)
    assert [(view.n, view.requests) for view in turns.read(db, "s1")] == [(1, 2)]
    assert lineages.current(db, "s1", "7") is None


@pytest.mark.parametrize("subagent_first", [False, True])
def test_the_folder_is_the_main_threads(db: sqlite3.Connection, subagent_first: bool) -> None:
    helper = file_read(found("/t/s1/subagents/agent-7.jsonl", "s1", agent_id="7"), requests=[request("m2", turn=None)])
    helper.facts.cwd = "/home/x/worktrees/other"
    main = file_read(turns=[turn()])
    store(db, *((helper, main, helper) if subagent_first else (main, helper, main)))
    row = session(db)
    assert (row.cwd, row.project) == ("/home/x/harbour", "harbour")


def test_a_folder_that_the_keeper_saw_stays(db: sqlite3.Connection) -> None:
    add_session(db, cwd="/home/x/here", seen_by="session_file")
    store(db, file_read(turns=[turn()]))
    assert session(db).cwd == "/home/x/here"


# --- turns -----------------------------------------------------------------------------------------------------------


def prompts(db: sqlite3.Connection, session_id: str = "s1") -> list[tuple[int, str]]:
    return [(view.n, view.prompt) for view in turns.read(db, session_id)]


SHORT = file_read(found("/t/a/s1.jsonl"), turns=[turn(prompt="short")], lines=5)
LONG = file_read(found("/t/b/s1.jsonl"), turns=[turn(prompt="long"), turn(2, "on")], lines=50)


@pytest.mark.parametrize("order", [(SHORT, LONG), (LONG, SHORT)], ids=["short first", "long first"])
def test_the_longest_copy_of_a_transcript_tells_the_turns(db: sqlite3.Connection, order: tuple[FileRead, ...]) -> None:
    store(db, *order)
    assert prompts(db) == [(1, "long"), (2, "on")]
    assert search_is_whole(db)


def test_turns_that_a_transcript_says_no_longer_are_gone(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn(), turn(2, "two"), turn(3, "three")]), file_read(turns=[turn(2, "two again")]))
    assert prompts(db) == [(2, "two again")]
    assert search_is_whole(db)


# --- what is followed ------------------------------------------------------------------------------------------------


def test_an_addition_takes_nothing_away(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn(), turn(2, "two", at=NOW + 100)], requests=[request("m1")]))
    more = file_read(
        turns=[turn(2, "two", "done", at=NOW + 100), turn(3, "three", at=NOW + 200)],
        requests=[request("m2", NOW + 100, turn=2, output=1)],
        lines=20,
        last_at=NOW + 260,
    )
    store(db, more, whole=False)
    store(db, file_read(requests=[request("m2", NOW + 100, turn=2, output=90)], lines=21), whole=False)
    views = turns.read(db, "s1")
    assert [(view.n, view.answer, view.requests, view.usage.output) for view in views] == [
        (1, "", 1, 10),
        (2, "done", 1, 90),
        (3, "", 0, 0),
    ]
    assert (session(db).ended_at, session(db).context_tokens) == (NOW + 260, 1_105)
    assert db.execute("SELECT lines FROM sources").fetchall() == [(21,)]
    assert search_is_whole(db)


@given(pieces=st.lists(st.integers(1, 3), max_size=6))
def test_additions_add_up_to_the_whole(pieces: list[int]) -> None:
    everything = [request(f"m{n}", NOW + n, turn=n) for n in range(1, 13)]
    all_turns = [turn(n, f"prompt {n}", at=NOW + n) for n in range(1, 13)]
    with memory_store() as at_once, memory_store() as bit_by_bit:
        store(at_once, file_read(turns=all_turns, requests=everything, lines=12))
        done = 0
        for size in [*pieces, 12]:
            upto = min(12, done + size)
            read = file_read(turns=all_turns[max(0, done - 1) : upto], requests=everything[done:upto], lines=upto)
            store(bit_by_bit, read, whole=False)
            done = upto
        left, right = dump(at_once), dump(bit_by_bit)
        for name in ("requests", "turns", "sessions", "request_copies"):
            assert left[name] == right[name]


# --- what cannot be read ---------------------------------------------------------------------------------------------


def test_an_unreadable_file_keeps_what_was_known_and_is_tried_again(db: sqlite3.Connection) -> None:
    store(db, PARENT, FORK)
    before = {name: rows for name, rows in dump(db).items() if name != "sources"}
    row = session(db, "parent")
    later = found("/t/a/parent.jsonl", "parent", at=NOW + 9_999)
    store(db, unreadable(later))
    assert {name: rows for name, rows in dump(db).items() if name != "sources"} == before
    assert session(db, "parent") == row
    source = "SELECT size, mtime_ns, lines, prompts, error FROM sources WHERE path = ?"
    assert db.execute(source, (later.path,)).fetchone() == (UNREAD, int(NOW * 1e9), 10, 1, "Permission denied")
    store(db, PARENT)
    assert db.execute(source, (later.path,)).fetchone() == (1_000, int(NOW * 1e9), 10, 1, "")


def test_a_file_that_could_never_be_read_is_only_noted(db: sqlite3.Connection) -> None:
    store(db, unreadable())
    assert sessions.get(db, "s1") is None
    assert db.execute("SELECT size, error FROM sources").fetchall() == [(UNREAD, "Permission denied")]


# --- the cache's clock -----------------------------------------------------------------------------------------------


def test_the_clock_of_an_attached_session_is_the_gateways(db: sqlite3.Connection) -> None:
    launches.record(db, launch())
    add_session(db, launch_id="launch-00000001")
    lineage = add_lineage(db, at=NOW, prefix=5)
    store(db, file_read(turns=[turn()], requests=[request("m1", NOW + 100)]))
    row = lineages.current(db, "s1")
    assert row is not None
    assert (row.id, row.evidence, row.last_request_at) == (lineage, Evidence.GATEWAY, NOW)


def test_a_line_that_is_faster_than_the_gateway_is_left_to_it(db: sqlite3.Connection) -> None:
    """The client writes a request's first block before its answer is over. Taken for a request of its own, the
    gateway's would look like a broken cache, or like the second of a lineage that has had but one."""
    launches.record(db, launch(started_at=NOW))
    add_session(db, launch_id="launch-00000001")
    store(db, file_read(turns=[turn()], requests=[request("m1", NOW + 1)]))
    assert lineages.current(db, "s1") is None
    store(db, file_read(turns=[turn()], requests=[request("m0", NOW - 50), request("m1", NOW + 1)]))
    row = lineages.current(db, "s1")
    assert row is not None, "what was before the launch nobody else tells"
    assert (row.evidence, row.requests, row.last_request_at) == (Evidence.TRANSCRIPT, 1, NOW - 50)


def test_the_clock_of_any_other_session_is_the_transcripts(db: sqlite3.Connection) -> None:
    store(db, file_read(turns=[turn()], requests=[request("m1"), request("m2", NOW + 100)]))
    row = lineages.current(db, "s1")
    assert row is not None
    assert (row.evidence, row.requests, row.last_request_at) == (Evidence.TRANSCRIPT, 2, NOW + 100)
    assert (row.ttl_class, row.expires_at, row.prefix_tokens) == ("5m", NOW + 400, 1_100)
