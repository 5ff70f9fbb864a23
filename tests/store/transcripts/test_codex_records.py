"""A line becomes a record, also where it does not fit."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from store.transcripts.codex_records import (
    Change,
    changes_in,
    command_in,
    decode_changes,
    decode_command,
    decode_exit_code,
    decode_item,
    decode_output,
    decode_record,
    decode_string,
    decode_text,
)


def raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


def test_only_what_fits_is_kept() -> None:
    line = {
        "type": "event_msg",
        "timestamp": 7,
        "ordinal": "x",
        "payload": {
            "type": "token_count",
            "call_id": ["c"],
            "message": {"not": "text"},
            "info": {"last_token_usage": {"input_tokens": "3", "output_tokens": 4, "total_tokens": -1}},
            "exit_code": 2**70,
        },
    }
    record = decode_record(json.dumps(line).encode())
    assert record is not None
    assert (record.type, record.timestamp, record.ordinal) == ("event_msg", None, None)
    payload = record.payload
    assert payload is not None
    assert (payload.type, payload.call_id, payload.exit_code) == ("token_count", None, None)
    assert payload.info is not None
    usage = payload.info.last_token_usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (None, 4, None)


@pytest.mark.parametrize("line", [b"{", b"[]", b"7", b'{"a":1}{', b"\x00", b'{"a":"\xff"}', b"[" * 9999])
def test_a_line_that_is_no_object(line: bytes) -> None:
    assert decode_record(line) is None


@pytest.mark.parametrize("payload", [[1], "x", 3, None])
def test_a_payload_of_another_kind_is_none(payload: object) -> None:
    record = decode_record(json.dumps({"type": "event_msg", "payload": payload}).encode())
    assert record is not None
    assert record.payload is None


def test_half_an_emoji_is_text() -> None:
    assert decode_string(Raw(b'"cut \\ud83d"')) == "cut ?"
    assert decode_exit_code(Raw(b'"Exit code: 2\\n\\ud83d\\nOutput:\\n"')) == 2
    item = decode_item(Raw(b'{"type":"AgentMessage","content":[{"text":"cut \\ud83d"}]}'))
    assert item is not None
    assert decode_text(item.content) == "cut ?"
    assert decode_changes(Raw(b'{"a\\ud83d":{"type":"add"},"b":7}')) == [Change("a?", "A"), Change("b", "M")]


@pytest.mark.parametrize("value", [None, 3, {"text": "x"}, [1, None, {"text": 3}, {}]])
def test_what_is_no_text_is_empty(value: object) -> None:
    assert decode_text(raw(value)) == ""
    assert decode_output(raw(value)) == ""


def test_an_output_may_be_wrapped() -> None:
    assert decode_output(raw(json.dumps({"output": "inner", "metadata": {}}))) == "inner"
    for text in ("{", '{"output": 3}', '{"x": "y"}'):
        assert decode_output(raw(text)) == text
    assert decode_output(raw([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}])) == "a\nb"


@pytest.mark.parametrize(
    ("value", "command"),
    [
        ({"cmd": "make it"}, "make it"),
        ({"command": "make it"}, "make it"),
        ({"command": ["bash", "-lc", "make it"]}, "make it"),
        ({"command": ["git", "commit", "-m", "a b"]}, "git commit -m 'a b'"),
        ({"cmd": 7, "command": ["x", 3]}, "x"),
        ({"cmd": {}, "command": None}, ""),
        ({}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_commands(value: object, command: str) -> None:
    assert command_in(raw(json.dumps(value))) == command
    assert command_in(raw(value)) == command


@pytest.mark.parametrize("text", ['{"cmd": "ma', "", "make"])
def test_arguments_that_are_no_json_were_never_run(text: str) -> None:
    assert command_in(raw(text)) == ""


def test_a_command_of_any_shape() -> None:
    assert decode_command(raw("make")) == "make"
    assert decode_command(raw({"x": 1})) == ""


def test_changed_files_end_at_the_first_other_line() -> None:
    assert changes_in("Success. Updated the following files:\nA a\nX b\nM c") == [Change("a", "A")]
    assert changes_in("x Success. Updated the following files:\nA a\n") == []
    assert changes_in("Success. Updated the following files:") == []


HEADERS = st.lists(
    st.sampled_from(["Chunk ID: 1", "Process exited with code 3", "Exit code: 4", "Output:", "\\nOutput:", "\\", "é"])
    | st.text(max_size=4),
    max_size=6,
)


@given(HEADERS, st.integers(0, 1500), st.booleans())
def test_the_short_way_to_the_code_is_the_long_way(parts: list[str], filler: int, wrapped: bool) -> None:
    text = "\n".join([*parts, "x" * filler, "Output:", "Process exited with code 9"])
    given_text = json.dumps({"output": text}) if wrapped else text
    before: list[str] = []
    for part in text.split("\n"):
        if part.startswith("Output:"):
            break
        before.append(part)
    codes = [part for part in before if part.startswith("Process exited with code 3")]
    expected = 4 if text.startswith("Exit code: 4") else 3 if codes else None
    assert decode_exit_code(msgspec.Raw(json.dumps(given_text, ensure_ascii=filler % 2 == 0).encode())) == expected
