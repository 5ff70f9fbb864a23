"""Whatever is in a line, the Codex reader goes on, and loses no more than what was damaged."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from store.transcripts.codex import CodexReader
from store.transcripts.events import (
    CommandFailedEvent,
    Event,
    FileChangedEvent,
    MalformedLine,
    PromptEvent,
    RequestEvent,
)
from store.transcripts.turns import TurnBuilder
from tests.store.transcripts.codex_lines import FIXTURES, THREAD, fixture, only, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TELLING = st.sampled_from(
    [
        "c1",
        "c2",
        "exec_command",
        "apply_patch",
        "completed",
        "assistant",
        "Exit code: 3\nOutput:\n",
        '{"cmd": "x"}',
        "Success. Updated the following files:\nA a\nM b\n",
        "user_shell",
        THREAD,
    ]
)
NUMBERS = st.integers(-3, 5) | st.just(2**70)
USAGE = st.dictionaries(st.sampled_from(["input_tokens", "cached_input_tokens", "total_tokens"]), NUMBERS | JSON)
FIELDS: dict[str, st.SearchStrategy[object]] = {
    "info": st.fixed_dictionaries({"total_token_usage": USAGE | JSON, "last_token_usage": USAGE | JSON}),
    "usage": USAGE,
    "thread_token_usage": USAGE,
    "changes": st.dictionaries(st.sampled_from(["/w/a", "/w/b"]), st.fixed_dictionaries({"type": st.just("add")})),
    "success": st.booleans(),
    "exit_code": NUMBERS,
    "forked_from_ordinal_exclusive": NUMBERS,
    **dict.fromkeys(
        [
            "id",
            "call_id",
            "name",
            "arguments",
            "action",
            "output",
            "command",
            "status",
            "source",
            "content",
            "message",
            "cwd",
            "git",
            "model",
            "turn_id",
            "history_base",
            "forked_from_id",
            "role",
            "reason",
            "trigger",
            "thread_id",
            "thread_name",
        ],
        TELLING,
    ),
}
KINDS = ["token_count", "user_message", "agent_message", "item_completed", "exec_command_end", "patch_apply_end"]
KINDS += ["task_complete", "turn_aborted", "thread_name_updated", "message", "function_call", "custom_tool_call"]
KINDS += [
    "local_shell_call",
    "function_call_output",
    "custom_tool_call_output",
    "CommandExecution",
    "FileChange",
    "new",
]
FLAT = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={key: value | JSON for key, value in FIELDS.items()}
)
PAYLOAD = st.builds(lambda payload, inner: payload | {"item": inner}, FLAT, FLAT | JSON)
RECORD = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["event_msg", "response_item", "session_meta", "turn_context", "compacted", "token_usage_record", "new"]
        ),
        "payload": PAYLOAD | JSON,
    },
    optional={
        "timestamp": st.sampled_from(["2026-11-24T10:00:00Z", "2026-11-24T10:00:00.600Z", "2026-11-24T10:00:00"])
        | JSON,
        "ordinal": NUMBERS | JSON,
    },
)
LINES = st.lists(st.binary(max_size=20) | RECORD.map(lambda record: json.dumps(record).encode()), max_size=10)


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def _but_files(events: list[Event]) -> list[Event]:
    """Files that only an output names are told at the end of a piece: their place among the rest may differ."""
    return [found for found in events if not isinstance(found, FileChangedEvent)]


@settings(max_examples=400, deadline=None)
@given(LINES, st.integers(0, 10))
def test_no_line_raises_malformed_means_no_json_object_and_pieces_do_not_matter(lines: list[bytes], cut: int) -> None:
    whole, pieces = CodexReader(), CodexReader()
    events = list(whole.feed(lines))
    in_pieces = [*pieces.feed(lines[:cut]), *pieces.feed(lines[cut:])]
    assert _but_files(in_pieces) == _but_files(events)
    assert pieces.copied == whole.copied
    bad = [n for n, data in enumerate(lines, 1) if data.strip() and not _is_object(data)]
    assert [found.line for found in only(MalformedLine, events)] == bad
    assert whole.records == sum(1 for data in lines if data.strip())
    failed = [found.call_id for found in only(CommandFailedEvent, events)]
    assert len(failed) == len(set(failed))
    for found in only(RequestEvent, events):
        assert found.usage is None or min(found.usage.input, found.usage.cache_read, found.usage.output) >= 0


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(path.stem for path in FIXTURES.glob("*.jsonl"))),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3000), st.binary(max_size=4)), max_size=6),
    st.integers(0, 60),
)
def test_damage_costs_no_more_than_the_lines_it_is_in(
    name: str, wounds: list[tuple[int, int, bytes]], cut: int
) -> None:
    lines = fixture(name)
    for place, offset, garbage in wounds:
        n = place % len(lines)
        lines[n] = lines[n][:offset] + garbage.replace(b"\n", b"")
    reader = CodexReader()
    events = list(reader.feed(lines[:cut]))
    events += reader.feed(lines[cut:])
    assert reader.line_no == len(lines)
    hurt = {place % len(lines) for place, _, _ in wounds}
    if not hurt & {0}:
        whole = {(found.text, found.at) for found in only(PromptEvent, read(*fixture(name)))}
        kept = {(found.text, found.at) for found in only(PromptEvent, events)}
        assert len(whole - kept) <= len(hurt)
    TurnBuilder().feed(events)
