"""Lineages: the newest of a thread counts, requests and hits move its clock, plans are written when they change."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import lineages, sessions
from store.database import data_version
from store.models import Evidence
from store.rows import LineageRow
from tests.store.conftest import Connect
from tests.store.made_up import NOW, OPUS, TTL, add_lineage, add_request, add_session, memory_store, touch


def get(db: sqlite3.Connection, lineage_id: int) -> LineageRow:
    row = lineages.get(db, lineage_id)
    assert row is not None
    return row


@pytest.fixture
def lineage_id(db: sqlite3.Connection) -> int:
    add_session(db)
    return add_lineage(db)


def test_a_new_chain_knows_nothing_yet(db: sqlite3.Connection) -> None:
    add_session(db)
    lineage_id = lineages.start(db, "s1", "", model=OPUS, evidence=Evidence.TRANSCRIPT, at=NOW)
    row = get(db, lineage_id)
    assert (row.requests, row.prefix_tokens, row.expires_at, row.replaced) == (0, 0, None, "")
    assert lineages.get(db, lineage_id + 1) is None


def test_the_newest_of_each_thread_is_current(db: sqlite3.Connection) -> None:
    add_session(db)
    first, helper, second = add_lineage(db), add_lineage(db, agent_id="helper"), add_lineage(db)
    assert get(db, second) == lineages.current(db, "s1")
    assert get(db, helper) == lineages.current(db, "s1", "helper")
    assert lineages.current(db, "s2") is None
    lineages.replace(db, second, "cleared")
    assert lineages.current(db, "s1") == get(db, second)  # a replaced chain does not give way to an older one
    assert first < second


def test_a_request_moves_the_clock_and_voids_stops(db: sqlite3.Connection, lineage_id: int) -> None:
    lineages.stop(db, lineage_id, "missed", {"read_percent": 12}, until=NOW + 9)
    row = get(db, lineage_id)
    assert (row.stop, row.stop_args, row.stop_until) == ("missed", {"read_percent": 12}, NOW + 9)
    touch(db, lineage_id, at=NOW + 50, prefix=123_000)
    row = get(db, lineage_id)
    assert (row.stop, row.stop_args, row.stop_until) == ("", {}, None)
    assert (row.requests, row.prefix_tokens) == (2, 123_000)
    assert (row.last_request_at, row.last_touch_at, row.first_request_at) == (NOW + 50, NOW + 50, NOW)
    assert row.expires_at == NOW + 50 + TTL


def test_a_request_that_names_no_lifetime_keeps_the_known_one(db: sqlite3.Connection, lineage_id: int) -> None:
    touch(db, lineage_id, at=NOW + 50, ttl=None)
    assert (get(db, lineage_id).ttl_class, get(db, lineage_id).expires_at) == ("5m", NOW + 50 + TTL)


def test_a_hit_prolongs_the_entry_but_is_no_request(db: sqlite3.Connection, lineage_id: int) -> None:
    lineages.touch_by_ping(db, lineage_id, NOW + 280)
    lineages.touch_by_ping(db, lineage_id, NOW + 100)  # an older answer that came late
    row = get(db, lineage_id)
    assert (row.last_touch_at, row.last_request_at, row.requests) == (NOW + 280, NOW, 1)


def test_a_replaced_chain_is_let_go(db: sqlite3.Connection, lineage_id: int) -> None:
    lineages.plan(db, lineage_id, why="kept", args={}, next_ping_at=NOW + 280, max_idle_pings=3)
    assert [row.id for row in lineages.open_main(db)] == [lineage_id]
    lineages.replace(db, lineage_id, "tools_changed", 90_000)
    lineages.replace(db, lineage_id, "compacted")  # the first cause is the cause
    row = get(db, lineage_id)
    assert (row.replaced, row.broke_tokens, row.held, row.next_ping_at) == ("tools_changed", 90_000, False, None)
    assert lineages.open_main(db) == []


def test_what_a_break_wrote_may_be_learned_later_and_is_learned_once(db: sqlite3.Connection, lineage_id: int) -> None:
    lineages.note_break(db, lineage_id, 1)
    assert get(db, lineage_id).broke_tokens is None  # nothing broke
    lineages.replace(db, lineage_id, "compacted")
    lineages.note_break(db, lineage_id, 40_000)
    lineages.note_break(db, lineage_id, 2)
    assert get(db, lineage_id).broke_tokens == 40_000


def test_several_requests_that_are_learned_of_at_once_all_count(db: sqlite3.Connection, lineage_id: int) -> None:
    lineages.touch_by_request(
        db,
        lineage_id,
        at=NOW + 90,
        prefix_tokens=7,
        ttl_class="1h",
        ttl_seconds=3600.0,
        model=OPUS,
        evidence=Evidence.TRANSCRIPT,
        held=False,
        thinking=False,
        replayable="",
        requests=3,
    )
    row = get(db, lineage_id)
    assert (row.requests, row.last_request_at, row.prefix_tokens, row.expires_at) == (4, NOW + 90, 7, NOW + 90 + 3600)


def test_only_main_threads_of_open_sessions_may_be_pinged(db: sqlite3.Connection) -> None:
    for session_id in ("open", "ended"):
        add_session(db, session_id)
        add_lineage(db, session_id)
    add_lineage(db, "open", agent_id="helper")
    sessions.end(db, "ended", "ended", NOW)
    assert [row.session_id for row in lineages.open_main(db)] == ["open"]


def test_a_plan_wakes_readers_only_when_it_changed(db: sqlite3.Connection, another: Connect, lineage_id: int) -> None:
    reader = another()
    woken = []
    for why, n, at, most in (
        ("kept", 2, NOW + 280, 2),
        ("kept", 2, NOW + 280, 2),
        ("kept", 1, NOW + 280, 2),
        ("kept", 1, NOW + 281, 2),
        ("kept", 1, NOW + 281, None),
        ("kept", 1, None, None),
        ("kept", 1, None, None),
        ("off", 1, None, None),
    ):
        before, changes = data_version(reader), db.total_changes
        lineages.plan(db, lineage_id, why=why, args={"n": n}, next_ping_at=at, max_idle_pings=most)
        woken.append(data_version(reader) != before)
        assert (db.total_changes != changes) is woken[-1]
        row = get(db, lineage_id)
        assert (row.why, row.why_args, row.next_ping_at, row.max_idle_pings) == (why, {"n": n}, at, most)
    assert woken == [True, False, True, True, True, True, False, True]


def test_a_new_worker_holds_nothing(db: sqlite3.Connection, another: Connect, lineage_id: int) -> None:
    lineages.plan(db, lineage_id, why="kept", args={}, next_ping_at=NOW + 280, max_idle_pings=3)
    lineages.release_all(db)
    assert (get(db, lineage_id).held, get(db, lineage_id).next_ping_at) == (False, None)
    reader = another()
    before = data_version(reader)
    lineages.release_all(db)
    assert data_version(reader) == before


def test_p95_without_requests_is_zero(db: sqlite3.Connection, lineage_id: int) -> None:
    add_request(db, "m", lineage_id=lineage_id, first_byte_seconds=None)
    assert lineages.ttfb_p95(db, lineage_id) == 0.0


@given(seconds=st.lists(st.floats(0.0, 100.0), min_size=1, max_size=70))
def test_p95_covers_95_percent_of_the_last_fifty(seconds: list[float]) -> None:
    with memory_store() as db:
        add_session(db)
        lineage_id, other = add_lineage(db), add_lineage(db)
        add_request(db, "other", lineage_id=other, first_byte_seconds=999.0)
        for place, value in enumerate(seconds):
            add_request(db, f"m{place}", at=NOW + place, lineage_id=lineage_id, first_byte_seconds=value)
        found = lineages.ttfb_p95(db, lineage_id)
        recent = seconds[-50:]
        assert found in recent
        assert sum(value <= found for value in recent) >= 0.95 * len(recent)
        assert sum(value > found for value in recent) <= 0.05 * len(recent)
        assert sum(value >= found for value in recent) >= 0.05 * len(recent)
