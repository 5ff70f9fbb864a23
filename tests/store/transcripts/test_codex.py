"""The Codex reader: what counts as what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from store.transcripts.codex import CodexReader
from store.transcripts.events import (
    AnswerEvent,
    CommandFailedEvent,
    CompactionEvent,
    FileChangedEvent,
    MalformedLine,
    NoticeEvent,
    PromptEvent,
    RequestEvent,
    TokenCounts,
    ToolCallEvent,
    TurnEndedEvent,
)
from store.transcripts.turns import TurnBuilder
from tests.store.transcripts.codex_lines import (
    AT,
    FIXTURES,
    THREAD,
    count,
    event,
    fixture,
    head,
    item,
    line,
    only,
    read,
    usage_record,
)
from tests.store.transcripts.codex_naive import naive

REAL = Path(__file__).parents[4] / "shared" / "data" / "transcripts" / "codex"


def totals(*lines: bytes) -> list[int]:
    """Input tokens of each counted request."""
    return [found.usage.input for found in only(RequestEvent, read(*lines)) if found.usage]


def test_a_request_with_its_tokens() -> None:
    context = line("turn_context", {"model": "made-up"})
    figures = {"input_tokens": 1000, "cached_input_tokens": 700, "cache_write_input_tokens": 200}
    assert read(head(), context, count(1100, after=3, **figures))[1:] == [
        RequestEvent(
            message_id=f"codex:{THREAD}:1",
            at=AT + 3,
            model="made-up",
            usage=TokenCounts(input=100, output=10, cache_read=700, cache_write_5m=200, reasoning=4),
            written="unknown",
            text="",
            stop_reason=None,
            sidechain=False,
            agent_id=None,
        )
    ]


def test_what_was_read_and_written_is_never_more_than_the_input() -> None:
    assert totals(head(), count(1, input_tokens=5, cached_input_tokens=9)) == [0]
    (request,) = only(RequestEvent, read(head(), count(1)))
    assert (request.written, request.model) == (None, None)


def test_the_same_running_total_is_the_same_request() -> None:
    nothing = event("token_count", info=None)
    unknown = event("token_count", info={"last_token_usage": {"input_tokens": 9}})
    given = [nothing, count(1), count(1), unknown, nothing, count(1), count(2, input_tokens=70), count(1)]
    assert totals(head(), *given) == [40, 10, 40]


def test_a_running_total_without_its_last_usage_is_counted_empty() -> None:
    (request,) = only(RequestEvent, read(head(), event("token_count", info={"total_token_usage": {"total_tokens": 3}})))
    assert request.usage is None


def test_a_responses_own_record_comes_first_and_counts_once() -> None:
    given = [usage_record(110), count(110), count(110), usage_record(220, input_tokens=80)]
    assert totals(head(), *given) == [40, 20]
    assert totals(head(), *given, count(220, input_tokens=80), count(330, input_tokens=80)) == [40, 20, 20]


def test_a_response_is_known_by_its_usage_where_the_totals_differ() -> None:
    assert totals(head(), count(5), usage_record(110, input_tokens=80), count(5), count(115, input_tokens=80)) == [
        40,
        20,
    ]


@pytest.mark.parametrize("payload", [{}, {"response_id": "r", "input": 3}, {"usage": {}, "thread_token_usage": {}}])
def test_a_usage_record_without_totals_says_nothing(payload: dict[str, object]) -> None:
    assert totals(head(), line("token_usage_record", payload), count(1)) == [40]


def test_the_model_is_that_of_the_turn_before() -> None:
    def context(model: object) -> bytes:
        return line("turn_context", {"model": model})

    given = [context("a"), count(1), context(None), count(2), context("b"), count(3)]
    assert [found.model for found in only(RequestEvent, read(*given))] == ["a", "a", "b"]


def test_prompts() -> None:
    image = {"type": "local_image", "path": "/a.png"}
    assert read(
        event("user_message", message="Mend it.", images=[]),
        event("user_message", message="", images=["data:"]),
        item(
            "UserMessage", id="u1", content=[{"type": "text", "text": "Now."}, image, {"type": "text", "text": "Go."}]
        ),
        item("UserMessage", id="u2", content=[image]),
        line("response_item", {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}),
    ) == [
        PromptEvent(AT, "Mend it.", 1, None),
        PromptEvent(AT, "", 2, None),
        PromptEvent(AT, "Now.\nGo.", 3, "u1"),
        PromptEvent(AT, "", 4, "u2"),
    ]


def test_a_prompt_told_in_both_vocabularies_is_one() -> None:
    old = event("user_message", message="Go.")
    new = item("UserMessage", content=[{"type": "text", "text": "Go."}])
    assert len(only(PromptEvent, read(new, old))) == len(only(PromptEvent, read(old, new))) == 1
    assert len(only(PromptEvent, read(old, old))) == len(only(PromptEvent, read(new, count(1), old))) == 2


def said(text: str, role: str = "assistant") -> bytes:
    part = {"type": "output_text", "text": text}
    return line("response_item", {"type": "message", "role": role, "content": [part]})


def test_answers_are_what_the_client_showed() -> None:
    shown, newer = event("agent_message", message="a"), item("AgentMessage", content=[{"type": "Text", "text": "b"}])
    assert read(shown, said("a"), newer, said("b"), said("a summary"), said("x", "user")) == [
        AnswerEvent("a", AT),
        AnswerEvent("b", AT),
    ]
    assert read(event("agent_message", message=" "), item("AgentMessage", content=[])) == []


def test_where_the_client_does_not_tell_the_models_message_is_the_answer() -> None:
    assert read(said("a"), said(""), said("b")) == [AnswerEvent("a", AT), AnswerEvent("b", AT)]


def test_compactions_interruptions_and_the_end_of_a_turn() -> None:
    assert read(
        line("compacted", {"message": "s", "replacement_history": []}),
        event("context_compacted"),
        item("ContextCompaction", id="x"),
        line("compacted", {"trigger": "auto"}),
        event("turn_aborted", reason="interrupted"),
        event("task_started"),
        event("task_complete", last_agent_message="x"),
    ) == [
        CompactionEvent("unknown", AT),
        CompactionEvent("auto", AT),
        NoticeEvent("interrupt", "interrupted", AT),
        TurnEndedEvent(AT),
    ]


def test_first_and_last_activity_are_the_least_and_the_greatest_time() -> None:
    reader = CodexReader()
    list(reader.feed([line("new", {}, after=5), line("new", 1, after=2), line("new", {}, after=7), b"{}"]))
    assert (reader.first_at, reader.last_at) == (AT + 2, AT + 7)


@pytest.mark.parametrize("bad", [b"{", b"[]", b"7", b'{"a":1}{"b":2}', b"\x00\x00", b'{"a":"\xff"}', b"[" * 9999])
def test_malformed_lines_are_counted_by_their_number_and_the_rest_is_kept(bad: bytes) -> None:
    reader = CodexReader()
    events = list(reader.feed([b"\n", bad + b"\n", b" \r\n", event("user_message", message="x") + b"\n"]))
    assert events == [MalformedLine(2), PromptEvent(AT, "x", 4, None)]
    assert (reader.line_no, reader.records, reader.malformed) == (4, 2, 1)


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.jsonl")))
def test_rollouts_as_a_client_wrote_them(name: str) -> None:
    """The sum of the last usages is the final running total; each turn has its prompt and its answer."""
    reader, builder = CodexReader(), TurnBuilder()
    builder.feed(reader.feed(fixture(name)))
    records = [json.loads(data) for data in fixture(name)]
    infos = [record["payload"].get("info") for record in records if record["payload"].get("type") == "token_count"]
    final = infos[-1]["total_token_usage"]
    spent = sum(
        request.usage.input + request.usage.cache_read + request.usage.cache_write_5m + request.usage.output
        for request in builder.requests
    )
    before = 0 if "fork" not in name else final["total_tokens"] - infos[-1]["last_token_usage"]["total_tokens"]
    assert spent + before == final["total_tokens"]
    assert all(turn.prompt for turn in builder.turns)
    assert builder.turns[0].answer
    assert builder.waiting_for is not None
    assert reader.malformed == 0


def test_a_whole_session_of_the_newest_client() -> None:
    builder = TurnBuilder()
    builder.feed(CodexReader().feed(fixture("newest")))
    first, second = builder.turns
    assert (first.prompt, first.answer, len(first.message_ids)) == ("Mend the harbour gate.", "The gate is mended.", 5)
    assert (second.prompt, second.answer, len(second.message_ids)) == ("And the lantern.", "The lantern burns.", 1)
    assert [request.cause for request in builder.requests] == ["user", "tool", "tool", "tool", "tool", "user"]
    assert builder.last_write == "unknown"
    summary = only(AnswerEvent, read(*fixture("compacted")))
    assert [found.text for found in summary] == ["Nets were counted.", "Nine nets."]
    assert len(only(CompactionEvent, read(*fixture("compacted")))) == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the real rollouts are not beside this repository")
def test_real_files_add_up_to_an_independent_count() -> None:
    paths = sorted(REAL.rglob("*.jsonl"))
    assert len(paths) == 8
    for path in paths:
        lines = path.read_bytes().split(b"\n")[:-1]
        reader = CodexReader()
        events = list(reader.feed(lines))
        expected = naive(lines)
        usages = [found.usage for found in only(RequestEvent, events) if found.usage]
        assert [
            (usage.input + usage.cache_read, usage.cache_read, usage.output, usage.reasoning) for usage in usages
        ] == expected.requests
        assert sum(usage.input + usage.cache_read + usage.output for usage in usages) == expected.final_total
        assert [found.model for found in only(RequestEvent, events)] == expected.models
        assert [found.text for found in only(PromptEvent, events)] == expected.prompts
        assert [found.text for found in only(AnswerEvent, events)] == expected.answers
        assert sorted((found.call_id, found.exit_code) for found in only(CommandFailedEvent, events)) == expected.failed
        assert sorted(found.path for found in only(FileChangedEvent, events)) == expected.files
        assert len(only(CompactionEvent, events)) == expected.compactions
        assert len(only(NoticeEvent, events)) == expected.interruptions
        assert [found.call_id for found in only(ToolCallEvent, events)] == expected.calls
        assert (reader.malformed, reader.first_at, reader.last_at) == (0, *expected.times)
