"""Turns come back as they were told, and a turn that still runs is written again as it grows."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import turns
from store.models import FailedCommand, FileChange, TurnView, Usage
from store.transcripts.events import (
    CommandFailedEvent,
    Event,
    FileChangedEvent,
    PromptEvent,
    RequestEvent,
)
from store.transcripts.turns import Changes, Turn, TurnBuilder
from store.turn_memory import ChangedFile, TurnMemory
from store.turn_memory import FailedCommand as Failed
from tests.store.made_up import NOW, OPUS, add_prices, add_session, memory_store

USAGE = Usage(input=10, output=100, cache_read=1_000, cache_write_5m=200)


def request(message_id: str, at: float, text: str = "", model: str | None = OPUS) -> RequestEvent:
    return RequestEvent(
        message_id=message_id,
        at=at,
        model=model,
        usage=USAGE,
        written="5m",
        text=text,
        stop_reason="end_turn",
        sidechain=False,
        agent_id=None,
    )


FIRST_TURN: list[Event] = [
    PromptEvent(at=NOW, text="mend the pier", line=1, record_id="r1"),
    request("m1", NOW + 1, "looking"),
    FileChangedEvent(path="pier.py", kind="M", at=NOW + 2),
    CommandFailedEvent(call_id="c1", command="pytest", exit_code=1, at=NOW + 3),
    CommandFailedEvent(call_id="c2", command="pytest", exit_code=1, at=NOW + 4),
]
ITS_END: list[Event] = [
    FileChangedEvent(path="tests/test_pier.py", kind="A", at=NOW + 5),
    request("m2", NOW + 6, "the pier stands"),
]


def test_a_turn_comes_back_as_it_was_told(db: sqlite3.Connection) -> None:
    add_prices(db)
    add_session(db)
    builder = TurnBuilder()
    builder.feed(FIRST_TURN + ITS_END)
    turns.save(db, "s1", builder.take_changes())
    (turn,) = turns.read(db, "s1")
    assert turn == TurnView(
        n=1,
        started_at=NOW,
        ended_at=NOW + 6,
        prompt="mend the pier",
        answer="the pier stands",
        files_changed=(FileChange(path="pier.py", kind="M"), FileChange(path="tests/test_pier.py", kind="A")),
        failed_commands=(FailedCommand(command="pytest", exit_code=1),) * 2,
        requests=2,
        usage=Usage(input=20, output=200, cache_read=2_000, cache_write_5m=400),
        usd=turn.usd,
        memory="Tool memory:\n- Files changed: pier.py, tests/test_pier.py\n- Failed bash: pytest (exit 1)",
    )
    assert turn.usd == pytest.approx((20 * 4 + 200 * 20 + 2_000 * 0.2 + 400 * 5) / 1e6)


def test_a_running_turn_grows_in_its_place(db: sqlite3.Connection) -> None:
    add_prices(db)
    add_session(db)
    builder = TurnBuilder()
    builder.feed(FIRST_TURN)
    turns.save(db, "s1", builder.take_changes())
    (before,) = turns.read(db, "s1")
    assert (before.requests, before.answer, before.ended_at) == (1, "looking", NOW + 4)

    builder.feed(ITS_END)
    turns.save(db, "s1", builder.take_changes())
    (after,) = turns.read(db, "s1")
    assert (after.requests, after.answer, after.ended_at) == (2, "the pier stands", NOW + 6)
    assert len(after.files_changed) == 2

    builder.feed([PromptEvent(at=NOW + 60, text="and the jetty", line=9, record_id="r2")])
    turns.save(db, "s1", builder.take_changes())
    assert turns.read(db, "s1")[0] == after
    assert [turn.prompt for turn in turns.read(db, "s1")] == ["mend the pier", "and the jetty"]


def test_the_model_stays_known_when_a_turn_grows_without_requests(db: sqlite3.Connection) -> None:
    """Only what changed is told: the request that named the model may not be among it."""
    add_prices(db)
    add_session(db)
    builder = TurnBuilder()
    builder.feed(FIRST_TURN)
    turns.save(db, "s1", builder.take_changes())
    builder.feed([FileChangedEvent(path="late.py", kind="D", at=NOW + 9)])
    turns.save(db, "s1", builder.take_changes())
    (turn,) = turns.read(db, "s1")
    assert turn.files_changed[-1] == FileChange(path="late.py", kind="D")
    assert turn.usd is not None


@pytest.mark.parametrize("model", [None, "gpt-9"])
def test_without_a_known_price_there_is_no_money(db: sqlite3.Connection, model: str | None) -> None:
    add_prices(db)
    add_session(db)
    builder = TurnBuilder()
    builder.feed([FIRST_TURN[0], request("m1", NOW + 1, model=model)])
    turns.save(db, "s1", builder.take_changes())
    assert turns.read(db, "s1")[0].usd is None


def test_the_last_few_in_their_order(db: sqlite3.Connection) -> None:
    for session_id in ("s1", "s2"):
        add_session(db, session_id)
        builder = TurnBuilder()
        prompts = [PromptEvent(at=NOW + n, text=f"{session_id} {n}", line=n, record_id=None) for n in range(1, 5)]
        builder.feed(prompts)
        turns.save(db, session_id, builder.take_changes())
    assert [turn.n for turn in turns.read(db, "s1")] == [1, 2, 3, 4]
    assert [turn.prompt for turn in turns.read(db, "s1", 2)] == ["s1 3", "s1 4"]
    assert [turn.n for turn in turns.read(db, "s1", 9)] == [1, 2, 3, 4]
    assert turns.read(db, "s3") == ()


TEXT = st.text(max_size=20)
MEMORIES = st.builds(
    TurnMemory,
    files_changed=st.lists(st.builds(ChangedFile, path=TEXT, kind=st.sampled_from("AMDR")), max_size=3).map(tuple),
    failed_commands=st.just(()),
)
TURNS = st.builds(
    Turn,
    n=st.integers(0, 3),
    started_at=st.none() | st.floats(0, 2e9),
    ended_at=st.none() | st.floats(0, 2e9),
    prompt=TEXT,
    prompt_id=st.none(),
    answer=TEXT,
    memory=MEMORIES,
    failed_commands=st.lists(st.builds(Failed, command=TEXT, exit_code=st.integers(-9, 255)), max_size=3).map(tuple),
    message_ids=st.lists(TEXT, max_size=3).map(tuple),
    usage=st.builds(Usage, input=st.integers(0, 9), output=st.integers(0, 9), cache_write_1h=st.integers(0, 9)),
    compactions=st.just(0),
    background=st.just(0),
)


@given(told=st.lists(TURNS, max_size=5))
def test_the_last_telling_of_each_turn_counts(told: list[Turn]) -> None:
    with memory_store() as db:
        add_session(db)
        for turn in told:
            turns.save(db, "s1", Changes(turns=(turn,), requests=()))
        latest = {turn.n: turn for turn in told}
        found = turns.read(db, "s1")
        assert [turn.n for turn in found] == sorted(latest)
        for view in found:
            turn = latest[view.n]
            assert (view.started_at, view.ended_at) == (turn.started_at, turn.ended_at)
            assert (view.prompt, view.answer) == (turn.prompt, turn.answer)
            assert [(file.path, file.kind) for file in view.files_changed] == list(turn.files_changed)
            assert [(c.command, c.exit_code) for c in view.failed_commands] == list(turn.failed_commands)
            assert (view.requests, view.usage) == (len(turn.message_ids), turn.usage)
