"""Lines become records: quickly when they fit, as far as possible when they do not."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from store.transcripts.records import Block, ToolInput, decode_content, decode_record, decode_tool_result


def test_a_line_that_fits() -> None:
    record = decode_record(b'{"type":"user","isMeta":true,"message":{"content":"x"},"unknown":[1,{"a":2}]}')
    assert record is not None
    assert (record.type, record.is_meta) == ("user", True)
    assert record.message is not None
    assert decode_content(record.message.content) == "x"


@pytest.mark.parametrize(
    "line", [b"", b"{", b"null", b"[]", b'{"a":1} {}', b'{"type":"\xc3"}', b'{"a":' + b"[" * 99_999]
)
def test_no_json_object_is_no_record(line: bytes) -> None:
    assert decode_record(line) is None


def test_fields_of_another_type_are_dropped_and_the_others_kept() -> None:
    line = {
        "type": "assistant",
        "version": 2,
        "timestamp": {"at": 1},
        "origin": "human",
        "isSidechain": "yes",
        "message": {"id": "m", "usage": {"input_tokens": "3", "output_tokens": 4}, "content": [1]},
        "toolUseResult": {"filePath": "/a"},
    }
    record = decode_record(json.dumps(line).encode())
    assert record is not None
    assert (record.type, record.version, record.timestamp, record.origin, record.is_sidechain) == (
        "assistant",
        None,
        None,
        None,
        None,
    )
    assert record.message is not None
    assert record.message.id == "m"
    assert record.message.usage is not None
    assert (record.message.usage.input_tokens, record.message.usage.output_tokens) == (None, 4)
    result = decode_tool_result(record.tool_use_result)
    assert result is not None
    assert result.file_path == "/a"


def test_a_time_without_a_zone_is_not_guessed() -> None:
    record = decode_record(b'{"timestamp":"2026-11-24T10:00:00"}')
    assert record is not None
    assert record.timestamp is None


def test_numbers_outside_json_do_not_lose_a_line() -> None:
    record = decode_record(b'{"type":"user","x":NaN,"message":{"content":[{"type":"text","text":"a","y":NaN}]}}')
    assert record is not None
    assert record.message is not None
    assert decode_content(record.message.content) == [Block(type="text", text="a")]


def test_blocks_that_do_not_fit_are_kept_as_far_as_they_go() -> None:
    content = [7, {"type": "tool_use", "id": 1, "input": {"command": "x"}}, {"type": "text", "text": None}]
    assert decode_content(Raw(json.dumps(content).encode())) == [
        Block(type="tool_use", input=ToolInput("x")),
        Block(type="text"),
    ]


@pytest.mark.parametrize("raw", [b"null", b"7", b'{"type":"text"}', b"[7]", b"true"])
def test_content_of_another_shape_is_empty(raw: bytes) -> None:
    assert decode_content(Raw(raw)) == []


def test_lone_surrogates_are_replaced() -> None:
    text = decode_content(Raw(b'"a\\udc00b"'))
    assert text == "a?b"


@pytest.mark.parametrize("raw", [b"null", b'"Error"', b"[]"])
def test_a_tool_result_that_is_no_object(raw: bytes) -> None:
    assert decode_tool_result(Raw(raw)) is None
