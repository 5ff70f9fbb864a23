"""What the transcripts of a session say together."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from store import lineages, sources
from store.database import immediate
from store.ingest.reading import FileRead
from store.ingest.writing import write
from tests.store.ingest.made_up_reads import file_read, found, request, turn
from tests.store.made_up import HAIKU, NOW, OPUS, add_lineage, add_session

MAIN = file_read(turns=[turn()], requests=[request("m1")], malformed=1, compacted_at=[NOW + 5])
HELPER = file_read(
    found("/t/s1/subagents/agent-7.jsonl", "s1", agent_id="7"),
    requests=[request("m2", turn=None, agent_id="7", model=HAIKU)],
    malformed=2,
    lines=999,
    first_at=NOW - 50,
    last_at=NOW + 500,
)


def store(db: sqlite3.Connection, *reads: FileRead) -> None:
    for read in reads:
        with immediate(db):
            write(db, read)


def with_counts(read: FileRead, **counts: int) -> FileRead:
    return replace(read, facts=replace(read.facts, **counts))  # type: ignore[arg-type]


def test_a_session_without_a_transcript(db: sqlite3.Connection) -> None:
    add_session(db)
    told = sources.told(db, "s1")
    assert "first_at" not in told
    assert "last_at" not in told
    assert (told["transcripts"], told["models"], told["last_write"], told["forked_from"]) == ((), (), None, None)
    counts = ("compactions", "malformed_lines", "prompts", "queued", "notifications", "copied_requests")
    assert [told[name] for name in counts] == [0] * len(counts)


def test_counts_are_those_of_all_files_and_times_those_of_the_main_one(db: sqlite3.Connection) -> None:
    counts = {"queued": 3, "notifications": 4, "slash_commands": 5, "shell_commands": 6, "interrupts": 7}
    store(db, with_counts(MAIN, **counts), HELPER)
    told = sources.told(db, "s1")
    assert {name: told[name] for name in counts} == counts
    assert (told["prompts"], told["malformed_lines"], told["compactions"]) == (1, 3, 1)
    assert (told["first_at"], told["last_at"]) == (NOW, NOW + 60)
    assert told["models"] == (HAIKU, OPUS)
    assert told["transcripts"] == ("/t/s1.jsonl", "/t/s1/subagents/agent-7.jsonl")


def test_the_last_write_is_the_main_threads(db: sqlite3.Connection) -> None:
    main, helper = replace(MAIN), replace(HELPER)
    main.facts, helper.facts = replace(MAIN.facts, last_write="1h"), replace(HELPER.facts, last_write="5m")
    store(db, main, helper)
    assert sources.told(db, "s1")["last_write"] == "1h"


def test_a_compaction_that_only_the_gateway_noticed_counts(db: sqlite3.Connection) -> None:
    add_session(db)
    for _ in range(2):
        lineages.replace(db, add_lineage(db), "compacted")
    lineages.replace(db, add_lineage(db, agent_id="7"), "compacted")
    assert sources.told(db, "s1")["compactions"] == 2
    store(db, MAIN)
    assert sources.told(db, "s1")["compactions"] == 2  # the transcript tells one of the two


def test_a_fork_says_what_it_copied(db: sqlite3.Connection) -> None:
    fork = file_read(
        found("/t/z.jsonl", "fork"), turns=[turn()], requests=[request("m1"), request("m3", NOW + 9, model=HAIKU)]
    )
    fork.facts.forked_from = "s1"
    store(db, MAIN, fork)
    told = sources.told(db, "fork")
    assert (told["copied_requests"], told["forked_from"], told["models"]) == (1, "s1", (HAIKU, OPUS))
    assert sources.told(db, "s1")["copied_requests"] == 0


def test_another_copy_of_its_own_transcript_copies_nothing(db: sqlite3.Connection) -> None:
    store(db, MAIN, replace(MAIN, found=found("/t/z/s1.jsonl")))
    assert sources.told(db, "s1")["copied_requests"] == 0


def test_a_subagents_file_that_was_moved_counts_once(db: sqlite3.Connection) -> None:
    moved = replace(HELPER, found=replace(HELPER.found, path="/t/other/s1/subagents/agent-7.jsonl"))
    store(db, MAIN, HELPER, moved)
    assert sources.told(db, "s1")["malformed_lines"] == 1 + 2
