"""The Claude Code reader: what counts as what, and that no line can stop it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.transcripts.claude import SYNTHETIC_MODEL, ClaudeReader
from store.transcripts.events import (
    CommandFailedEvent,
    CompactionEvent,
    Event,
    FileChangedEvent,
    MalformedLine,
    MetaEvent,
    NoticeEvent,
    PromptEvent,
    RequestEvent,
    ResumedEvent,
    TokenCounts,
    ToolCallEvent,
    ToolResultEvent,
    TurnEndedEvent,
)

REAL = Path(__file__).parents[4] / "shared" / "data" / "transcripts" / "claude"
AT = "2026-11-24T10:00:00.500Z"
AT_SECONDS = 1_795_514_400.5


def line(kind: str, **values: object) -> bytes:
    return json.dumps({"type": kind, "timestamp": AT, **values}).encode()


def user(content: object, **values: object) -> bytes:
    return line("user", message={"role": "user", "content": content}, uuid="u-1", **values)


def assistant(*blocks: dict[str, object], message: dict[str, object] | None = None, **values: object) -> bytes:
    plain: dict[str, object] = {"id": "msg_1", "model": "made-up-model", "content": list(blocks)}
    return line("assistant", message=plain | (message or {}), **values)


def bash(call_id: str, command: str) -> dict[str, object]:
    return {"type": "tool_use", "id": call_id, "name": "Bash", "input": {"command": command}}


def result(call_id: str, content: object, *, is_error: bool = False, **values: object) -> bytes:
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content, "is_error": is_error}
    return user([block], **values)


def read(*lines: bytes) -> list[Event]:
    return [event for event in ClaudeReader().feed(lines) if not isinstance(event, MetaEvent)]


def test_a_persons_prompt() -> None:
    assert read(b"", user("please fix it")) == [PromptEvent(AT_SECONDS, "please fix it", 2, "u-1")]


def test_text_blocks_are_joined_and_an_image_is_enough() -> None:
    image = {"type": "image", "source": {}}
    texts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert read(user([*texts, image])) == [PromptEvent(AT_SECONDS, "a\nb", 1, "u-1")]
    assert read(user([image])) == [PromptEvent(AT_SECONDS, "", 1, "u-1")]
    assert read(user([]), user("")) == []


@pytest.mark.parametrize(
    "record",
    [
        user("x", isMeta=True),
        user("x", isCompactSummary=True),
        user("x", isSidechain=True),
        user("x", origin={"kind": "peer"}),
        user("<local-command-stdout>x"),
        user("<bash-stdout>x"),
        user("<bash-stderr>x"),
        user("<system-reminder>x"),
        line("user"),
    ],
)
def test_what_no_person_typed_is_no_prompt_and_no_notice(record: bytes) -> None:
    assert read(record) == []


def test_a_human_origin_is_a_prompt() -> None:
    assert isinstance(read(user("x", origin={"kind": "human"}))[0], PromptEvent)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (user("<command-name>/clear"), "slash_command"),
        (user("<command-message>x"), "slash_command"),
        (user("<bash-input>ls"), "shell_command"),
        (user("<task-notification>done"), "background"),
        (user("done", origin={"kind": "task-notification"}), "background"),
        (user("done", origin={"kind": "task-notification"}, isMeta=True), "background"),
        (user([{"type": "text", "text": "[Request interrupted by user]"}]), "interrupt"),
        (
            line("attachment", attachment={"type": "queued_command", "commandMode": "prompt", "prompt": "q"}),
            "queued",
        ),
        (
            line(
                "attachment",
                attachment={"type": "queued_command", "commandMode": "task-notification", "prompt": []},
            ),
            "queued_notification",
        ),
    ],
)
def test_what_opens_no_turn_is_noticed(record: bytes, kind: str) -> None:
    (event,) = read(record)
    assert isinstance(event, NoticeEvent)
    assert event.kind == kind


def test_a_request_with_its_tokens() -> None:
    usage = {
        "input_tokens": 3,
        "output_tokens": 5,
        "cache_read_input_tokens": 7,
        "cache_creation_input_tokens": 24,
        "cache_creation": {"ephemeral_5m_input_tokens": 11, "ephemeral_1h_input_tokens": 13},
    }
    record = assistant(
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "hello"},
        message={"usage": usage, "stop_reason": "end_turn"},
        agentId="a1",
        isSidechain=True,
    )
    assert read(record) == [
        RequestEvent(
            message_id="msg_1",
            at=AT_SECONDS,
            model="made-up-model",
            usage=TokenCounts(input=3, output=5, cache_read=7, cache_write_5m=11, cache_write_1h=13),
            written="1h",
            text="hello",
            stop_reason="end_turn",
            sidechain=True,
            agent_id="a1",
        )
    ]


@pytest.mark.parametrize(
    ("usage", "written", "five_minutes"),
    [
        ({"cache_creation_input_tokens": 9}, "unknown", 9),
        ({"cache_creation_input_tokens": 9, "cache_creation": None}, "unknown", 9),
        ({"cache_creation_input_tokens": 9, "cache_creation": {"ephemeral_5m_input_tokens": 9}}, "5m", 9),
        ({"cache_creation_input_tokens": 0, "cache_creation": {}}, None, 0),
        ({}, None, 0),
    ],
)
def test_the_class_of_a_write_is_named_or_unknown(
    usage: dict[str, object], written: str | None, five_minutes: int
) -> None:
    (event,) = read(assistant(message={"usage": usage}))
    assert isinstance(event, RequestEvent)
    assert event.usage is not None
    assert (event.written, event.usage.cache_write_5m, event.usage.cache_write_1h) == (written, five_minutes, 0)


def test_the_clients_own_words_are_no_request() -> None:
    assert read(assistant({"type": "text", "text": "x"}, message={"model": "<synthetic>"})) == []
    failed = assistant({"type": "text", "text": "API Error"}, message={"model": "<synthetic>"}, isApiErrorMessage=True)
    assert read(failed) == [NoticeEvent("api_error", "API Error", AT_SECONDS)]
    assert read(assistant(message={"id": None})) == []


def test_calls_are_pending_until_their_result() -> None:
    calls = read(assistant(bash("t1", "make")), result("t1", "ok"))[1:]
    assert calls == [ToolCallEvent("t1", "Bash", AT_SECONDS), ToolResultEvent("t1", AT_SECONDS, False)]


@pytest.mark.parametrize("content", ["Exit code 2\nboom", [{"type": "text", "text": "Exit code 2\nboom"}]])
def test_a_failed_command_is_named_once(content: object) -> None:
    failed = result("t1", content, is_error=True)
    events = read(assistant(bash("t1", "make it")), failed, failed)
    assert [event for event in events if isinstance(event, CommandFailedEvent)] == [
        CommandFailedEvent("t1", "make it", 2, AT_SECONDS)
    ]


@pytest.mark.parametrize(
    ("content", "is_error"), [("Exit code 2", False), ("Command timed out", True), ("x Exit code 2", True)]
)
def test_other_results_are_no_failed_command(content: str, is_error: bool) -> None:
    assert len(read(result("t1", content, is_error=is_error))) == 1


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ({"filePath": "/a", "structuredPatch": [{"lines": []}]}, "M"),
        ({"filePath": "/a", "structuredPatch": [], "type": "create"}, "A"),
        ({"filePath": "/a", "structuredPatch": [{}], "type": "update"}, "M"),
        ({"filePath": "/a", "structuredPatch": [], "type": "update"}, None),
        ({"filePath": "/a", "structuredPatch": None}, None),
        ({"filePath": "/a", "plan": "structuredPatch"}, None),
        ({"structuredPatch": [{}]}, None),
        ("structuredPatch", None),
    ],
)
def test_changed_files(details: object, kind: str | None) -> None:
    changes = [
        event for event in read(result("t1", "ok", toolUseResult=details)) if isinstance(event, FileChangedEvent)
    ]
    assert [(change.path, change.kind) for change in changes] == ([("/a", kind)] if kind else [])


def test_a_failed_edit_changes_nothing() -> None:
    details = {"filePath": "/a", "structuredPatch": [{}]}
    assert len(read(result("t1", "no", is_error=True, toolUseResult=details))) == 1


def test_compactions_and_the_end_of_a_turn() -> None:
    assert read(
        line("system", subtype="compact_boundary", compactMetadata={"trigger": "auto"}),
        line("system", subtype="compact_boundary"),
        line("system", subtype="turn_duration"),
        line("system", subtype="turn_duration", pendingBackgroundAgentCount=2),
        line("system", subtype="something_new"),
    ) == [
        CompactionEvent("auto", AT_SECONDS),
        CompactionEvent("unknown", AT_SECONDS),
        TurnEndedEvent(AT_SECONDS),
        TurnEndedEvent(AT_SECONDS, background_tasks=2),
    ]


def test_facts_are_told_when_they_change() -> None:
    facts = {"sessionId": "s", "cwd": "/a", "version": "2.1.331", "gitBranch": "main"}
    lines = [
        line("summary", summary="of another conversation"),
        user("<system-reminder>", **facts),
        user("<system-reminder>", **facts),
        line("file-history-snapshot"),
        line("ai-title", aiTitle="made by the client", sessionId="s"),
        line("custom-title", customTitle="made by the person", sessionId="s"),
        line("ai-title", aiTitle="again by the client", sessionId="s"),
        user("<system-reminder>", **facts | {"cwd": "/b"}),
    ]
    metas = [event for event in ClaudeReader().feed(lines) if isinstance(event, MetaEvent)]
    assert metas == [
        MetaEvent("s", "/a", "2.1.331", "main", None),
        MetaEvent("s", "/a", "2.1.331", "main", "made by the client"),
        MetaEvent("s", "/a", "2.1.331", "main", "made by the person"),
        MetaEvent("s", "/b", "2.1.331", "main", "made by the person"),
    ]


def test_a_summary_inside_the_conversation_is_its_title() -> None:
    events = list(ClaudeReader().feed([user("<system-reminder>"), line("summary", summary="t")]))
    assert events == [MetaEvent(None, None, None, None, "t")]


def test_first_and_last_activity_are_the_least_and_the_greatest_time() -> None:
    reader = ClaudeReader()
    times = ("2026-11-24T10:00:05Z", "2026-11-24T09:00:00Z", "2026-11-24T10:00:01Z", "garbled", 7)
    list(reader.feed(line("progress", timestamp=at) for at in times))
    assert (reader.first_at, reader.last_at) == (AT_SECONDS - 3600.5, AT_SECONDS + 4.5)
    assert reader.malformed == 0


@pytest.mark.parametrize("bad", [b"{", b"[]", b"7", b'{"a":1}{"b":2}', b"\x00\x00", b'{"a":"\xff"}', b"[" * 9999])
def test_malformed_lines_are_counted_by_their_number_and_the_rest_is_kept(bad: bytes) -> None:
    reader = ClaudeReader()
    events = list(reader.feed([b"\n", bad + b"\n", b" \r\n", user("x") + b"\n"]))
    assert events == [MalformedLine(2), PromptEvent(AT_SECONDS, "x", 4, "u-1")]
    assert (reader.line_no, reader.records, reader.malformed) == (4, 2, 1)


def test_unknown_types_and_shapes_are_read_as_far_as_they_go() -> None:
    odd = assistant({"type": "text", "text": 5}, {"type": "text", "text": "kept"}, bash("t", "x"), gitBranch=7, cwd=[])
    events = read(line("something-new", message=3), line("user", message="x"), odd)
    assert [type(event) for event in events] == [RequestEvent, ToolCallEvent]
    assert isinstance(events[0], RequestEvent)
    assert events[0].text == "kept"


def test_half_an_emoji_is_no_malformed_line() -> None:
    events = read(b'{"type":"user","message":{"content":"cut \\ud83d"}}')
    assert events == [PromptEvent(None, "cut ?", 1, None)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "subtype",
        "timestamp",
        "sessionId",
        "isMeta",
        "origin",
        "attachment",
        "toolUseResult",
        "compactMetadata",
        "aiTitle",
    ]
)
MESSAGE = st.dictionaries(st.sampled_from(["id", "model", "usage", "content"]), JSON, max_size=4)
BLOCK = st.dictionaries(
    st.sampled_from(["type", "text", "id", "input", "tool_use_id", "content", "is_error"]),
    JSON | st.sampled_from(["text", "tool_use", "tool_result", "Exit code 3"]),
)
RECORD = st.builds(
    lambda kind, rest, message: {**rest, "type": kind, "message": message},
    st.sampled_from(["user", "assistant", "system", "attachment", "summary", "new"]),
    st.dictionaries(KEYS, JSON, max_size=4),
    JSON | MESSAGE | st.fixed_dictionaries({"id": st.just("m"), "content": st.lists(BLOCK, max_size=3)}),
)
LINES = st.lists(st.binary(max_size=20) | RECORD.map(lambda record: json.dumps(record).encode()), max_size=8)


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


@settings(max_examples=300, deadline=None)
@given(LINES, st.integers(0, 8))
def test_no_line_raises_malformed_means_no_json_object_and_pieces_do_not_matter(lines: list[bytes], cut: int) -> None:
    whole, pieces = ClaudeReader(), ClaudeReader()
    events = list(whole.feed(lines))
    assert [*pieces.feed(lines[:cut]), *pieces.feed(lines[cut:])] == events
    bad = [n for n, data in enumerate(lines, 1) if data.strip() and not _is_object(data)]
    assert [event.line for event in events if isinstance(event, MalformedLine)] == bad
    assert whole.records == sum(1 for data in lines if data.strip())


def _naive(path: Path) -> Iterator[dict[str, object]]:
    for data in path.read_bytes().split(b"\n"):
        if data and _is_object(data):
            yield json.loads(data)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real transcripts are not beside this repository")
def test_real_files_add_up_to_an_independent_count() -> None:
    files = sorted(REAL.glob("*/*.jsonl"))
    assert len(files) == 21
    malformed = 0
    for path in files:
        reader = ClaudeReader()
        events = list(reader.feed(path.read_bytes().split(b"\n")[:-1]))
        malformed += reader.malformed
        tokens: dict[str, tuple[int, ...]] = {}
        failed: list[str] = []
        changed: list[str] = []
        times: list[str] = []
        for record in _naive(path):
            times += [str(record["timestamp"])] if "timestamp" in record else []
            message = record.get("message")
            if not isinstance(message, dict):
                continue
            if record["type"] == "assistant" and message["model"] != "<synthetic>":
                usage = message["usage"]
                written = usage["cache_creation"]
                tokens[message["id"]] = (
                    usage["input_tokens"],
                    usage["output_tokens"],
                    usage["cache_read_input_tokens"],
                    written["ephemeral_5m_input_tokens"],
                    written["ephemeral_1h_input_tokens"],
                )
            blocks = message["content"] if isinstance(message["content"], list) else []
            for block in blocks:
                if block["type"] != "tool_result":
                    continue
                if block.get("is_error") and str(block["content"]).startswith("Exit code "):
                    failed.append(block["tool_use_id"])
                details = record.get("toolUseResult")
                if isinstance(details, dict) and "structuredPatch" in details and not block.get("is_error"):
                    changed += [details["filePath"]]
        usages = {
            event.message_id: event.usage
            for event in events
            if isinstance(event, RequestEvent) and event.usage is not None
        }
        assert {
            message_id: (
                usage.input,
                usage.output,
                usage.cache_read,
                usage.cache_write_5m,
                usage.cache_write_1h,
            )
            for message_id, usage in usages.items()
        } == tokens
        assert [event.call_id for event in events if isinstance(event, CommandFailedEvent)] == failed
        assert [event.path for event in events if isinstance(event, FileChangedEvent)] == changed
        assert reader.first_at is not None
        assert reader.last_at is not None
        assert reader.first_at <= reader.last_at
        assert len(times) > 0
        prompts = [event.text for event in events if isinstance(event, PromptEvent)]
        assert prompts
        assert not any(text.startswith(("<", "[Request")) for text in prompts)
    assert malformed == 2


EXIT = user("<command-name>/exit</command-name>\n<command-message>exit</command-message>")
GOODBYE = user("<local-command-stdout>See you!</local-command-stdout>")
NOTHING_ASKED = assistant({"type": "text", "text": "No response requested."}, message={"model": SYNTHETIC_MODEL})
HOOK = line("progress", data={"type": "hook_progress", "hookEvent": "SessionStart", "hookName": "SessionStart:resume"})


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        ([EXIT, GOODBYE], 0),
        ([EXIT, GOODBYE, user("go on")], 1),
        ([EXIT, GOODBYE, NOTHING_ASKED, HOOK, user("go on")], 1),
        ([EXIT, GOODBYE, assistant()], 1),
        ([HOOK, user("go on")], 1),
        ([EXIT, NOTHING_ASKED, EXIT, NOTHING_ASKED], 1),
        ([EXIT, NOTHING_ASKED, assistant(), EXIT, NOTHING_ASKED], 2),
        ([NOTHING_ASKED, user("go on")], 0),
    ],
)
def test_a_session_that_was_left_and_opened_again(lines: list[bytes], times: int) -> None:
    told = read(user("first"), assistant(), *lines)
    assert told.count(ResumedEvent(AT_SECONDS)) == times
    kinds = [type(event) for event in told[2:] if isinstance(event, ResumedEvent | PromptEvent)]
    assert kinds[:1] != [PromptEvent] or times == 0, "it belongs to the turn before"
