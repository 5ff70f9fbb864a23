"""Responses as the provider sends them, and as they look when something cut them off."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from keepalive.usage import Bucket, RateLimits, header_value, parse_response, sse_events
from store.models import Usage

# A busy machine is no finding.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

STREAM_TYPE = (b"Content-Type", b"text/event-stream; charset=utf-8")
JSON_TYPE = (b"content-type", b"application/json")


def event(kind: str, **fields: object) -> bytes:
    data = json.dumps({"type": kind, **fields})
    return f"event: {kind}\ndata: {data}\n\n".encode()


STREAM = b"".join(
    [
        event(
            "message_start",
            message={
                "id": "msg_1",
                "model": "claude-opus-5-5",
                "stop_reason": None,
                "usage": {
                    "input_tokens": 3,
                    "cache_read_input_tokens": 900,
                    "cache_creation_input_tokens": 70,
                    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 50},
                    "output_tokens": 1,
                },
            },
        ),
        event("ping"),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": 'message_stop "x" \ud83d'}),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 42, "input_tokens": None}),
        event("message_stop"),
    ]
)


def test_a_stream_gives_the_last_value_of_each_counter() -> None:
    facts = parse_response(200, [STREAM_TYPE], STREAM)
    assert facts.usage == Usage(input=3, output=42, cache_read=900, cache_write_5m=20, cache_write_1h=50)
    assert (facts.message_id, facts.model, facts.stop_reason) == ("msg_1", "claude-opus-5-5", "end_turn")
    assert (facts.complete, facts.error_type, facts.replay_prefix) == (True, None, 970)


@calm
@given(cut=st.integers(0, len(STREAM) - 1), crlf=st.booleans(), packed=st.booleans(), typed=st.booleans())
def test_a_cut_stream_never_raises_and_is_never_complete(cut: int, crlf: bool, packed: bool, typed: bool) -> None:
    whole = STREAM.replace(b"\n", b"\r\n") if crlf else STREAM
    headers = [STREAM_TYPE] if typed else []
    if packed:
        whole = gzip.compress(whole)
        headers.append((b"content-encoding", b"gzip"))
    assert parse_response(200, headers, whole).complete
    assert not parse_response(200, headers, whole[: cut * len(whole) // len(STREAM)]).complete


def test_the_last_bytes_of_a_stream_count() -> None:
    for whole in (STREAM, STREAM.replace(b"\n", b"\r\n")):
        for missing in range(1, 5):
            assert not parse_response(200, [STREAM_TYPE], whole[:-missing]).complete


def test_what_came_before_the_cut_is_kept() -> None:
    facts = parse_response(200, [STREAM_TYPE], STREAM[: STREAM.index(b"event: message_delta")])
    assert (facts.message_id, facts.stop_reason, facts.complete) == ("msg_1", None, False)
    assert facts.usage is not None
    assert (facts.usage.cache_read, facts.usage.output) == (900, 1)


@calm
@given(body=st.binary(max_size=200), status=st.integers(100, 599), coding=st.sampled_from([b"gzip", b"deflate", b"br"]))
def test_any_bytes_are_read_without_an_error(body: bytes, status: int, coding: bytes) -> None:
    for headers in ([STREAM_TYPE], [JSON_TYPE], [], [(b"content-encoding", coding)]):
        assert parse_response(status, headers, body).status == status


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@calm
@given(
    fields=st.dictionaries(st.sampled_from(["usage", "message", "delta", "error", "id", "model"]), json_values),
    usage=st.dictionaries(st.sampled_from(["input_tokens", "cache_creation", "iterations"]), json_values),
    kind=st.sampled_from(["message_start", "message_delta", "error", "message_stop"]),
)
def test_any_json_is_read_without_an_error(fields: dict[str, object], usage: dict[str, object], kind: str) -> None:
    for value in ({**fields, "usage": usage}, {**fields, "message": {"usage": usage}}):
        facts = parse_response(200, [STREAM_TYPE], event(kind, **value))
        assert facts.usage is None or min(asdict(facts.usage).values()) >= 0


def test_the_splitter_takes_what_the_format_allows() -> None:
    text = (
        b': a comment\r\nevent: x\r\nid: 1\r\nretry: 5\r\ndata: {"a":\r\ndata:1}\r\n\r\n'
        b'unknown: 1\n\ndata\n\ndata: [DONE]\n\ndata: [1]\n\ndata: {"b": "\r"}\n\ndata: {"c":2}\n\ndata: {"d":3}\n'
    )
    assert list(sse_events(text)) == [{"a": 1}, {"c": 2}]


def test_json_answers() -> None:
    body = {"id": "msg_2", "model": "m", "type": "message", "stop_reason": "max_tokens", "usage": {"input_tokens": 5}}
    facts = parse_response(200, [JSON_TYPE], json.dumps(body).encode())
    assert (facts.message_id, facts.stop_reason, facts.complete) == ("msg_2", "max_tokens", True)
    assert facts.usage == Usage(input=5)
    assert not parse_response(200, [JSON_TYPE], json.dumps(body).encode()[:-1]).complete
    assert parse_response(200, [], json.dumps(body).encode()).message_id == "msg_2"


def test_errors_tell_their_word_only() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "quoted prompt"}}
    plain = parse_response(529, [JSON_TYPE], json.dumps(error).encode())
    streamed = parse_response(200, [STREAM_TYPE], STREAM[:200] + b"\n\n" + event("error", error=error["error"]))
    assert (plain.error_type, plain.usage, plain.complete) == ("overloaded_error", None, True)
    assert (streamed.error_type, streamed.complete) == ("overloaded_error", False)
    assert "quoted" not in repr(plain) + repr(streamed)
    odd = {"type": "error", "error": {"type": "bad\x1b[31m"}}
    assert parse_response(500, [JSON_TYPE], json.dumps(odd).encode()).error_type is None


def usage_of(**raw: object) -> Usage | None:
    return parse_response(200, [JSON_TYPE], json.dumps({"usage": raw}).encode()).usage


def test_writes_without_a_split_go_to_the_class_we_are_told() -> None:
    raw = json.dumps({"usage": {"cache_creation_input_tokens": 30}}).encode()
    assert parse_response(200, [JSON_TYPE], raw).usage == Usage(cache_write_5m=30)
    assert parse_response(200, [JSON_TYPE], raw, unsplit="1h").usage == Usage(cache_write_1h=30)


def test_a_total_that_outgrew_its_split_keeps_both() -> None:
    split = {"ephemeral_1h_input_tokens": 50}
    assert usage_of(cache_creation_input_tokens=80, cache_creation=split) == Usage(cache_write_5m=30, cache_write_1h=50)
    assert usage_of(cache_creation=split) == Usage(cache_write_1h=50)


def test_iterations_are_summed_and_the_first_message_is_what_a_replay_reads() -> None:
    iterations = [
        {"type": "compaction", "input_tokens": 1000, "output_tokens": 10},
        {"type": "message", "input_tokens": 2, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 40},
        {"type": "message", "input_tokens": 3, "cache_read_input_tokens": 340, "output_tokens": 5},
    ]
    body = json.dumps({"usage": {"input_tokens": 5, "iterations": iterations}}).encode()
    facts = parse_response(200, [JSON_TYPE], body)
    assert facts.usage == Usage(input=1005, output=15, cache_read=640, cache_write_5m=40)
    assert facts.replay_prefix == 340


@pytest.mark.parametrize("value", [True, -4, 1.5, "12", None, [], {}])
def test_a_counter_that_is_no_count_is_zero(value: object) -> None:
    assert usage_of(input_tokens=value, output_tokens=1) == Usage(output=1)


def test_rate_limits() -> None:
    facts = parse_response(
        429,
        [
            (b"Anthropic-Ratelimit-Requests-Limit", b"50"),
            (b"anthropic-ratelimit-requests-remaining", b"40"),
            (b"anthropic-ratelimit-requests-reset", b"2026-11-01T00:00:10Z"),
            (b"anthropic-ratelimit-tokens-limit", b"1000"),
            (b"anthropic-ratelimit-tokens-remaining", b"100"),
            (b"anthropic-ratelimit-input-tokens-reset", b"2026-11-01T01:00:10+01:00"),
            (b"retry-after", b"12.5"),
        ],
        b"",
    )
    assert facts.limits == RateLimits(
        requests=Bucket(50, 40, 1793491210.0),
        tokens=Bucket(1000, 100, None),
        input_tokens=Bucket(None, None, 1793491210.0),
        retry_after=12.5,
    )
    assert facts.limits.near_limit == pytest.approx(0.9)


def test_unreadable_limits_count_as_absent() -> None:
    headers = [
        (b"anthropic-ratelimit-requests-limit", b"many"),
        (b"anthropic-ratelimit-requests-remaining", b"-1"),
        (b"anthropic-ratelimit-requests-reset", b"soon"),
        (b"retry-after", b"Wed, 21 Oct 2026 07:28:00 GMT"),
    ]
    assert parse_response(429, headers, b"").limits == RateLimits()
    for value in (b"nan", b"inf", b"-3"):
        assert parse_response(429, [(b"retry-after", value)], b"").limits.retry_after is None


@calm
@given(limit=st.integers(-5, 10**9), remaining=st.integers(-5, 10**10))
def test_a_share_stays_between_none_and_all(limit: int, remaining: int) -> None:
    assert 0 <= Bucket(limit, remaining, None).used <= 1
    assert Bucket(limit, None, None).used == 0


def test_header_values_are_found_in_any_case_and_joined() -> None:
    headers = [(b"Anthropic-Beta", b"a"), (b"x", b" y "), (b"anthropic-beta", b"b")]
    assert header_value(headers, b"anthropic-beta") == "a, b"
    assert header_value(headers, b"x") == "y"
    assert header_value(headers, b"z") is None
