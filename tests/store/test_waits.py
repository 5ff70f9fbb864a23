"""Waits that a policy learns from: which count, how they ended, and no more than are needed."""

from __future__ import annotations

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import idle, sessions
from store.ingest.importer import import_paths
from store.models import Evidence, WaitingFor
from store.waits import LEAST_PREFIX, LEAST_SECONDS, MOST_SESSIONS, MOST_WAITS, Wait, waits
from tests.store.made_gaps import Ask, ask, thread, watched
from tests.store.made_up import HAIKU, NOW, add_lineage, memory_store, open_period
from tests.store.raw_gaps import raw_requests

DAY = 86_400.0
REAL = Path(__file__).parents[3] / "shared" / "data" / "transcripts" / "claude"


def session(db: sqlite3.Connection, asked: list[Ask], name: str = "s1", **more: dict[int, int]) -> int:
    """A thread whose first request wrote; returns its lineage."""
    thread(db, [asked[0]._replace(written=500), *asked[1:]], name, **more)
    return add_lineage(db, name)


def test_newest_first_and_each_with_its_end(db: sqlite3.Connection) -> None:
    session(db, [Ask(0, turn=1), Ask(10, turn=1), Ask(400, turn=2), Ask(700, turn=2), Ask(720, turn=2)])
    assert waits(db, NOW + 800) == [
        Wait("claude", "user", "5m", 80.0, "open", NOW + 720),
        Wait("claude", "tool", "5m", 300.0, "returned", NOW + 400),
        Wait("claude", "user", "5m", 390.0, "returned", NOW + 10),
    ]


def test_quiet_for_a_day(db: sqlite3.Connection) -> None:
    session(db, [Ask(0), Ask(10)])
    assert waits(db, NOW + 10 + DAY - 1) == [Wait("claude", "user", "5m", DAY - 1, "open", NOW + 10)]
    assert waits(db, NOW + 10 + DAY) == [Wait("claude", "user", "5m", DAY, "quiet", NOW + 10)]


def test_an_end_counts_from_the_last_request(db: sqlite3.Connection) -> None:
    session(db, [Ask(0), Ask(10)])
    watched(db)
    sessions.end(db, "s1", "ended", NOW + 14)
    assert waits(db, NOW + DAY) == [Wait("claude", "user", "5m", 4.0, "ended", NOW + 10, watched=True)]


def test_an_end_counts_although_the_session_was_opened_again(db: sqlite3.Connection) -> None:
    thread(db, [])
    lineage = add_lineage(db)
    for one in (Ask(0, written=500), Ask(900, turn=2)):
        ask(db, one, lineage_id=lineage, evidence=Evidence.GATEWAY)
    open_period(db, lineage)
    idle.note_waiting(db, "s1", WaitingFor.PERMISSION)
    idle.close_unreturned(db, lineage, at=NOW + 60, by="end")
    assert waits(db, NOW + 950)[1:] == [Wait("claude", "user", "5m", 60.0, "ended", NOW)]


@pytest.mark.parametrize(("waiting", "kind"), [(WaitingFor.TOOL, "tool"), (WaitingFor.BACKGROUND, "tool")])
def test_whom_an_open_session_waits_for(db: sqlite3.Connection, waiting: WaitingFor, kind: str) -> None:
    session(db, [Ask(0), Ask(10)])
    sessions.save(db, "s1", waiting_for=waiting)
    assert [wait.kind for wait in waits(db, NOW + 20)] == [kind]


def test_short_waits_and_small_prefixes_are_none(db: sqlite3.Connection) -> None:
    small = LEAST_PREFIX - 504 - 1
    session(db, [Ask(0, read=small), Ask(300, read=small + 500), Ask(300 + LEAST_SECONDS - 1, read=small)])
    assert waits(db, NOW + 2 * DAY) == []


def test_the_least_of_both_counts(db: sqlite3.Connection) -> None:
    session(db, [Ask(0, read=LEAST_PREFIX - 504), Ask(LEAST_SECONDS, read=0, uncached=9)])
    assert waits(db, NOW + DAY) == [Wait("claude", "tool", "5m", LEAST_SECONDS, "returned", NOW)]


def test_another_model_or_a_compaction_is_no_wait(db: sqlite3.Connection) -> None:
    session(db, [Ask(0), Ask(300, model=HAIKU)])
    session(db, [Ask(0, turn=1, read=90_000), Ask(300, turn=2, read=20_000)], "s2", compactions={1: 1})
    assert {wait.outcome for wait in waits(db, NOW + DAY + 300)} == {"quiet"}


def test_threads_without_a_class_are_not_asked_for(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(300)])
    add_lineage(db, ttl=None)
    assert waits(db, NOW + 400) == []


def test_no_more_than_the_newest() -> None:
    with memory_store() as store:
        for n in range(MOST_SESSIONS + 5):
            session(store, [Ask(n * 10.0), Ask(n * 10.0 + 300)], f"s{n:03}")
        found = waits(store, NOW + 10_000)
        assert len(found) == 2 * MOST_SESSIONS
        assert min(wait.at for wait in found) == NOW + 50
        for n in range(0, 5 * 300, 300):  # five long sessions have more than all the others
            session(store, [Ask(20_000.0 + n + k * 300) for k in range(600)], f"t{n}")
        found = waits(store, NOW + 10**6)
        assert len(found) == MOST_WAITS
        assert all(before.at >= after.at for before, after in pairwise(found))


@given(
    st.lists(st.floats(0, 5_000), min_size=2, max_size=12, unique=True),
    st.one_of(st.none(), st.floats(0, 9_000)),
    st.floats(0, 2 * DAY),
)
def test_a_session_has_one_last_wait_and_time_is_counted_once(
    times: list[float], end: float | None, later: float
) -> None:
    with memory_store() as db:
        session(db, [Ask(at) for at in sorted(times)])
        now = NOW + max(times) + later
        if end is not None:
            watched(db)
            sessions.end(db, "s1", "ended", NOW + min(end, max(times) + later))
        found = waits(db, now)
        lasts = [wait for wait in found if wait.at == NOW + max(times)]
        assert [wait.outcome for wait in lasts if wait.outcome == "returned"] == []
        assert len(lasts) == 1
        assert all(wait.seconds >= (LEAST_SECONDS if wait.outcome == "returned" else 0) for wait in found)
        ordered = sorted(found, key=lambda wait: wait.at)
        assert all(one.at + one.seconds <= other.at + 1e-3 for one, other in pairwise(ordered))
        assert all(one.at + one.seconds <= now + 1e-3 for one in ordered)


def test_real_waits_are_those_of_the_lines() -> None:
    files = sorted(REAL.rglob("*.jsonl"))
    if not files:
        pytest.skip(f"no real transcripts in {REAL}")
    returned, quiet = [], 0
    for path in files:
        requests = raw_requests(path)
        quiet += requests[-1].prompt_tokens >= LEAST_PREFIX
        returned += [
            (round(now.at - before.at, 3), "user" if now.answers == "prompt" else "tool")
            for before, now in pairwise(requests)
            if now.at - before.at >= LEAST_SECONDS
            and before.prompt_tokens >= LEAST_PREFIX
            and before.model == now.model
            and not now.after_compaction
        ]
    with memory_store() as db:
        import_paths(db, [REAL])
        found = waits(db, 1.8e9)
    assert sorted((round(w.seconds, 3), w.kind) for w in found if w.outcome == "returned") == sorted(returned)
    assert len(returned) > 10
    assert sum(wait.outcome == "quiet" for wait in found) == quiet == len(found) - len(returned)


def test_who_was_seen_open_could_have_been_seen_to_end(db: sqlite3.Connection) -> None:
    session(db, [Ask(0), Ask(600)])
    assert [wait.watched for wait in waits(db, NOW + DAY * 2)] == [False, False]
    db.execute("UPDATE sessions SET seen_by = 'transcript'")
    assert [wait.watched for wait in waits(db, NOW + DAY * 2)] == [False, False]
    db.execute("UPDATE sessions SET seen_by = 'session_file'")
    assert [wait.watched for wait in waits(db, NOW + DAY * 2)] == [True, True]
