"""A replay changes two fields and nothing else; its verdict is the only proof that it did its job."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keepalive.ping import build_replay, equal_but_for_ping_fields, pingable, verify
from keepalive.prefix import BadRequest, parse_request
from store.models import Usage

# A busy machine is no finding.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

MESSAGES = [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}]

# Half surrogates are legal in JSON text, and agents' tool output holds them.
texts = st.text(st.characters(exclude_categories=[]), max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(
    texts | st.sampled_from(["max_tokens", "stream", "model", "messages"]), json_values, max_size=6
)


@calm
@given(
    body=bodies,
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1, "\t"]),
    packed=st.booleans(),
)
@example(body={"stream": True}, ascii_only=True, indent=None, packed=False)
@example(body={"a": "\ud83d", "max_tokens": 5, "\udc00": 1}, ascii_only=False, indent=1, packed=False)
def test_a_replay_differs_in_max_tokens_and_stream_alone(
    body: dict[str, object], ascii_only: bool, indent: str | int | None, packed: bool
) -> None:
    captured = json.dumps(body, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    headers = [(b"content-encoding", b"gzip")] if packed else []
    sent = build_replay(gzip.compress(captured, 0) if packed else captured, headers, "/v1/messages").body
    expected = {key: value for key, value in body.items() if key != "stream"} | {"max_tokens": 0}
    assert json.loads(sent) == expected
    assert [key for key in json.loads(sent) if key != "max_tokens"] == [
        key for key in body if key not in ("max_tokens", "stream")
    ]
    assert equal_but_for_ping_fields(captured, sent)


@calm
@given(body=bodies, key=texts.filter(lambda key: key not in ("max_tokens", "stream")), value=json_values)
def test_any_other_change_is_seen(body: dict[str, object], key: str, value: object) -> None:
    captured = json.dumps(body).encode()
    changed = {**body, "max_tokens": 0, key: value}
    changed.pop("stream", None)
    same = key in body and json.dumps(body[key]) == json.dumps(value)
    assert equal_but_for_ping_fields(captured, json.dumps(changed).encode()) == same


def test_members_are_copied_byte_for_byte() -> None:
    captured = (
        b'{ "n" : 1.10,"big":12345678901234567890123, "s":"\\u0041\\/",\n"max_tokens":9,"stream" : true, "e":1E5 }'
    )
    replay = build_replay(captured, [], "/v1/messages?beta=true")
    assert replay.body == b'{"n" : 1.10,"big":12345678901234567890123,"s":"\\u0041\\/","max_tokens":0,"e":1E5}'
    assert replay.target == "/v1/messages?beta=true"
    assert build_replay(b" {} ", [], "/").body == b'{"max_tokens":0}'
    assert build_replay(b'{"max\\u005ftokens":7,"max_tokens":8}', [], "/").body == b'{"max_tokens":0,"max_tokens":0}'


@pytest.mark.parametrize(
    "sent",
    [
        b'{"a":1}',
        b'{"a":1,"max_tokens":1}',
        b'{"a":1,"max_tokens":false}',
        b'{"a":1,"max_tokens":0,"stream":false}',
        b'{"a":1.0,"max_tokens":0}',
        b'{"a":true,"max_tokens":0}',
        b"[]",
        b"no json",
        b"[" * 100_000,
    ],
)
def test_what_is_no_ping_of_the_captured_body(sent: bytes) -> None:
    captured = b'{"a":1,"max_tokens":5}'
    assert equal_but_for_ping_fields(captured, b'{"a": 1, "max_tokens": 0}')
    assert not equal_but_for_ping_fields(captured, sent)
    assert not equal_but_for_ping_fields(b'{"b":1,"a":1}', b'{"a":1,"b":1,"max_tokens":0}')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"secret",
        b'["secret"]',
        b'{"secret"}',
        b'{"secret":1,}',
        b'{"secret":1',
        b'{"secret":1 "b":2}',
        b'{1:"secret"}',
        b'{"a":1}secret',
        b'{"secret":"\xff"}',
        b'{"secret":' + b"[" * 100_000,
        gzip.compress(b'{"secret":1}', mtime=0),  # test ids must not change from run to run
    ],
)
def test_what_is_no_request_makes_no_replay(body: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        build_replay(body, [], "/v1/messages")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("headers", [[(b"content-encoding", b"gzip")], [(b"content-encoding", b"br")]])
def test_what_cannot_be_unpacked_makes_no_replay(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadRequest):
        build_replay(gzip.compress(b'{"a":1}')[:-1], headers, "/v1/messages")


def test_headers_are_kept_but_for_hops_length_and_encoding() -> None:
    kept = [
        (b"X-Api-Key", b"sk-ant-test-0001"),
        (b"anthropic-beta", b"a"),
        (b"Anthropic-Beta", b"b"),
        (b"x-app", b"cli"),
    ]
    dropped = [
        (b"Host", b"127.0.0.1:1"),
        (b"Connection", b"Keep-Alive, X-Hop"),
        (b"x-hop", b"1"),
        (b"Keep-Alive", b"5"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Content-Length", b"2"),
        (b"Content-Encoding", b"identity"),
        (b"Accept-Encoding", b"br"),
        (b"Expect", b"100-continue"),
        (b"Proxy-Authorization", b"Basic x"),
    ]
    mixed = [kept[0], *dropped[:5], kept[1], kept[2], *dropped[5:], kept[3]]
    replay = build_replay(b"{}", mixed, "/")
    assert list(replay.headers) == kept
    assert "sk-ant" not in repr(replay)


names = st.sampled_from([b"x-api-key", b"X-Api-Key", b"Accept", b"connection", b"HOST", b"TE", b"content-length"])


@calm
@given(headers=st.lists(st.tuples(names, st.sampled_from([b"", b"accept", b"close", b"a, TE"]))))
def test_kept_headers_are_a_part_of_the_captured_ones_in_order(headers: list[tuple[bytes, bytes]]) -> None:
    named = [value for name, value in headers if name == b"connection"]
    kept = build_replay(b"{}", headers, "/").headers
    wanted = {b"x-api-key"} | (set() if b"accept" in named else {b"accept"})
    assert list(kept) == [header for header in headers if header[0].lower() in wanted]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"tool_choice": {"type": "auto"}}, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "format"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tool_choice": {"type": "tool", "name": "x"}}, "tool_choice"),
        ({"messages": [{"role": "user", "content": "x"}]}, "no_marks"),
        ({"messages": [], "cache_control": {"type": "ephemeral", "ttl": "7d"}}, "ttl_unknown"),
        ({"max_tokens": 1}, "side"),
    ],
)
def test_why_a_request_cannot_be_replayed(changes: dict[str, object], reason: str | None) -> None:
    body = {"model": "m", "max_tokens": 9, "messages": MESSAGES, **changes}
    assert pingable(parse_request(json.dumps(body).encode(), [])) == reason


@pytest.mark.parametrize(
    ("read", "written", "hit"),
    [(1000, 0, True), (950, 100, True), (949, 0, False), (950, 101, False), (0, 1000, False), (1200, 0, True)],
)
def test_the_verdict(read: int, written: int, hit: bool) -> None:
    verdict = verify(1000, Usage(cache_read=read, cache_write_5m=written // 2, cache_write_1h=written - written // 2))
    assert verdict.hit is hit
    assert verdict.read_percent == pytest.approx(read / 10)
    assert verdict.written_percent == pytest.approx(written / 10)


def test_an_unknown_prefix_is_never_hit() -> None:
    assert not verify(0, Usage(cache_read=5000)).hit
