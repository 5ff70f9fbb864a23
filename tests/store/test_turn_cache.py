"""What happened to the cache comes out of the store with its turn and its money, from every source that knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest

from store import prices, turns
from store.database import immediate
from store.ingest.importer import import_paths
from store.ingest.reading import RequestRow
from store.ingest.writing import write
from store.models import CacheEvent, TurnView, Usage
from tests.store.ingest.made_up_reads import file_read, request, turn
from tests.store.made_up import (
    NOW,
    OPUS_PRICE,
    add_lineage,
    add_ping,
    add_prices,
    add_request,
    add_session,
    memory_store,
    open_period,
)
from tests.store.test_reference import REAL

FIRST = request("m1", NOW, turn=1, read=10_000, write=90_000)
GOES_ON = request("m2", NOW + 20, turn=1, read=100_000, write=2_000)


def told(db: sqlite3.Connection, *rows: RequestRow, compactions: Sequence[int] = ()) -> tuple[TurnView, ...]:
    """Turns 1 to 3 of a session with these requests; `compactions` are the turns that have one."""
    told_turns = [turn(n, at=NOW + 1_000 * (n - 1))._replace(compactions=int(n in compactions)) for n in (1, 2, 3)]
    with immediate(db):
        write(db, file_read(turns=told_turns, requests=rows))
    return turns.read(db, "s1")


@pytest.fixture(autouse=True)
def _session(db: sqlite3.Connection) -> None:
    add_session(db)
    add_prices(db)


def test_a_turn_that_only_went_on_has_none(db: sqlite3.Connection) -> None:
    assert [(view.cache_event, view.cache_events) for view in told(db, FIRST, GOES_ON)] == [(None, ())] * 3


def test_a_lapse_with_what_it_cost(db: sqlite3.Connection) -> None:
    back = request("m3", NOW + 1_000, turn=2, read=10_000, write=93_000)
    _, second, _ = told(db, FIRST, GOES_ON, back)
    usd = 92_000 * (5.0 - 0.2) / 1e6
    assert second.cache_event == CacheEvent(kind="lapsed", tokens=92_000, usd=usd, at=NOW + 1_000)
    assert second.cache_events == (second.cache_event,)
    assert [view.n for view in turns.read(db, "s1", 2) if view.cache_event] == [2]


def test_without_a_known_price_there_is_no_money(db: sqlite3.Connection) -> None:
    rows = [one._replace(model="claude-unheard-of") for one in (FIRST, request("m2", NOW + 1_000, turn=2, read=0))]
    _, second, _ = told(db, *rows)
    assert second.cache_event is not None
    assert (second.cache_event.kind, second.cache_event.usd) == ("lapsed", None)


def test_the_start_of_a_turn_shows_before_what_is_worse_within(db: sqlite3.Connection) -> None:
    rows = [
        FIRST,
        request("m2", NOW + 1_000, turn=2, read=0, write=100_000),
        request("m3", NOW + 1_010, turn=2, read=100_000, write=60_000),
        request("m4", NOW + 1_400, turn=2, read=10_000, write=155_000),
    ]
    _, second, _ = told(db, *rows)
    assert [event.tokens for event in second.cache_events] == [100_000, 150_000]
    assert second.cache_event == second.cache_events[0]


def test_a_compaction_tells_the_prompt_that_it_starts_again_with(db: sqlite3.Connection) -> None:
    after = request("m3", NOW + 1_000, turn=2, read=8_000, write=20_000)
    _, second, _ = told(db, FIRST, GOES_ON, after, compactions=[1])
    assert second.cache_event is not None
    assert (second.cache_event.kind, second.cache_event.tokens) == ("compacted", 28_005)
    assert second.cache_event.usd == pytest.approx(20_000 * 4.8 / 1e6)


def test_subagents_and_side_calls_are_not_the_thread(db: sqlite3.Connection) -> None:
    add_request(db, "a title", at=NOW + 30, usage=Usage(input=900), model="claude-haiku-5-5")
    rows = [
        FIRST,
        request("helper", NOW + 10, turn=None, agent_id="7", read=0, write=20_000),
        request("m2", NOW + 299, turn=1, read=100_000, write=50),
    ]
    assert not any(view.cache_events for view in told(db, *rows))
    db.execute("UPDATE requests SET lineage_id = ? WHERE message_id = 'helper'", (add_lineage(db, agent_id="7"),))
    assert not any(view.cache_events for view in turns.read(db, "s1")), "seen by the gateway, it has a lineage"


def test_pings_that_hit_kept_it(db: sqlite3.Connection) -> None:
    """As the gateway stores a session that no transcript has told yet, with a lifetime that is scaled down."""
    with immediate(db):
        turns.save(db, "s1", [turn(1), turn(2, at=NOW + 500)])
        lineage_id = add_lineage(db)
    for name, at, usage in (
        ("m1", NOW, Usage(cache_write_5m=100_000)),
        ("m2", NOW + 500, Usage(cache_read=100_000)),
    ):
        add_request(db, name, at=at, usage=usage, lineage_id=lineage_id)
    assert [event.cause for event in turns.read(db, "s1")[1].cache_events] == [""], "the provider let it live"

    with immediate(db):
        open_period(db, lineage_id)
        add_ping(db, lineage_id, at=NOW + 270, hit=False)
    assert [event.cause for event in turns.read(db, "s1")[1].cache_events] == [""], "that one did not keep it"
    with immediate(db):
        add_ping(db, lineage_id, at=NOW + 280)
    _, second = turns.read(db, "s1")
    assert second.cache_event is not None
    assert (second.cache_event.kind, second.cache_event.cause, second.cache_event.tokens) == ("kept", "ping", 100_000)
    assert second.cache_event.usd == pytest.approx(100_000 * 4.8 / 1e6)


def test_a_lifetime_that_the_configuration_scales(db: sqlite3.Connection) -> None:
    lineage_id = add_lineage(db)
    db.execute("UPDATE lineages SET ttl_seconds = 12")
    with immediate(db):
        turns.save(db, "s1", [turn(1), turn(2, at=NOW + 13)])
    add_request(db, "m1", at=NOW, usage=Usage(cache_write_5m=100_000), lineage_id=lineage_id)
    add_request(db, "m2", at=NOW + 13, usage=Usage(cache_write_5m=100_000), lineage_id=lineage_id)
    assert [event.kind for view in turns.read(db, "s1") for event in view.cache_events] == ["lapsed"]


def test_what_the_gateway_saw_names_the_cause(db: sqlite3.Connection) -> None:
    with immediate(db):
        db.execute(
            "INSERT INTO breaks (message_id, session_id, at, cause, expected_read, read, written)"
            " VALUES ('m3', 's1', ?, 'tool_added', 102000, 10000, 92100)",
            (NOW + 1_000,),
        )
    _, second, _ = told(db, FIRST, GOES_ON, request("m3", NOW + 1_000, turn=2, read=10_000, write=92_100))
    assert second.cache_event is not None
    assert (second.cache_event.kind, second.cache_event.cause, second.cache_event.tokens) == (
        "changed",
        "tool_added",
        92_000,
    )


# --- real transcripts ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, TurnView]]:
    if not REAL.is_dir():
        pytest.skip("the shared data is not here")
    with memory_store() as db:
        prices.put(db, [OPUS_PRICE])
        import_paths(db, [REAL])
        sessions = [row[0] for row in db.execute("SELECT id FROM sessions ORDER BY id")]
        return [(name, view) for name in sessions for view in turns.read(db, name)]


def test_real_events_agree_with_their_turns(real: list[tuple[str, TurnView]]) -> None:
    assert sum(len(view.cache_events) for _, view in real) > 15
    for _, view in real:
        assert (view.cache_event is None) == (view.cache_events == ())
        assert view.cache_event is None or view.cache_event in view.cache_events
        paid = sum(event.tokens for event in view.cache_events if event.kind in ("lapsed", "changed"))
        assert paid <= view.usage.cache_write + view.usage.input
        for event in view.cache_events:
            assert event.tokens > 0
            assert event.at is not None


REAL_EVENTS = {
    ("0cd9edf7", 3): ("changed", "shrank"),  # the client dropped old tool results, and says so
    ("0cd9edf7", 4): ("lapsed", ""),
    ("130d7b7e", 3): ("lapsed", ""),
    ("4f8c1176", 1): ("compacted", ""),
    ("0a7a5869", 4): ("changed", "prefix_changed"),  # a deferred tool was loaded
    ("ccc58457", 4): ("lapsed", ""),
    ("cde341db", 2): ("lapsed", ""),
}
"""Read in the files themselves, line by line."""


@pytest.mark.parametrize("key", REAL_EVENTS)
def test_real_events_are_what_their_files_say(real: list[tuple[str, TurnView]], key: tuple[str, int]) -> None:
    (view,) = (view for name, view in real if name.startswith(key[0]) and view.n == key[1])
    assert view.cache_event is not None
    assert (view.cache_event.kind, view.cache_event.cause) == REAL_EVENTS[key]
