"""Shell commands among a turn's first ten calls: what counts as one, as failed, as ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from store import first_calls, turns
from store.first_calls import FIRST, FirstCalls, count
from store.ingest.importer import import_paths
from store.transcripts.events import CommandFailedEvent, Event, PromptEvent, ToolCallEvent, ToolResultEvent
from tests.store.test_reference import REAL


def prompt() -> Event:
    return PromptEvent(0.0, "go on", 1, None)


def call(call_id: str, name: str = "Bash", *, code: int | None = 0, denied: bool = False) -> Sequence[Event]:
    """A call that ended with a code, was denied, or (None) still runs."""
    events: list[Event] = [ToolCallEvent(call_id, name, 0.0)]
    if denied or code is not None:
        events.append(ToolResultEvent(call_id, 1.0, is_error=denied or bool(code)))
    if code:
        events.append(CommandFailedEvent(call_id, "make", code, 1.0))
    return events


def test_each_turn_has_its_own() -> None:
    events = [prompt(), *call("a"), *call("b", code=2), prompt(), *call("c"), prompt(), *call("d", "Read")]
    assert count(events) == {1: FirstCalls(1, 2), 2: FirstCalls(0, 1)}


def test_only_the_first_ten_calls_count_of_whatever_tool() -> None:
    reads = [event for number in range(FIRST - 1) for event in call(f"r{number}", "Read")]
    assert count([prompt(), *reads, *call("tenth", code=1), *call("late", code=1)]) == {1: FirstCalls(1, 1)}


def test_what_did_not_end_is_no_result() -> None:
    assert count([prompt(), *call("a", denied=True), *call("b", code=None)]) == {}


def test_a_client_may_tell_the_failure_before_the_result() -> None:
    events = [
        prompt(),
        ToolCallEvent("a", "exec_command", 0.0),
        CommandFailedEvent("a", "make", 1, 0.0),
        ToolResultEvent("a", 1.0, is_error=True),
    ]
    assert count(events) == {1: FirstCalls(1, 1)}


def test_work_before_the_first_prompt_is_turn_0() -> None:
    assert count(call("a")) == {0: FirstCalls(0, 1)}


def test_a_session_without_a_transcript_is_not_known(db: sqlite3.Connection, tmp_path: Path) -> None:
    assert first_calls.read(db, "s1") is None
    gone = tmp_path / "s1.jsonl"
    for path, agent in ((gone, "claude"), (tmp_path, "claude"), (gone, "nobody")):
        db.execute("DELETE FROM sources")
        db.execute(
            "INSERT INTO sources (path, agent, session_id, size, mtime_ns, offset, lines, malformed)"
            " VALUES (?, ?, 's1', 1, 1, 1, 1, 0)",
            (str(path), agent),
        )
        assert first_calls.read(db, "s1") is None, (path, agent)


def test_real_transcripts_agree_with_their_turns(db: sqlite3.Connection) -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real transcripts at {REAL}")
    import_paths(db, [REAL])
    failed = results = 0
    for (session_id,) in db.execute("SELECT id FROM sessions").fetchall():
        calls = first_calls.read(db, session_id)
        assert calls is not None
        views = {view.n: view for view in turns.read(db, session_id)}
        for turn, found in calls.items():
            assert 0 <= found.failed <= min(found.results, len(views[turn].failed_commands))
            assert 1 <= found.results <= FIRST
            failed, results = failed + found.failed, results + found.results
    assert failed > 10
    assert results > 5 * failed
