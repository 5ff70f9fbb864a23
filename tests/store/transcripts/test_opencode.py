"""The OpenCode reader: what counts as what, and that no line can stop it."""

from __future__ import annotations

import json
from collections.abc import Sequence

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
from store.transcripts.opencode import OpenCodeReader

MS = 1_795_600_000_000
AT = MS / 1000
Json = dict[str, object]


def row(table: str, row_id: str, data: object, **more: object) -> bytes:
    return json.dumps({"table": table, "id": row_id, **more, "data": data}).encode() + b"\n"


def session(**columns: object) -> bytes:
    return row("session", "ses_1", {"id": "ses_1", **columns}, session=columns.pop("root", None))


def message(role: str, *parts: Json, message_id: str = "msg_1", original: Json | None = None, **data: object) -> bytes:
    rows = [row("part", f"prt_{n}", part, message=message_id) for n, part in enumerate(parts)]
    more = {} if original is None else {"original": original}
    whole = {"role": role, "time": {"created": MS, "completed": MS + 9000}, **data}
    return b"".join([*rows, row("message", message_id, whole, **more)])


def text(words: str, **more: object) -> Json:
    return {"type": "text", "text": words, **more}


def tool(name: str, metadata: object, *, status: str = "completed", **given: object) -> Json:
    state = {"status": status, "input": given, "metadata": metadata, "time": {"start": MS + 2000, "end": MS + 3000}}
    return {"type": "tool", "tool": name, "callID": "call_1", "state": state}


def read(*lines: bytes, reader: OpenCodeReader | None = None) -> list[Event]:
    return list((reader or OpenCodeReader()).feed(b"".join(lines).splitlines(keepends=True)))


STEP: Json = {"type": "step-start", "snapshot": "5e1f"}


def test_what_the_session_says_of_itself() -> None:
    line = session(directory="/home/ana/shop", title="Fix the till", version="1.18.33")
    told = MetaEvent("ses_1", "/home/ana/shop", "1.18.33", None, "Fix the till")
    assert read(line, line) == [told]


def test_a_persons_prompt_is_the_text_that_was_typed() -> None:
    parts = (
        text("look at it"),
        text("Called the Read tool", synthetic=True),
        text("hidden", ignored=True),
        text("now"),
    )
    assert read(message("user", *parts)) == [PromptEvent(AT, "look at it\nnow", 5, "msg_1")]


def test_an_image_alone_is_a_prompt_and_the_clients_own_words_are_none() -> None:
    assert read(message("user", {"type": "file", "mime": "image/png"})) == [PromptEvent(AT, "", 2, "msg_1")]
    assert read(message("user", text("Continue if you have next steps.", synthetic=True))) == []
    assert read(message("user")) == []


def test_a_command_that_starts_a_subagent_is_a_prompt() -> None:
    part: Json = {"type": "subtask", "prompt": "review it", "agent": "general", "description": "", "command": "review"}
    assert read(message("user", part)) == [PromptEvent(AT, "review it", 2, "msg_1")]


def test_a_request_with_its_tokens() -> None:
    tokens = {"total": 1, "input": 1002, "output": 43, "reasoning": 7, "cache": {"write": 30, "read": 200}}
    events = read(message("assistant", STEP, text("one"), text("two"), tokens=tokens, modelID="made-up", finish="stop"))
    usage = TokenCounts(input=1002, output=50, cache_read=200, cache_write_5m=30, reasoning=7)
    assert events == [
        RequestEvent("opencode:msg_1", AT + 9, "made-up", usage, "unknown", "one\n\ntwo", "end_turn", False, None)
    ]


def test_an_answer_ends_where_its_first_tool_starts() -> None:
    [request, call, result] = read(message("assistant", STEP, tool("read", {}), finish="tool-calls"))
    assert isinstance(request, RequestEvent)
    assert (request.at, request.stop_reason, request.written) == (AT + 2, "tool_use", None)
    assert (call, result) == (ToolCallEvent("call_1", "read", AT + 2), ToolResultEvent("call_1", AT + 3, False))


def test_a_message_that_never_began_is_no_request_and_an_aborted_one_has_no_usage() -> None:
    zeros = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    error = {"name": "MessageAbortedError", "data": {"message": "Aborted"}}
    assert read(message("assistant", tokens=zeros)) == []
    assert read(message("assistant", tokens=zeros, error=error)) == [NoticeEvent("interrupt", "Aborted", AT + 9)]
    [request, notice] = read(message("assistant", STEP, tokens=zeros, error=error))
    assert isinstance(request, RequestEvent)
    assert request.usage is None
    assert notice == NoticeEvent("interrupt", "Aborted", AT + 9)


def test_an_error_of_the_provider() -> None:
    error = {"name": "APIError", "data": {"message": "overloaded", "statusCode": 529}}
    assert read(message("assistant", error=error)) == [NoticeEvent("api_error", "overloaded", AT + 9)]
    assert read(message("assistant", error={"name": "UnknownError"})) == [
        NoticeEvent("api_error", "UnknownError", AT + 9)
    ]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (tool("bash", {"exit": 3}, command="make"), 3),
        (tool("bash", {"exit": 0}, command="make"), None),
        (tool("bash", {"exit": None}, command="make"), None),
        (tool("bash", {"exit": True}, command="make"), None),
        (tool("bash", {"exit": 3}, status="error", command="make"), None),
        (tool("bash", {"exit": 3}, status="running", command="make"), None),
    ],
)
def test_failed_commands(part: Json, code: int | None) -> None:
    failed = [event for event in read(message("assistant", STEP, part)) if isinstance(event, CommandFailedEvent)]
    assert failed == ([] if code is None else [CommandFailedEvent("call_1", "make", code, AT + 3)])


EDIT = {"diff": "x\n@@ -1,2 +1,2 @@\n-a\n+b\n", "filediff": {"file": "/p/a"}}
PATCH = [
    {"filePath": "/p/a", "type": "add"},
    {"filePath": "/p/b", "type": "update"},
    {"filePath": "/p/c", "type": "delete"},
    {"filePath": "/p/d", "type": "move", "movePath": "/p/e"},
    {"filePath": "/p/f", "type": "new kind"},
    "damage",
]


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        (tool("write", {"filepath": "/p/a", "exists": False}), [("/p/a", "A")]),
        (tool("write", {"filepath": "/p/a", "exists": True}), [("/p/a", "M")]),
        (tool("read", {"filepath": "/p/a", "exists": True}), []),
        (tool("edit", EDIT, filePath="/p/z"), [("/p/a", "M")]),
        (tool("edit", EDIT | {"filediff": {}}, filePath="/p/z"), [("/p/z", "M")]),
        (tool("edit", EDIT | {"diff": "x\n@@ -0,0 +1,2 @@\n+a\n"}), [("/p/a", "A")]),
        (tool("edit", EDIT | {"diff": ""}), []),
        (tool("edit", EDIT, status="error"), []),
        (tool("apply_patch", {"files": PATCH}), [("/p/a", "A"), ("/p/b", "M"), ("/p/c", "D"), ("/p/e", "R")]),
    ],
)
def test_changed_files(part: Json, changed: Sequence[tuple[str, str]]) -> None:
    events = [event for event in read(message("assistant", STEP, part)) if isinstance(event, FileChangedEvent)]
    assert [(event.path, event.kind, event.at) for event in events] == [(*one, AT + 3) for one in changed]


def test_a_compaction_counts_when_its_summary_is_there() -> None:
    asked = message("user", {"type": "compaction", "auto": True}, message_id="msg_0")
    summary = message("assistant", STEP, text("so far"), summary=True, parentID="msg_0", finish="stop")
    [request, compaction] = read(asked, summary)
    assert isinstance(request, RequestEvent)
    assert request.text == ""
    assert compaction == CompactionEvent("auto", AT + 9)
    failed = message("assistant", summary=True, parentID="msg_0", error={"name": "APIError"})
    assert [type(event) for event in read(asked, failed)] == [NoticeEvent]
    by_hand = message("user", {"type": "compaction", "auto": False}, message_id="msg_0")
    assert read(by_hand, summary)[-1] == CompactionEvent("manual", AT + 9)


def test_a_command_typed_with_an_exclamation_mark_is_no_request() -> None:
    asked = message("user", text("The following tool was executed by the user", synthetic=True), message_id="msg_0")
    ran = message("assistant", tool("bash", {"output": "x"}, command="ls"), tokens={"input": 0, "output": 0})
    assert read(asked, ran) == [NoticeEvent("shell_command", "ls", AT + 2)]


def test_a_subagents_session() -> None:
    lines = [
        session(parent_id="ses_0", root="ses_main"),
        message("user", text("look"), message_id="msg_0"),
        message("assistant", STEP),
    ]
    [meta, request] = read(*lines)
    assert isinstance(meta, MetaEvent)
    assert meta.session_id == "ses_main"
    assert isinstance(request, RequestEvent)
    assert (request.sidechain, request.agent_id) == (True, "ses_1")


def test_a_forks_copies_carry_the_ids_of_their_originals() -> None:
    copied: Json = {"id": "msg_old", "session": "ses_old"}
    events = read(
        session(),
        message("user", text("hi"), message_id="msg_0", original=copied),
        message("assistant", STEP, original=copied),
        message("assistant", STEP, message_id="msg_2"),
    )
    metas = [event for event in events if isinstance(event, MetaEvent)]
    assert [meta.forked_from for meta in metas] == [None, "ses_old"]
    assert [event.record_id for event in events if isinstance(event, PromptEvent)] == ["msg_old"]
    ids = [event.message_id for event in events if isinstance(event, RequestEvent)]
    assert ids == ["opencode:msg_old", "opencode:msg_2"]


def test_parts_belong_to_the_message_that_follows_them() -> None:
    stray = row("part", "prt_0", text("stray"), message="msg_other")
    assert read(stray, message("user", text("hi"))) == [PromptEvent(AT, "hi", 3, "msg_1")]
    assert read(stray, message("user")) == []


def test_times_are_the_least_and_the_greatest_of_all() -> None:
    reader = OpenCodeReader()
    late = message("user", text("hi"), time={"created": MS + 50_000})
    read(late, message("assistant", STEP, tool("bash", {}), time={"created": MS}), reader=reader)
    assert (reader.first_at, reader.last_at) == (AT, AT + 50)


def test_malformed_and_unknown_lines() -> None:
    reader = OpenCodeReader()
    lines = [b"\n", b"{torn", b'"text"', b"\xff{}", row("todo", "x", {}), row("message", "m", "no object"), b"{}"]
    assert list(reader.feed(lines)) == [MalformedLine(2), MalformedLine(3), MalformedLine(4)]
    assert (reader.line_no, reader.malformed) == (7, 3)


def test_a_field_of_another_type_costs_that_field_alone() -> None:
    tokens = {"input": "many", "output": 5, "reasoning": -1, "cache": [1]}
    [request] = read(message("assistant", STEP, {"type": 5}, tokens=tokens, modelID=7, finish="stop"))
    assert isinstance(request, RequestEvent)
    assert (request.usage, request.model) == (TokenCounts(output=5), None)


def test_a_lone_surrogate_is_replaced() -> None:
    [prompt] = read(message("user", text("a\ud800b")))
    assert isinstance(prompt, PromptEvent)
    assert prompt.text == "a?b"


WHOLE = b"".join(
    [
        session(parent_id=None, directory="/p", title="t", version="1", time_created=MS),
        message("user", text("hi"), {"type": "compaction", "auto": True}, original={"id": "a", "session": "b"}),
        message(
            "assistant",
            STEP,
            text("hello"),
            tool("apply_patch", {"files": PATCH, "exit": 3} | EDIT, command="x"),
            tokens={"input": 1, "output": 2, "reasoning": 3, "cache": {"read": 4, "write": 5}},
            finish="stop",
            summary=True,
            parentID="msg_1",
            error={"name": "APIError", "data": {"message": "m"}},
        ),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def spoil(value: object, data: st.DataObject) -> object:
    """The same shape with some values replaced by anything."""
    if data.draw(st.integers(0, 9)) == 0:
        return data.draw(JSON)
    if isinstance(value, dict):
        return {key: spoil(inner, data) for key, inner in value.items()}
    return [spoil(inner, data) for inner in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(st.data())
def test_wrong_types_anywhere_raise_nothing(data: st.DataObject) -> None:
    spoilt = [json.dumps(spoil(json.loads(line), data)).encode() for line in WHOLE.splitlines()]
    reader = OpenCodeReader()
    list(reader.feed(spoilt))
    assert reader.line_no == len(spoilt)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=20), st.integers(0, len(WHOLE)))
def test_garbage_and_truncation_raise_nothing(cut: int, garbage: bytes, resume: int) -> None:
    reader = OpenCodeReader()
    lines = (WHOLE[:cut] + garbage + WHOLE[resume:]).split(b"\n")
    events = list(reader.feed(lines))
    assert reader.line_no == len(lines)
    assert sum(isinstance(event, MalformedLine) for event in events) == reader.malformed
