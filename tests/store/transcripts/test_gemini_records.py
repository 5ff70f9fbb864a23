"""Lines of a Gemini CLI chat: what fits is kept, whatever the rest is."""

from __future__ import annotations

import json

import pytest
from msgspec import Raw

from store.transcripts.decoding import NOTHING, decode
from store.transcripts.gemini_records import (
    Part,
    Tokens,
    ToolCall,
    decode_list,
    decode_parts,
    decode_record,
    decode_strings,
    exit_code_in,
)


def test_the_four_kinds_of_line() -> None:
    head = decode_record(b'{"sessionId":"s","projectHash":"h","kind":"main","startTime":"2026-11-24T10:00:00Z"}')
    assert head is not None
    assert (head.session_id, head.project_hash, head.kind) == ("s", "h", "main")
    changed = decode_record(b'{"$set":{"summary":"t"}}')
    assert changed is not None
    assert bytes(changed.changes) == b'{"summary":"t"}'
    rewound = decode_record(b'{"$rewindTo":"m"}')
    assert rewound is not None
    assert rewound.rewind_to == "m"
    message = decode_record(b'{"id":"m","type":"gemini","displayContent":[],"toolCalls":[1]}')
    assert message is not None
    assert (message.id, message.type, bytes(message.display_content)) == ("m", "gemini", b"[]")
    assert bytes(message.tool_calls) == b"[1]"


def test_a_misfit_costs_its_field_alone() -> None:
    record = decode_record(b'{"id":"m","type":5,"model":"x","tokens":{"input":"1","output":2},"timestamp":"soon"}')
    assert record is not None
    assert (record.id, record.type, record.model, record.timestamp) == ("m", "", "x", None)
    assert record.tokens == Tokens(output=2)


def test_what_is_no_object_is_no_record() -> None:
    assert [decode_record(line) for line in (b"[]", b"{", b'"\xff"', b'{"a":"\xff"}', b"null")] == [None] * 5


def test_content_has_many_shapes() -> None:
    assert decode_parts(Raw(b'"a"')) == decode_parts(Raw(b'["a"]')) == [Part("a")]
    assert decode_parts(Raw(b'{"text":"a"}')) == decode_parts(Raw(b'[{"text":"a"},5]')) == [Part("a")]
    assert decode_parts(Raw(b"5")) == decode_parts(NOTHING) == []


def test_lists_of_objects_and_of_strings() -> None:
    assert [call.id for call in decode_list(ToolCall, Raw(b'[{"id":"a"},5,{"id":5}]'))] == ["a", None]
    assert [call.id for call in decode_list(ToolCall, Raw(b'{"id":"a"}'))] == ["a"]
    assert decode_list(ToolCall, NOTHING) == []
    assert decode(ToolCall, Raw(b"[]")) == ToolCall()
    assert decode_strings(Raw(b'["a",5]')) == ["a"]
    assert decode_strings(Raw(b'"a"')) == []


@pytest.mark.parametrize("field", ["output", "error"])
def test_the_exit_code_of_a_result(field: str) -> None:
    parts = [{"text": "x"}, {"functionResponse": {"response": {field: "Output: x\nExit Code: 3\n"}}}]
    assert exit_code_in(Raw(json.dumps(parts).encode())) == 3
    assert exit_code_in(Raw(b'[{"functionResponse":{"response":{"output":5}}}]')) is None
