"""The Cache tab's data: the main thread's last requests, and each event once, with what the gateway saw of it."""

from __future__ import annotations

import sqlite3

import pytest

from store import breaks, cache_strip
from store.break_models import NewBreak
from store.cache_strip import LAST_REQUESTS, StripCell
from store.database import immediate
from store.ingest.reading import RequestRow
from store.ingest.writing import write
from store.models import Usage
from tests.store.ingest.made_up_reads import file_read, request, turn
from tests.store.made_up import NOW, add_prices, add_request, add_session

FIRST = request("m1", NOW, turn=1, read=10_000, write=90_000)
GOES_ON = request("m2", NOW + 20, turn=1, read=100_000, write=2_000)
BACK = request("m3", NOW + 1_000, turn=2, read=10_000, write=93_000)
CHANGED = request("m4", NOW + 1_200, turn=2, read=10_000, write=95_000)


@pytest.fixture(autouse=True)
def _session(db: sqlite3.Connection) -> None:
    add_session(db)
    add_prices(db)


def tell(db: sqlite3.Connection, *rows: RequestRow) -> None:
    told_turns = [turn(n, at=NOW + 1_000 * (n - 1)) for n in (1, 2)]
    with immediate(db):
        write(db, file_read(turns=told_turns, requests=rows))


def broke(at: float, message_id: str = "m4", agent_id: str = "") -> NewBreak:
    return NewBreak(
        message_id=message_id,
        session_id="s1",
        agent_id=agent_id,
        at=at,
        cause="tool_added",
        part="tools",
        position=13,
        name="mcp__a__b",
        expected_read=103_000,
        read=10_000,
        written=95_000,
        ttl_class="5m",
    )


def test_nothing_is_known_of_an_empty_session(db: sqlite3.Connection) -> None:
    assert cache_strip.read(db, "s1") == cache_strip.CacheHistory()


def test_requests_oldest_first_and_events_newest_first(db: sqlite3.Connection) -> None:
    tell(db, FIRST, GOES_ON, BACK, CHANGED)
    history = cache_strip.read(db, "s1")
    assert [cell.at - NOW for cell in history.strip] == [0, 20, 1_000, 1_200]
    first = history.strip[0]
    assert (first.read, first.written, first.prefix) == (10_000, 90_000, 100_000 + first.input)
    assert history.requests == 4
    kinds = [(moment.at - NOW, moment.turn, moment.event and moment.event.kind) for moment in history.moments]
    assert kinds == [(1_200, 2, "changed"), (1_000, 2, "lapsed")]


def test_side_calls_and_subagents_are_not_the_thread(db: sqlite3.Connection) -> None:
    add_request(db, "a title", at=NOW + 30, usage=Usage(input=900), model="claude-haiku-5-5")
    tell(db, FIRST, request("helper", NOW + 10, turn=None, agent_id="7", read=0, write=20_000))
    with immediate(db):
        breaks.save(db, broke(NOW + 10, "helper", agent_id="7"))
    history = cache_strip.read(db, "s1")
    assert [cell.at for cell in history.strip] == [NOW]
    assert history.moments == ()


def test_a_break_and_its_event_are_one_moment_at_its_requests_start(db: sqlite3.Connection) -> None:
    tell(db, FIRST, GOES_ON, BACK, CHANGED)
    with immediate(db):
        breaks.save(db, broke(NOW + 1_200.25))
    newest, _ = cache_strip.read(db, "s1").moments
    assert (newest.at, newest.turn) == (NOW + 1_200, 2)
    assert newest.event is not None
    assert newest.broke is not None
    assert (newest.event.cause, newest.broke.name) == ("tool_added", "mcp__a__b")


def test_a_break_alone_is_a_moment_too(db: sqlite3.Connection) -> None:
    with immediate(db):
        breaks.save(db, broke(NOW + 5, "not stored"))
    (only,) = cache_strip.read(db, "s1").moments
    assert (only.at, only.turn, only.event) == (NOW + 5, None, None)


def test_only_the_last_requests_are_drawn_but_all_are_counted(db: sqlite3.Connection) -> None:
    tell(db, *(request(f"m{n}", NOW + n, turn=1, read=1_000 + n, write=1) for n in range(LAST_REQUESTS + 5)))
    history = cache_strip.read(db, "s1")
    assert (len(history.strip), history.requests) == (LAST_REQUESTS, LAST_REQUESTS + 5)
    assert history.strip[-1] == StripCell(
        at=NOW + LAST_REQUESTS + 4, read=1_124, written=1, input=history.strip[0].input
    )
