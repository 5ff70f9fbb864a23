"""The wire shapes of the stand-in: ids, event order, usage, errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.standin_cache import Claim
from keepalive.standin_wire import Answer, Reply, ToolCall, error_json, sse, usage_json

CLAIM = Claim(started_at=0.0, input=3, read=100, write_5m=7, write_1h=11, writes=())


def test_usage_adds_up_both_classes() -> None:
    assert usage_json(CLAIM, 5) == {
        "input_tokens": 3,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 18,
        "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 11},
        "output_tokens": 5,
        "service_tier": "standard",
    }


def test_an_empty_reply_has_no_content_and_no_output() -> None:
    answer = Answer("m", Reply(stop_reason="max_tokens"), CLAIM)
    message = answer.message()
    assert (message["content"], message["stop_reason"], answer.output_tokens) == ([], "max_tokens", 0)
    assert [event["type"] for event in answer.events()] == [
        "message_start",
        "ping",
        "message_delta",
        "message_stop",
    ]


def test_tool_ids_are_stable_within_a_message_and_unique_over_messages() -> None:
    reply = Reply(tools=(ToolCall("A", {}), ToolCall("B", {})))
    first, second = Answer("m", reply, CLAIM), Answer("m", reply, CLAIM)
    assert first.message() == first.message()
    ids = [block["id"] for made in (first, second) for block in json.loads(json.dumps(made.message()))["content"]]
    assert len(set(ids)) == 4


@given(thinking=st.text(max_size=80), text=st.text(max_size=80), command=st.text(max_size=80))
def test_the_events_carry_exactly_the_message(thinking: str, text: str, command: str) -> None:
    reply = Reply(text=text, thinking=thinking, tools=(ToolCall("Bash", {"command": command}),))
    answer = Answer("m", reply, CLAIM)
    joined = {"text_delta": "", "thinking_delta": "", "input_json_delta": ""}
    for event in answer.events():
        frame = sse(event).decode()
        assert frame.endswith("\n\n")
        assert frame.count("\n") == 3
        delta = json.loads(frame.split("data: ", 1)[1]).get("delta", {})
        if (kind := delta.get("type")) in joined:
            joined[kind] += delta[{"input_json_delta": "partial_json"}.get(kind, kind.removesuffix("_delta"))]
    assert (joined["text_delta"], joined["thinking_delta"]) == (text, thinking)
    assert json.loads(joined["input_json_delta"]) == {"command": command}


@pytest.mark.parametrize(("status", "kind"), [(401, "authentication_error"), (500, "api_error")])
def test_the_type_of_an_error_follows_from_its_status(status: int, kind: str) -> None:
    assert error_json(status, "No.", "req_1") == {
        "type": "error",
        "error": {"type": kind, "message": "No."},
        "request_id": "req_1",
    }
    assert error_json(status, "No.", "req_1", "other_error")["error"] == {"type": "other_error", "message": "No."}
