"""The Gemini CLI reader: what counts as what, and that no line can stop it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    TokenCounts,
    ToolCallEvent,
    ToolResultEvent,
)
from store.transcripts.gemini import GeminiReader
from store.transcripts.gemini_client import GEMINI
from store.transcripts.reading import Reading
from store.turn_memory import ChangedFile, FailedCommand

CHATS = Path(__file__).parent / "fixtures" / "gemini" / "chats"
MAIN = CHATS / "session-2026-11-26T10-00-11111111.jsonl"
SUBAGENT = next(CHATS.glob("*/*.jsonl"))
TIME = "2026-11-24T10:00:00.500Z"
AT = 1_795_514_400.5
LATER = "2026-11-24T10:00:05.500Z"
FOLDER = "/home/ana/shop"
HEAD: dict[str, object] = {"sessionId": "s-1", "projectHash": sha256(FOLDER.encode()).hexdigest(), "kind": "main"}
TOKENS = {"input": 1000, "output": 50, "cached": 400, "thoughts": 7, "tool": 3, "total": 1060}
USAGE = TokenCounts(input=603, output=57, cache_read=400, reasoning=7)
Json = dict[str, object]


def message(kind: str, content: object, message_id: str = "m-1", **values: object) -> Json:
    return {"id": message_id, "timestamp": TIME, "type": kind, "content": content, **values}


def answer(content: object = "Hello.", message_id: str = "m-1", **values: object) -> Json:
    return message("gemini", content, message_id, **{"tokens": TOKENS, "model": "made-up", **values})


def call(name: str, *, output: object = "", display: object = None, status: str = "success", **args: object) -> Json:
    result = [{"functionResponse": {"id": "x", "name": name, "response": {"output": output}}}]
    values: Json = {"id": "call_1", "name": name, "args": args, "status": status, "timestamp": LATER}
    return values | {"result": result, "resultDisplay": display}


def read(*records: object) -> list[Event]:
    reader = GeminiReader()
    events = list(reader.feed(json.dumps(record).encode() for record in records))
    assert reader.malformed == 0
    return [event for event in events if not isinstance(event, MetaEvent)]


def metas(*records: object) -> list[MetaEvent]:
    return [
        event
        for event in GeminiReader().feed(json.dumps(record).encode() for record in records)
        if isinstance(event, MetaEvent)
    ]


def test_a_chat_as_a_whole() -> None:
    known = Reading(GEMINI)
    known.feed(MAIN.read_bytes().splitlines(keepends=True))
    facts, changes = known.facts, known.take_changes()
    assert (facts.session_id, facts.cwd, facts.title) == (
        "11111111-aaaa-4bbb-8ccc-000000000001",
        FOLDER,
        "Fix the till",
    )
    assert (facts.prompts, facts.slash_commands, facts.malformed, len(facts.compacted_at)) == (2, 1, 0, 1)
    first, second = changes.turns
    assert (first.prompt, first.prompt_id, first.answer) == ("Fix @till.py", "u1", "The till works.")
    assert first.files_changed == (ChangedFile(f"{FOLDER}/new.py", "A"), ChangedFile(f"{FOLDER}/till.py", "M"))
    assert first.failed_commands == (FailedCommand("make; exit 3", 3),)
    assert (first.compactions, second.prompt, second.answer) == (1, "And now?", "Nothing left.")
    assert [request.message_id for request in changes.requests] == [f"gemini:a{n}" for n in (1, 2, 3, 4)]
    assert [request.stop_reason for request in changes.requests] == ["tool_use", "tool_use", "end_turn", "end_turn"]
    assert changes.requests[0].usage == USAGE


def test_a_subagents_chat_has_requests_alone() -> None:
    events = list(GeminiReader().feed(SUBAGENT.read_bytes().splitlines()))
    [meta, request] = events
    assert meta == MetaEvent(None, FOLDER, None, None, None)
    assert isinstance(request, RequestEvent)
    assert (request.sidechain, request.agent_id) == (True, SUBAGENT.stem)


@pytest.mark.parametrize("content", ["hi", {"text": "hi"}, [{"text": "hi"}], ["hi"]])
def test_a_persons_prompt(content: object) -> None:
    assert read(message("user", content)) == [PromptEvent(AT, "hi", 1, "m-1")]


def test_what_was_typed_counts_not_what_became_of_it() -> None:
    whole = [{"text": "see @a"}, {"text": "\n--- Content from referenced files ---"}]
    assert read(message("user", whole, displayContent=[{"text": "see @a"}])) == [PromptEvent(AT, "see @a", 1, "m-1")]


def test_an_image_alone_is_a_prompt() -> None:
    assert read(message("user", [{"inlineData": {"mimeType": "image/png"}}])) == [PromptEvent(AT, "", 1, "m-1")]


@pytest.mark.parametrize(
    "content",
    [
        "",
        [],
        None,
        7,
        "<session_context>\nx\n</session_context>",
        "<hook_context>x</hook_context>",
        "Here is the user's editor context as a JSON object. This is for your information only.",
        "Here is a summary of changes in the user's editor context, in JSON format.",
        "Please continue.",
        [{"functionResponse": {"id": "x", "response": {}}}, {"text": "also"}],
    ],
)
def test_what_no_person_typed(content: object) -> None:
    assert read(message("user", content)) == []


def test_commands_are_no_prompts_and_paths_are() -> None:
    assert read(message("user", "/stats model")) == [NoticeEvent("slash_command", "/stats model", AT)]
    ran = "I ran the following shell command:\n```sh\nls -l\n```\n\nThis produced the following result:\n```\nx\n```"
    assert read(message("user", ran)) == [NoticeEvent("shell_command", "ls -l", AT)]
    assert read(message("user", "/home/ana/x is odd")) == [PromptEvent(AT, "/home/ana/x is odd", 1, "m-1")]


def test_a_request_with_its_tokens() -> None:
    assert read(answer()) == [RequestEvent("gemini:m-1", AT, "made-up", USAGE, None, "Hello.", "end_turn", False, None)]


def test_an_answer_without_tokens_is_a_request_all_the_same() -> None:
    [request] = read(answer(tokens=None))
    assert isinstance(request, RequestEvent)
    assert request.usage is None


def test_thoughts_are_no_text() -> None:
    [request] = read(answer([{"text": "hm", "thought": True}, {"text": "Hello."}, {"functionCall": {}}]))
    assert isinstance(request, RequestEvent)
    assert request.text == "Hello."


def test_the_same_message_again_adds_its_tools_once() -> None:
    again = answer(toolCalls=[call("read_file")])
    first, second, called, ended = read(answer(), again, again)[:4]
    assert isinstance(first, RequestEvent)
    assert isinstance(second, RequestEvent)
    assert (second.text, second.stop_reason, second.message_id) == ("", "tool_use", first.message_id)
    assert called == ToolCallEvent("call_1", "read_file", AT)
    assert ended == ToolResultEvent("call_1", AT + 5, False)
    assert len(read(answer(), again, again)) == 5  # the third line says nothing new but its own record


def test_what_the_client_says_in_the_models_place_is_no_request() -> None:
    assert read(message("gemini", "Got it. Thanks for the additional context!")) == []
    kept = read(message("gemini", "", model="made-up", toolCalls=[call("read_file")]))
    assert [type(event) for event in kept] == [ToolCallEvent, ToolResultEvent]


def test_cached_tokens_beyond_the_input_make_it_no_less_than_nothing() -> None:
    [request] = read(answer(tokens={"input": 5, "cached": 9}))
    assert isinstance(request, RequestEvent)
    assert request.usage == TokenCounts(cache_read=9)


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("<untrusted_context>\nOutput: boo\nExit Code: 3\nProcess Group PGID: 62\n</untrusted_context>", 3),
        ("Output: (empty)\nExit Code: 127", 127),
        ("Output: x\nError: (none)\nExit Code: 2\nSignal: (none)\nBackground PIDs: (none)\nProcess Group PGID: 6", 2),
        ("Output: x\nExit Code: 0\nSignal: (none)", None),
        ("Output: x\nSignal: 9\nProcess Group PGID: 62", None),
        ("Output: Exit Code: 4\nExit Code: 5\nmore\nProcess Group PGID: 62", None),
        ("Output: it says\nExit Code: 4\nExit Code: 5", 5),
        ("Output: fine\nProcess Group PGID: 62", None),
        (None, None),
    ],
)
def test_failed_commands(output: object, code: int | None) -> None:
    events = read(answer(toolCalls=[call("run_shell_command", output=output, command="make")]))
    failed = [event for event in events if isinstance(event, CommandFailedEvent)]
    assert failed == ([] if code is None else [CommandFailedEvent("call_1", "make", code, AT + 5)])


def test_only_the_shell_tool_has_exit_codes() -> None:
    events = read(answer(toolCalls=[call("read_file", output="Output: x\nExit Code: 3")]))
    assert not any(isinstance(event, CommandFailedEvent) for event in events)


DIFF = "Index: a\n--- a\tCurrent\n+++ a\tProposed\n@@ -1,1 +1,1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("display", "status", "changed"),
    [
        ({"fileDiff": DIFF, "filePath": "/p/a", "isNewFile": False}, "success", [("/p/a", "M")]),
        ({"fileDiff": DIFF, "filePath": "/p/a", "isNewFile": True}, "success", [("/p/a", "A")]),
        ({"fileDiff": DIFF, "fileName": "a"}, "success", [("/args/a", "M")]),
        ({"fileDiff": "Index: a\n--- a\n+++ a\n", "filePath": "/p/a"}, "success", []),
        ({"fileDiff": DIFF, "filePath": "/p/a"}, "error", []),
        ({"fileDiff": DIFF, "filePath": "/p/a"}, "cancelled", []),
        (DIFF, "success", []),
        ([[{"text": "x"}]], "success", []),
        (None, "success", []),
    ],
)
def test_changed_files(display: object, status: str, changed: list[tuple[str, str]]) -> None:
    events = read(answer(toolCalls=[call("replace", display=display, status=status, file_path="/args/a")]))
    found = [(event.path, event.kind) for event in events if isinstance(event, FileChangedEvent)]
    assert found == changed
    [result] = [event for event in events if isinstance(event, ToolResultEvent)]
    assert result.is_error == (status != "success")


def test_a_conversation_replaced_by_its_summary_is_a_compaction() -> None:
    old, new = message("user", "hi", "m-0"), message("user", "So far: hi", "m-9")
    replaced = {"$set": {"messages": [new], "lastUpdated": LATER}}
    assert read(old, replaced)[1:] == [CompactionEvent("unknown", AT + 5)]
    assert read(old, message("user", "/compress", "m-1"), replaced)[2:] == [CompactionEvent("manual", AT + 5)]


def test_a_conversation_taken_up_again_or_taken_back_is_none() -> None:
    old, newer = message("user", "hi", "m-0"), message("user", "ho", "m-1")
    assert len(read(old, newer, {"$set": {"messages": [old, newer]}})) == 2
    assert len(read(old, newer, {"$set": {"messages": [old]}})) == 2
    added = message("user", "<session_context>", "m-c")
    assert len(read(old, newer, {"$set": {"messages": [added, old, newer]}})) == 2
    rewound = {"$rewindTo": "m-1"}
    assert len(read(old, newer, rewound, {"$set": {"messages": [old, added]}})) == 2
    assert len(read(old, newer, {"$rewindTo": "gone"}, {"$set": {"messages": [added]}})) == 2


def test_errors_and_interruptions() -> None:
    assert read(message("error", "quota")) == [NoticeEvent("api_error", "quota", AT)]
    assert read(message("info", "Request cancelled.")) == [NoticeEvent("interrupt", "Request cancelled.", AT)]
    assert read(message("info", "Update available"), message("warning", "x", "m-2"), message("new", "x", "m-3")) == []


def test_the_folder_is_the_one_whose_hash_is_recorded() -> None:
    context = message("user", f"<session_context>\n- **Workspace Directories:**\n  - /tmp\n  - {FOLDER}\n")
    assert [meta.cwd for meta in metas(HEAD, {"$set": {"messages": [context]}})] == [None, FOLDER]
    assert [meta.cwd for meta in metas(HEAD, context)] == [None, FOLDER]
    older = message("user", f"<session_context>\nI'm currently working in the directory: {FOLDER}\n")
    assert metas(HEAD, older)[-1].cwd == FOLDER
    assert metas(HEAD | {"directories": ["/tmp", FOLDER]})[-1].cwd == FOLDER
    assert metas(HEAD | {"directories": ["/tmp"]})[-1].cwd is None
    assert metas(HEAD, message("user", f"- {FOLDER}"))[-1].cwd is None


def test_the_title_and_the_session() -> None:
    assert metas(HEAD, {"$set": {"summary": "Fix the till"}}, {"$set": {"lastUpdated": LATER}}) == [
        MetaEvent("s-1", None, None, None, None),
        MetaEvent("s-1", None, None, None, "Fix the till"),
    ]


def test_a_head_with_the_messages_in_it() -> None:
    head = HEAD | {"messages": [message("user", "hi"), answer(message_id="m-2")]}
    assert [type(event) for event in read(head)] == [PromptEvent, RequestEvent]


def test_times_are_the_least_and_the_greatest_of_all() -> None:
    reader = GeminiReader()
    list(reader.feed(json.dumps(one).encode() for one in (answer(toolCalls=[call("x")]), HEAD | {"startTime": TIME})))
    assert (reader.first_at, reader.last_at) == (AT, AT + 5)


def test_malformed_and_unknown_lines() -> None:
    reader = GeminiReader()
    lines = [b"\n", b"{torn", b"[]", b"\xff{}", b"{}", b'{"new": 1}', b'{"$set": 5}', b'{"id": 5}']
    assert list(reader.feed(lines)) == [MalformedLine(2), MalformedLine(3), MalformedLine(4)]
    assert (reader.line_no, reader.malformed) == (8, 3)


def test_a_field_of_another_type_costs_that_field_alone() -> None:
    [request] = read(answer(tokens={"input": "many", "output": 5, "thoughts": -1}, timestamp="yesterday"))
    assert isinstance(request, RequestEvent)
    assert (request.usage, request.at) == (TokenCounts(output=5), None)


def test_a_lone_surrogate_is_replaced() -> None:
    [prompt] = read(message("user", "a\ud800b"))
    assert isinstance(prompt, PromptEvent)
    assert prompt.text == "a?b"


WHOLE = MAIN.read_bytes()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def spoil(value: object, data: st.DataObject) -> object:
    """The same shape with some values replaced by anything."""
    if data.draw(st.integers(0, 19)) == 0:
        return data.draw(JSON)
    if isinstance(value, dict):
        return {key: spoil(inner, data) for key, inner in value.items()}
    return [spoil(inner, data) for inner in value] if isinstance(value, list) else value


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_wrong_types_anywhere_raise_nothing(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(WHOLE.splitlines()), min_size=1, max_size=6))
    spoilt = [json.dumps(spoil(json.loads(line), data)).encode() for line in lines]
    reader = GeminiReader()
    list(reader.feed(spoilt))
    assert reader.line_no == len(spoilt)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=20), st.integers(0, len(WHOLE)))
def test_garbage_and_truncation_raise_nothing(cut: int, garbage: bytes, resume: int) -> None:
    reader = GeminiReader()
    lines = (WHOLE[:cut] + garbage + WHOLE[resume:]).split(b"\n")
    events = list(reader.feed(lines))
    assert reader.line_no == len(lines)
    assert sum(isinstance(event, MalformedLine) for event in events) == reader.malformed
