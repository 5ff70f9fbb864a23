"""Turns and requests: what belongs where, what counts once, and what changed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.models import WaitingFor
from store.transcripts.claude import ClaudeReader
from store.transcripts.events import (
    AnswerEvent,
    CommandFailedEvent,
    CompactionEvent,
    Event,
    FileChangedEvent,
    MalformedLine,
    NoticeEvent,
    PromptEvent,
    RequestEvent,
    TokenCounts,
    ToolCallEvent,
    ToolResultEvent,
    TurnEndedEvent,
    WriteClass,
)
from store.transcripts.turns import Request, Turn, TurnBuilder

REAL = Path(__file__).parents[4] / "shared" / "data" / "transcripts" / "claude"


def prompt(at: float, text: str = "do it") -> PromptEvent:
    return PromptEvent(at, text, 1, f"u-{at}")


def request(
    message_id: str, at: float, output: int = 1, text: str = "", stop: str | None = None, side: bool = False
) -> RequestEvent:
    usage = TokenCounts(input=10, output=output)
    return RequestEvent(message_id, at, "made-up-model", usage, None, text, stop, side, None)


def built(*events: Event) -> TurnBuilder:
    builder = TurnBuilder()
    builder.feed(events)
    return builder


def test_a_turn_goes_from_prompt_to_prompt() -> None:
    first, second = built(
        prompt(10, "one"),
        request("m1", 12, text="I look"),
        ToolCallEvent("t", "Edit", 12),
        ToolResultEvent("t", 15, False),
        FileChangedEvent("/a", "M", 15),
        CommandFailedEvent("t2", "make", 2, 16),
        request("m2", 20, text="done"),
        prompt(30, "two"),
        request("m3", 33),
    ).turns
    assert (first.n, first.prompt, first.prompt_id, first.answer) == (1, "one", "u-10", "done")
    assert (first.started_at, first.ended_at) == (10, 20)
    assert first.message_ids == ("m1", "m2")
    assert first.files_changed == (("/a", "M"),)
    assert first.failed_commands == (("make", 2),)
    assert (second.n, second.prompt, second.message_ids, second.answer) == (2, "two", ("m3",), "")


def test_a_request_counts_once_and_its_last_record_wins() -> None:
    builder = built(prompt(1), request("m", 2, output=1), request("m", 3, output=50, stop="end_turn"))
    (counted,) = builder.requests
    assert counted.usage.output == 50
    assert counted.stop_reason == "end_turn"
    assert (counted.first_at, counted.last_at, counted.turn) == (2, 3, 1)
    assert builder.turns[0].message_ids == ("m",)


def test_a_late_record_of_an_earlier_request_counts_in_its_own_turn() -> None:
    builder = built(prompt(1), request("m", 2))
    builder.take_changes()
    builder.feed([prompt(5), request("m", 6, output=70)])
    changes = builder.take_changes()
    assert [(turn.n, turn.message_ids) for turn in changes.turns] == [(1, ("m",)), (2, ())]
    assert [(counted.turn, counted.usage.output) for counted in changes.requests] == [(1, 70)]


def test_a_record_without_usage_keeps_what_was_known() -> None:
    silent = RequestEvent("m", 3, None, None, None, "", None, False, None)
    (counted,) = built(prompt(1), request("m", 2, output=9), silent).requests
    assert (counted.usage.output, counted.model) == (9, "made-up-model")


def test_turn_0_exists_when_something_was_left_before_the_first_prompt() -> None:
    assert built(CompactionEvent("auto", 1), prompt(5)).turns[0].n == 1
    for event in (request("m", 3), FileChangedEvent("/a", "M", 3), CommandFailedEvent("t", "x", 1, 3)):
        zero = built(ToolResultEvent("t", 7, False), event, prompt(9)).turns[0]
        assert (zero.n, zero.started_at, zero.ended_at, zero.prompt) == (0, 3, 7, "")


def test_the_final_visible_text_is_the_answer() -> None:
    builder = built(
        prompt(1),
        request("m1", 2, text="first"),
        request("m2", 3, text="\n\n"),
        request("m2", 3, text="last, "),
        request("m2", 4, text="in two blocks"),
        request("m3", 5),
        request("s", 6, text="a subagent's words", side=True),
    )
    assert builder.turns[0].answer == "last, \n\nin two blocks"


def test_a_clock_step_does_not_move_a_turns_start() -> None:
    (turn,) = built(prompt(100), request("m", 90), request("m2", 110), request("m3", 95)).turns
    assert (turn.started_at, turn.ended_at) == (100, 110)


def test_background_work_and_compactions_belong_to_the_running_turn() -> None:
    (turn,) = built(
        prompt(1),
        CompactionEvent("auto", 2),
        NoticeEvent("background", "done", 3),
        NoticeEvent("queued", "and this", 4),
        NoticeEvent("slash_command", "/x", 5),
        MalformedLine(7),
    ).turns
    assert (turn.compactions, turn.background, turn.ended_at) == (1, 1, 5)


def test_a_command_that_failed_twice_counts_twice_and_is_remembered_once() -> None:
    (turn,) = built(prompt(1), CommandFailedEvent("a", "x", 1, 2), CommandFailedEvent("b", "x", 1, 3)).turns
    assert turn.failed_commands == (("x", 1), ("x", 1))
    assert turn.memory.failed_commands == (("x", 1),)


def test_only_what_changed_is_told() -> None:
    builder = built(prompt(1), request("m1", 2), prompt(3), request("m2", 4))
    changes = builder.take_changes()
    assert [turn.n for turn in changes.turns] == [1, 2]
    assert [counted.message_id for counted in changes.requests] == ["m1", "m2"]
    assert builder.take_changes().turns == ()
    builder.feed([request("m2", 5, text="now")])
    changes = builder.take_changes()
    assert [(turn.n, turn.answer) for turn in changes.turns] == [(2, "now")]
    assert [counted.message_id for counted in changes.requests] == ["m2"]


def test_what_a_request_answers() -> None:
    counted = built(
        prompt(1),
        request("m1", 3),
        request("m2", 4),
        ToolResultEvent("t", 6, False),
        request("m3", 8),
        NoticeEvent("background", "", 9),
        request("m4", 12),
    ).requests
    assert [(one.cause, one.asked_at) for one in counted] == [
        ("user", 1),
        (None, None),
        ("tool", 6),
        ("notification", 9),
    ]


@pytest.mark.parametrize(
    ("events", "waiting"),
    [
        ([], WaitingFor.YOU),
        ([prompt(1)], None),
        ([prompt(1), request("m", 2)], None),
        ([prompt(1), request("m", 2, stop="tool_use")], None),
        ([prompt(1), request("m", 2, stop="end_turn")], WaitingFor.YOU),
        ([prompt(1), request("m", 2), TurnEndedEvent(3)], WaitingFor.YOU),
        ([prompt(1), request("m", 2), TurnEndedEvent(3), NoticeEvent("background", "", 4)], None),
        ([prompt(1), request("m", 2), TurnEndedEvent(3, background_tasks=1)], WaitingFor.BACKGROUND),
        ([prompt(1), TurnEndedEvent(3, 1), NoticeEvent("background", "", 4), TurnEndedEvent(5)], WaitingFor.YOU),
        ([prompt(1), NoticeEvent("api_error", "", 2)], WaitingFor.YOU),
        ([prompt(1), ToolCallEvent("t", "Bash", 2)], WaitingFor.TOOL),
        ([prompt(1), ToolCallEvent("t", "Bash", 2), ToolResultEvent("t", 3, False)], None),
        ([prompt(1), ToolCallEvent("t", "Bash", 2), NoticeEvent("interrupt", "", 3)], WaitingFor.YOU),
        ([prompt(1), ToolCallEvent("t", "Bash", 2), prompt(3)], None),
        ([prompt(1), ToolCallEvent("t", "AskUserQuestion", 2)], WaitingFor.YOU),
        ([prompt(1), ToolCallEvent("a", "Bash", 2), ToolCallEvent("b", "ExitPlanMode", 2)], WaitingFor.YOU),
        ([prompt(1), request("m", 2), request("s", 3, stop="end_turn", side=True)], None),
    ],
)
def test_what_the_session_waits_for(events: list[Event], waiting: WaitingFor | None) -> None:
    assert built(*events).waiting_for is waiting


def test_text_that_is_told_apart_from_requests_is_the_answer_until_the_next() -> None:
    builder = built(prompt(1), AnswerEvent("first", 2), request("m1", 3), AnswerEvent("last", 4))
    assert (builder.turns[0].answer, builder.turns[0].ended_at) == ("last", 4)
    assert [turn.answer for turn in builder.take_changes().turns] == ["last"]
    builder.feed([AnswerEvent("after all", 5)])
    assert [turn.answer for turn in builder.take_changes().turns] == ["after all"]
    builder.feed([prompt(6), AnswerEvent("another", 7), request("m2", 8, text="with the request")])
    assert [turn.answer for turn in builder.turns] == ["after all", "with the request"]


def test_what_was_handed_out_does_not_change() -> None:
    builder = built(prompt(1), request("m", 2, output=1))
    (taken,) = builder.take_changes().requests
    (seen,) = builder.requests
    builder.feed([request("m", 3, output=50, stop="end_turn")])
    assert (taken.usage.output, seen.usage.output, taken.stop_reason) == (1, 1, None)
    assert builder.requests[0].usage.output == 50


def test_the_last_class_that_was_written() -> None:
    def written(message_id: str, written: WriteClass | None) -> RequestEvent:
        return RequestEvent(message_id, 1, None, TokenCounts(), written, "", None, False, None)

    builder = TurnBuilder()
    told: list[tuple[str, WriteClass | None, WriteClass | None]] = [
        ("m1", None, None),
        ("m2", "1h", "1h"),
        ("m3", "unknown", "unknown"),
        ("m4", None, "unknown"),
        ("m3", "5m", "5m"),
        ("m3", None, "1h"),  # (its last record wins: after all it wrote nothing)
    ]
    for message_id, kind, last in told:
        builder.take(written(message_id, kind))
        assert builder.last_write == last


EVENTS = st.lists(
    st.builds(prompt, st.floats(0, 100))
    | st.builds(request, st.sampled_from("abcdef"), st.floats(0, 100), st.integers(0, 9), st.sampled_from(["", "t"]))
    | st.builds(FileChangedEvent, st.sampled_from("xyz"), st.sampled_from(["A", "M"]), st.floats(0, 100))
    | st.builds(CommandFailedEvent, st.just("c"), st.sampled_from("pq"), st.integers(1, 2), st.floats(0, 100)),
    max_size=30,
)


@given(EVENTS, st.randoms())
def test_changes_in_any_pieces_lead_to_the_same_turns_and_no_request_is_lost(
    events: list[Event], chance: random.Random
) -> None:
    whole, pieces = built(*events), TurnBuilder()
    turns: dict[int, Turn] = {}
    requests: dict[str, Request] = {}
    rest = list(events)
    while rest:
        size = chance.randint(1, 5)
        pieces.feed(rest[:size])
        rest = rest[size:]
        changes = pieces.take_changes()
        turns |= {turn.n: turn for turn in changes.turns}
        requests |= {counted.message_id: counted for counted in changes.requests}
    assert tuple(turns[n] for n in sorted(turns)) == whole.turns
    assert tuple(requests.values()) == whole.requests
    last = {event.message_id: event.usage for event in events if isinstance(event, RequestEvent)}
    assert {counted.message_id: counted.usage for counted in whole.requests} == last
    assert [message for turn in whole.turns for message in turn.message_ids] == list(last)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real transcripts are not beside this repository")
def test_real_files_keep_every_request_in_one_turn() -> None:
    counts = [0, 0, 0, 0, 0]
    for path in sorted(REAL.glob("*/*.jsonl")):
        builder = TurnBuilder()
        builder.feed(ClaudeReader().feed(path.read_bytes().split(b"\n")[:-1]))
        turns = builder.turns
        assert sorted(message for turn in turns for message in turn.message_ids) == sorted(
            counted.message_id for counted in builder.requests
        )
        for turn in turns:
            assert turn.n == 0 or turn.prompt
            assert turn.started_at is not None
            assert turn.ended_at is not None
            assert turn.started_at <= turn.ended_at
        counts[0] += len(turns)
        counts[1] += len(builder.requests)
        counts[2] += sum(len(turn.files_changed) for turn in turns)
        counts[3] += sum(len(turn.failed_commands) for turn in turns)
        counts[4] += sum(turn.compactions for turn in turns)
    assert counts == [88, 883, 97, 19, 2]
