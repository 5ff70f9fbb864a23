"""A person's prompts after a pause: which count, why others do not, and what came of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from store import assignments, lineages, sessions, warmcold
from store.assignments import Arm
from store.break_models import NewBreak
from store.breaks import save as save_break
from store.database import immediate
from store.first_calls import FirstCalls
from store.ingest.importer import import_paths
from store.ingest.reading import RequestRow, TurnRow
from store.ingest.writing import write
from store.models import Status, Usage
from store.row import row_of
from store.warmcold import History, Outcome, Return
from tests.store.ingest.made_up_reads import file_read, found, request, turn
from tests.store.made_up import HAIKU, NOW, add_lineage, add_ping, add_prices, add_request, add_session, open_period
from tests.store.test_reference import REAL

LATER = NOW + 1_000
FIRST = request("m1", NOW, turn=1, read=10_000, write=90_000)
COLD = request("m2", LATER, turn=2, read=10_000, write=93_000)


@pytest.fixture(autouse=True)
def _session(db: sqlite3.Connection) -> None:
    add_session(db, ended_at=LATER + 5_000)
    add_prices(db)


def told(db: sqlite3.Connection, *rows: RequestRow, turns: Sequence[TurnRow] = (), since: float = 0.0) -> History:
    """What is read of a session with these requests, and two turns unless others are given."""
    with immediate(db):
        write(db, file_read(turns=turns or [turn(1), turn(2, at=LATER)], requests=rows))
    return warmcold.read(db, since=since)


def only(history: History) -> Return:
    (one,) = history.returns
    return one


def test_an_empty_store_has_none(db: sqlite3.Connection) -> None:
    assert warmcold.read(db) == History()


def test_a_prompt_after_a_pause_with_all_that_is_known(db: sqlite3.Connection) -> None:
    second = turn(2, at=LATER, paths=["a.py", "b.py"])._replace(failed="make\x1emake", exit_codes="2 2")
    third = turn(3, at=LATER + 100)
    more = request("m3", LATER + 20, turn=2, read=103_000, write=1_000)
    one = only(told(db, FIRST, COLD, more, turns=[turn(1), second, third]))
    assert (one.session, one.turn, one.at, one.gap_seconds) == ("s1", 2, LATER, 1_000)
    assert (one.ttl_class, one.lifetime, one.excluded, one.assigned) == ("5m", 300.0, "", None)
    assert (one.prefix_tokens, one.read_tokens, one.prompt_tokens) == (100_005, 10_000, 103_005)
    outcome = one.outcome
    assert (outcome.first_calls, outcome.failed_commands, outcome.files_changed, outcome.requests) == (None, 2, 2, 2)
    assert (outcome.first_byte_seconds, outcome.followed_soon) == (None, True)
    first_usd = (5 * 4.0 + 10 * 20.0 + 10_000 * 0.2 + 93_000 * 5.0) / 1e6
    assert outcome.first_usd == pytest.approx(first_usd)
    assert outcome.usd == pytest.approx(first_usd + (5 * 4.0 + 10 * 20.0 + 103_000 * 0.2 + 1_000 * 5.0) / 1e6)


def test_a_transcript_that_is_gone_is_counted(db: sqlite3.Connection) -> None:
    assert told(db, FIRST, COLD).without_transcript == 1


def test_a_transcript_that_is_there_tells_the_first_calls(db: sqlite3.Connection, tmp_path: Path) -> None:
    file = tmp_path / "s1.jsonl"
    records: list[dict[str, object]] = []
    for text, failed in (("one", False), ("two", True)):
        records += [
            {"type": "user", "message": {"content": text}},
            {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": text, "name": "Bash"}]}},
            {
                "type": "user",
                "message": {
                    "content": [
                        {"type": "tool_result", "tool_use_id": text, "is_error": failed, "content": "Exit code 1"}
                    ]
                },
            },
        ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    with immediate(db):
        write(db, file_read(found(str(file)), turns=[turn(1), turn(2, at=LATER)], requests=[FIRST, COLD]))
    history = warmcold.read(db)
    assert history.without_transcript == 0
    assert only(history).outcome.first_calls == FirstCalls(1, 1)


@pytest.mark.parametrize(("gap", "counts"), [(239.0, False), (240.0, True), (90_000.0, True)])
def test_short_pauses_are_none(db: sqlite3.Connection, gap: float, counts: bool) -> None:
    back = request("m2", NOW + gap, turn=2, read=100_000, write=3_000)
    assert bool(told(db, FIRST, back, turns=[turn(1), turn(2, at=NOW + gap)]).returns) is counts


def test_only_the_first_request_of_a_turn_counts(db: sqlite3.Connection) -> None:
    tool = request("m2", LATER, turn=1, read=10_000, write=93_000)
    before_any_prompt = request("m0", NOW - 9_000, turn=0, read=10_000, write=80_000)
    history = told(db, before_any_prompt, tool, request("m3", LATER + 9, turn=1, read=103_000))
    assert [one.at for one in history.returns] == [LATER], "turn 0 goes before the first prompt"
    assert told(db, FIRST, tool).returns == ()


def test_an_hours_entry_lives_an_hour(db: sqlite3.Connection) -> None:
    hour = FIRST._replace(cache_write_5m=0, cache_write_1h=90_000)
    tool_result = request("m1b", NOW + 10, turn=1, read=100_000, write=500)
    one = only(told(db, hour, tool_result, COLD))
    assert (one.ttl_class, one.lifetime) == ("1h", 3_600.0), "one small five-minute write changes no class"
    again = request("m1c", NOW + 20, turn=1, read=100_500, write=500)
    one = only(told(db, hour, tool_result, again, COLD))
    assert one.ttl_class == "5m"


def test_configured_lifetimes_count(db: sqlite3.Connection) -> None:
    told(db, FIRST, request("m2", NOW + 10, turn=2, read=100_000))
    assert only(warmcold.read(db, lifetimes={"5m": 6.0, "1h": 60.0})).lifetime == 6.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("small", "small"),
        ("no_ttl", "no_ttl"),
        ("model", "model_changed"),
        ("compacted", "compacted"),
        ("resumed", "resumed"),
        ("effort_changed", "settings_changed"),
        ("tool_added", ""),
        ("running", "running"),
        ("idle", ""),
    ],
)
def test_why_a_prompt_is_not_compared(db: sqlite3.Connection, change: str, reason: str) -> None:
    first, back, before = FIRST, COLD, turn(1)
    if change == "small":
        first = FIRST._replace(cache_read=0, cache_write_5m=9_994)
    elif change == "no_ttl":
        first = FIRST._replace(cache_read=90_000, cache_write_5m=0)
    elif change == "model":
        back = COLD._replace(model=HAIKU)
    elif change == "compacted":
        back, before = COLD._replace(cache_write_5m=9_000), before._replace(compactions=1)
    elif change == "resumed":
        before = before._replace(resumed=1)
    elif change in ("running", "idle"):
        sessions.save(db, "s1", agent="claude", ended_at=None)
        sessions.set_state(db, "s1", Status.BUSY if change == "running" else Status.IDLE, None, NOW)
    elif change in ("effort_changed", "tool_added"):
        seen = row_of(
            NewBreak,
            {"message_id": "m2", "session_id": "s1", "at": LATER, "cause": change}
            | {"expected_read": 100_000, "read": 10_000, "written": 93_000},
        )
        save_break(db, seen)
    one = only(told(db, first, back, turns=[before, turn(2, at=LATER)]))
    assert one.excluded == reason
    assert (one.outcome == Outcome()) is bool(reason), "what is not compared is not looked up"


def test_since_is_the_prompts_own_time(db: sqlite3.Connection) -> None:
    assert len(told(db, FIRST, COLD, since=LATER).returns) == 1
    assert told(db, FIRST, COLD, since=LATER + 1).returns == ()


def drawn(db: sqlite3.Connection, arm: Arm, *, back_at: float, ping: bool = False) -> None:
    """A session that the gateway saw, with one pause that was drawn and a prompt after it."""
    lineage_id = add_lineage(db)
    for message_id, at, usage in (
        ("m1", NOW, Usage(cache_read=10_000, cache_write_5m=90_000)),
        ("m2", back_at, Usage(cache_read=10_000, cache_write_5m=93_000)),
    ):
        add_request(db, message_id, at=at, usage=usage, lineage_id=lineage_id, first_byte_seconds=1.5)
    idle_id = open_period(db, lineage_id)
    assignments.record(db, idle_id, arm, 0.1, NOW + 280)
    if ping:
        add_ping(db, lineage_id)
    lineages.replace(db, lineage_id, "replaced")
    with immediate(db):
        write(db, file_read(turns=[turn(1, at=NOW - 1), turn(2, at=back_at - 1)]))


def test_a_drawn_pause_finds_its_prompt_whatever_closed_the_period(db: sqlite3.Connection) -> None:
    drawn(db, "lapse", back_at=NOW + 281)
    db.execute("UPDATE idle_periods SET closed_by = 'replaced', closed_at = 1")
    history = warmcold.read(db)
    one = only(history)
    assert one.assigned is not None
    assert (one.assigned.arm, one.assigned.probability, history.assigned) == ("lapse", 0.1, {"lapse": 1})
    assert one.outcome.first_byte_seconds == 1.5


def test_a_drawn_pause_knows_what_its_pings_cost(db: sqlite3.Connection) -> None:
    drawn(db, "ping", back_at=LATER, ping=True)
    one = only(warmcold.read(db))
    assert one.assigned is not None
    assert one.assigned.pings_usd == pytest.approx(0.2 * 0.1)


def test_a_drawn_pause_without_a_return_is_only_counted(db: sqlite3.Connection) -> None:
    idle_id = open_period(db, add_lineage(db))
    assignments.record(db, idle_id, "ping", 0.1, NOW + 280)
    assert warmcold.read(db) == History((), {"ping": 1}, 0)


def test_a_pause_within_the_turn_before_is_another_one(db: sqlite3.Connection) -> None:
    drawn(db, "lapse", back_at=LATER)
    db.execute("UPDATE idle_periods SET opened_at = ?", (NOW - 50,))
    assert only(warmcold.read(db)).assigned is None


def test_real_transcripts(db: sqlite3.Connection) -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real transcripts at {REAL}")
    import_paths(db, [REAL])
    history = warmcold.read(db)
    known = {(one.session[:8], one.turn): one for one in history.returns}
    assert len(history.returns) > 20
    assert history.without_transcript == 0
    assert known["ccc58457", 4].read_tokens == 0
    assert known["ccc58457", 4].outcome.first_calls == FirstCalls(1, 1)
    assert known["53ea1606", 1].excluded == "resumed"
    assert {one.excluded for one in history.returns if one.session.startswith("019d")} == {"no_ttl"}
