"""Breaks as they are kept: read with their turn and their money, next to what the client says itself."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from store import breaks, prices, requests, sessions
from store.break_models import NewBreak
from store.models import Evidence, Usage
from store.rows import PriceRow
from tests.store.written_turns import add_turn

SESSION = "s1"
MODEL = "claude-opus-5"
FOUND: dict[str, Any] = {
    "message_id": "msg_1",
    "session_id": SESSION,
    "at": 150.0,
    "cause": "tool_added",
    "part": "tools",
    "position": 3,
    "name": "mcp__a__b",
    "field": "2 tools",
    "size_after": 900,
    "hash_after": "ab" * 16,
    "expected_read": 40_000,
    "read": 1_000,
    "written": 60_000,
    "ttl_class": "1h",
}


@pytest.fixture
def told(db: sqlite3.Connection) -> sqlite3.Connection:
    """Three turns, at 100, 200 and 300; prices."""
    for session_id in (SESSION, "s2"):
        sessions.save(db, session_id, agent="claude")
    for n in (1, 2, 3):
        add_turn(db, n, SESSION, at=100.0 * n)
    row = {"input": 5.0, "output": 25.0, "cache_read": 0.5, "cache_write_5m": 6.25, "cache_write_1h": 10.0}
    prices.put(db, [PriceRow(model=MODEL, valid_from=0, above_tokens=0, source="test", **row)])
    return db


def save(db: sqlite3.Connection, turn: int | None = None, model: str = MODEL, **changes: Any) -> NewBreak:
    found = NewBreak(**{**FOUND, **changes})
    requests.record(
        db,
        message_id=found.message_id,
        session_id=found.session_id,
        agent_id=found.agent_id,
        lineage_id=None,
        evidence=Evidence.GATEWAY,
        model=model,
        started_at=found.at,
        usage=Usage(cache_read=found.read, cache_write_1h=found.written),
    )
    db.execute("UPDATE requests SET turn = ? WHERE message_id = ?", (turn, found.message_id))
    breaks.save(db, found)
    return found


def test_a_break_comes_back_as_it_was_with_its_turn_and_money(told: sqlite3.Connection) -> None:
    saved = save(told)
    (found,) = breaks.of_session(told, SESSION)
    assert NewBreak(**{name: getattr(found, name) for name in NewBreak.__struct_fields__}) == saved
    assert found.turn == 1
    assert found.rewritten == 39_000, "the rest of what it wrote is new"
    assert found.usd == pytest.approx(0.39)
    assert found.read_usd == pytest.approx(0.0195)
    assert found.remedy == "tools_early"


def test_what_is_written_less_than_it_should_have_read_is_what_was_lost(told: sqlite3.Connection) -> None:
    save(told, written=500, ttl_class="5m", cause="unexplained")
    (found,) = breaks.of_session(told, SESSION)
    assert (found.rewritten, found.remedy) == (500, "")
    assert found.usd == pytest.approx(500 * 6.25 / 1e6)


def test_the_transcript_names_the_turn_better_than_the_time(told: sqlite3.Connection) -> None:
    save(told, turn=2)
    assert [found.turn for found in breaks.of_session(told, SESSION)] == [2]


def test_without_a_price_or_a_request_there_is_no_money(told: sqlite3.Connection) -> None:
    save(told, model="unheard-of")
    breaks.save(told, NewBreak(**{**FOUND, "message_id": "msg_2", "at": 250.0}))
    first, second = breaks.of_session(told, SESSION)
    assert (first.usd, first.read_usd) == (None, None)
    assert (second.usd, second.turn) == (None, 2)


def test_a_compaction_that_was_written_down_later(told: sqlite3.Connection) -> None:
    save(told, turn=2, cause="messages_shrunk")
    assert [found.cause for found in breaks.of_session(told, SESSION)] == ["messages_shrunk"]
    for turn, cause in ((3, "messages_shrunk"), (1, "compacted"), (2, "compacted")):
        told.execute("UPDATE turns SET compactions = n = ?", (turn,))
        assert [found.cause for found in breaks.of_session(told, SESSION)] == [cause]
    save(told, turn=2)
    assert [found.cause for found in breaks.of_session(told, SESSION)] == ["tool_added"]


def test_a_request_breaks_once(told: sqlite3.Connection) -> None:
    save(told)
    save(told, cause="tool_removed")
    assert [found.cause for found in breaks.of_session(told, SESSION)] == ["tool_removed"]


def test_why_is_about_one_turn_in_order_of_time(told: sqlite3.Connection) -> None:
    save(told, at=260.0, message_id="msg_3")
    save(told, at=250.0, message_id="msg_2", agent_id="sub-1")
    save(told, at=150.0)
    save(told, at=255.0, message_id="msg_9", session_id="s2")
    why = breaks.why(told, SESSION, 2)
    assert (why.session, why.turn, why.client_miss) == (SESSION, 2, None)
    assert [found.message_id for found in why.breaks] == ["msg_2", "msg_3"]
    assert breaks.why(told, SESSION, 3).breaks == ()


def test_a_turn_that_is_not_there_is_one_line(told: sqlite3.Connection) -> None:
    with pytest.raises(breaks.UnknownTurn, match="no turn 4 in session 's1'"):
        breaks.why(told, SESSION, 4)


@pytest.mark.parametrize(("at", "turn"), [(199.0, 1), (200.0, 2), (299.9, 2), (5_000.0, 3), (99.0, None)])
def test_the_clients_own_word_belongs_to_the_turn_of_its_time(
    told: sqlite3.Connection, at: float, turn: int | None
) -> None:
    told.execute(
        "INSERT INTO client_reports (session_id, reported_at, misses, last_miss_at, last_miss_cause)"
        " VALUES (?, 9999, 2, ?, 'tools_changed')",
        (SESSION, at),
    )
    for n in (1, 2, 3):
        miss = breaks.why(told, SESSION, n).client_miss
        assert (miss is not None) == (n == turn)
        if miss is not None:
            assert (miss.at, miss.cause, miss.misses) == (at, "tools_changed", 2)


def test_a_report_without_a_miss_says_nothing(told: sqlite3.Connection) -> None:
    told.execute("INSERT INTO client_reports (session_id, reported_at) VALUES (?, 9999)", (SESSION,))
    assert breaks.why(told, SESSION, 3).client_miss is None


def test_the_usage_tells_what_no_gateway_saw(told: sqlite3.Connection) -> None:
    for n, (read, written) in enumerate([(0, 40_000), (40_000, 500), (0, 41_000)], 1):
        requests.record(
            told,
            message_id=f"msg_{n}",
            session_id=SESSION,
            agent_id="",
            lineage_id=None,
            evidence=Evidence.TRANSCRIPT,
            model=MODEL,
            started_at=100.0 * n + 1,
            usage=Usage(cache_read=read, cache_write_1h=written),
        )
        told.execute("UPDATE requests SET turn = ? WHERE message_id = ?", (n, f"msg_{n}"))
    assert breaks.why(told, SESSION, 2).events == ()
    why = breaks.why(told, SESSION, 3)
    assert why.breaks == ()
    assert [(event.kind, event.cause) for event in why.events] == [("changed", "prefix_changed")]
