"""Requests as clients send them: whose they are, what they promise, and when one grew out of another."""

from __future__ import annotations

import copy
import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepalive.prefix import MOVING_TAIL, BadRequest, PrefixChange, RequestFacts, compare, parse_request

# A busy machine is no finding.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SESSION = b"11111111-2222-3333-4444-555555555555"
MARK: dict[str, object] = {"type": "ephemeral"}
HOUR: dict[str, object] = {"type": "ephemeral", "ttl": "1h"}


def text(value: str, mark: dict[str, object] | None = None) -> dict[str, object]:
    return {"type": "text", "text": value} | ({"cache_control": mark} if mark else {})


def tool(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "input_schema": {"type": "object"}, **more}


def user(*content: Mapping[str, object]) -> dict[str, object]:
    return {"role": "user", "content": list(content)}


def request(**changes: object) -> dict[str, Any]:
    """A main call: two tools, billing block plus two system blocks, three messages, three marks."""
    base: dict[str, object] = {
        "model": "claude-opus-5-5",
        "max_tokens": 128000,
        "stream": True,
        "thinking": {"type": "adaptive", "display": "updates"},
        "tools": [tool("Read"), tool("Bash")],
        "system": [text("x-anthropic-billing-header: cc=1"), text("You are", MARK), text("Rules", MARK)],
        "messages": [
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": [text("answer")]},
            user(text("second", MARK)),
        ],
        "output_config": {"effort": "high"},
    }
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


def facts(body: dict[str, Any] | None = None, *headers: tuple[bytes, bytes], **changes: object) -> RequestFacts:
    return parse_request(json.dumps(body or request(**changes)).encode(), headers)


def test_a_main_call() -> None:
    read = facts(None, (b"X-Claude-Code-Session-Id", SESSION), (b"x-api-key", b"sk-ant-test-0001"))
    assert (read.model, read.stream, read.max_tokens) == ("claude-opus-5-5", True, 128000)
    assert (read.session_id, read.agent_id, read.kind, read.login) == (SESSION.decode(), "", "main", "api_key")
    assert (read.marks, read.ttl_class) == (("5m", "5m", "5m"), "5m")
    assert (read.thinking, read.effort, read.speed) == ("adaptive", "high", None)
    assert (read.has_format, read.tool_choice_forced, read.has_image, read.tool_count) == (False, False, False, 2)
    assert (read.n_tools, read.n_system, read.n_messages, len(read.blocks)) == (2, 2, 3, 7)
    assert {len(block) for block in read.blocks} == {16}


def test_a_subagent_call() -> None:
    read = facts(None, (b"x-claude-code-agent-id", b"agent-7"))
    assert (read.kind, read.agent_id) == ("subagent", "agent-7")


@pytest.mark.parametrize(
    "changes",
    [
        {"output_config": {"format": {"type": "json_schema"}}},
        {"max_tokens": 1},
        {"max_tokens": 0},
        {"system": "no marks", "messages": [{"role": "user", "content": "x"}]},
        {"tools": None, "thinking": {"type": "enabled", "budget_tokens": 1024}, "messages": [user(text("t", MARK))]},
    ],
)
def test_calls_beside_the_conversation(changes: dict[str, object]) -> None:
    assert facts(None, (b"x-claude-code-agent-id", b"agent-7"), **changes).kind == "side"


@pytest.mark.parametrize(
    ("headers", "user_id", "expected"),
    [
        ([(b"X-Claude-Code-Session-Id", b"own"), (b"x-session-id", b"other")], '{"session_id": "meta"}', "own"),
        ([(b"x-session-id", b"other")], '{"device_id": "d", "session_id": "meta"}', "meta"),
        ([], f"user_ab12_account__session_{SESSION.decode()}", SESSION.decode()),
        ([(b"X-Session-Id", b"ses_1")], "someone", "ses_1"),
        ([(b"x-claude-code-session-id", b"bad\x1b[0m")], '{"session_id": 5}', None),
        ([], '{"session_id": "half \\ud800"}', None),
        ([], 7, None),
    ],
)
def test_the_session_id(headers: list[tuple[bytes, bytes]], user_id: object, expected: str | None) -> None:
    assert facts(None, *headers, metadata={"user_id": user_id}).session_id == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"Authorization", b"Bearer t"), (b"anthropic-beta", b"claude-code,oauth-2025-04-20")], "subscription"),
        ([(b"Authorization", b"bearer t"), (b"a", b""), (b"Anthropic-Beta", b"OAuth-2025")], "subscription"),
        ([(b"Authorization", b"Bearer sk-ant-test-0001"), (b"anthropic-beta", b"claude-code")], "api_key"),
        ([(b"x-api-key", b"sk-ant-test-0001"), (b"anthropic-beta", b"oauth-2025-04-20")], "api_key"),
    ],
)
def test_the_login(headers: list[tuple[bytes, bytes]], expected: str) -> None:
    assert facts(None, *headers).login == expected


def test_marks_come_in_prompt_order_and_the_last_one_counts() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [text("inner", HOUR)], "cache_control": MARK}
    schema = {"properties": {"cache_control": {"type": "ephemeral"}}}
    read = facts(
        tools=[tool("A", cache_control=HOUR), tool("B", input_schema=schema)],
        system=[text("s", HOUR)],
        messages=[user(result)],
    )
    assert (read.marks, read.ttl_class) == (("1h", "1h", "1h", "5m"), "5m")
    automatic = facts(cache_control=HOUR, system="s", messages=[user(text("x"))])
    assert (automatic.marks, automatic.ttl_class, automatic.kind) == (("1h",), "1h", "main")
    unknown = facts(system=None, messages=[user(text("x", {"type": "ephemeral", "ttl": "12h"}))])
    assert (unknown.marks, unknown.ttl_class, unknown.kind) == ((None,), None, "main")


def test_settings_that_a_ping_has_to_know() -> None:
    image = {"type": "tool_result", "content": [{"type": "image", "source": {}}]}
    read = facts(
        thinking={"type": "enabled", "budget_tokens": 4096},
        tool_choice={"type": "any"},
        speed="fast",
        messages=[user(image, text("x", MARK))],
    )
    assert (read.thinking, read.tool_choice_forced, read.has_image, read.speed) == ("enabled", True, True, "fast")
    assert facts(output_format={"type": "json_schema"}).has_format


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_compressed_bodies_read_the_same(coding: bytes) -> None:
    plain = json.dumps(request()).encode()
    packed = gzip.compress(plain) if coding == b"gzip" else zlib.compress(plain)
    headers = [(b"Content-Encoding", coding)]
    assert parse_request(packed, headers) == parse_request(plain, [])
    with pytest.raises(BadRequest):
        parse_request(packed[:-1], headers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", []),
        (b"secret", []),
        (b'["secret"]', []),
        (b'{"a": "secret"', []),
        (b'{"a": "secret \xff"}', []),
        (b'{"secret":' + b"[" * 100_000, []),
        (b'{"a": "secret"}', [(b"content-encoding", b"br")]),
    ],
)
def test_what_is_no_request_is_refused_without_quoting_it(body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_request(body, headers)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_facts_do_not_show_what_they_were_read_from() -> None:
    assert "second" not in repr(facts())


def test_marks_and_the_billing_block_are_no_part_of_the_prefix() -> None:
    moved = request(system=[text("You are"), text("Rules", HOUR)])
    moved["messages"][2]["content"] = "second"
    assert facts(moved).blocks == facts().blocks
    inside = {"type": "tool_result", "tool_use_id": "t", "content": "same"}
    listed = {"type": "tool_result", "tool_use_id": "t", "content": [text("same", MARK)], "cache_control": MARK}
    assert facts(messages=[user(inside)]).blocks == facts(messages=[user(listed)]).blocks
    assert facts(system=[text("Rules"), text("x-anthropic-billing-header: a")]).n_system == 2


def test_a_field_named_like_a_mark_is_content() -> None:
    one = {"type": "tool_use", "id": "t", "name": "N", "input": {"cache_control": 1}}
    two = {"type": "tool_use", "id": "t", "name": "N", "input": {"cache_control": 2}}
    assert facts(messages=[user(one)]).blocks != facts(messages=[user(two)]).blocks


def test_key_order_counts_where_the_provider_may_see_it() -> None:
    one = {"type": "tool_use", "input": {"a": 1, "b": 2}}
    two = {"type": "tool_use", "input": {"b": 2, "a": 1}}
    assert facts(messages=[user(one)]).blocks != facts(messages=[user(two)]).blocks
    swapped = {"text": "same", "type": "text"}
    assert facts(messages=[user(text("same"))]).blocks == facts(messages=[user(swapped)]).blocks


def test_half_surrogates_have_a_fingerprint() -> None:
    assert facts(messages=[user(text("\ud83d"))]).blocks != facts(messages=[user(text("\ud83e"))]).blocks


def chat(*texts: str) -> RequestFacts:
    return facts(messages=[user(text(value)) for value in texts])


def test_the_next_prompt_continues() -> None:
    assert compare(chat("a", "b"), chat("a", "b", "c")) == PrefixChange(True, "", None)
    assert compare(chat("a", "b"), chat("a", "b")) == PrefixChange(True, "", None)


def test_a_rewritten_tail_continues_and_says_where_it_differs() -> None:
    assert compare(chat("a", "b", "reminder"), chat("a", "b", "c", "d")) == PrefixChange(True, "", 6)
    assert compare(chat("a", "1", "2", "3"), chat("a", "x", "y", "z", "c")).continues
    assert not compare(chat("a", "1", "2", "3", "4"), chat("a", "w", "x", "y", "z", "c")).continues


def test_a_rewind_continues() -> None:
    long = [str(n) for n in range(40)]
    assert compare(chat(*long), chat(*long[:6])).continues
    assert compare(chat(*long), chat(*long[:6], "another prompt")).continues
    assert compare(chat(*long), chat(*long[:1])).continues


def test_a_compaction_does_not() -> None:
    long = [str(n) for n in range(40)]
    assert compare(chat(*long), chat("summary", "go on")) == PrefixChange(False, "shrunk", 4)
    assert compare(chat(*long), chat("0", "summary")) == PrefixChange(False, "shrunk", 5)
    assert compare(chat(*long), chat(*long[:10], *(f"new {n}" for n in range(5)))).cause == "shrunk"
    assert compare(chat("a", "b"), facts(messages=[])).cause == "shrunk"


def test_a_rewritten_history_names_the_messages() -> None:
    long = [str(n) for n in range(40)]
    assert compare(chat(*long), chat(*long[:20], "edited", *long[21:])) == PrefixChange(False, "messages", 24)
    assert compare(chat("a"), chat("b")) == PrefixChange(False, "messages", 4)


def test_the_first_part_that_changed_is_the_cause() -> None:
    base = facts()
    assert compare(base, facts(model="claude-haiku-5-5", tools=[])).cause == "model"
    changed = [tool("Read"), tool("Bash", description="new")]
    assert compare(base, facts(tools=changed, system="other")) == PrefixChange(False, "tools", 1)
    assert compare(base, facts(tools=[tool("Read")])) == PrefixChange(False, "tools", 1)
    assert compare(base, facts(system=[text("You are")])) == PrefixChange(False, "system", 3)


def test_deferred_tools_are_outside_the_prefix() -> None:
    more = facts(tools=[tool("Read"), tool("Bash"), tool("Later", defer_loading=True)])
    assert (more.tool_count, more.n_tools) == (3, 2)
    assert compare(facts(), more).continues


def test_changed_settings_are_named_and_defaults_are_no_change() -> None:
    changed = facts(thinking={"type": "enabled", "budget_tokens": 9}, tool_choice={"type": "none"}, speed="fast")
    assert compare(facts(), changed) == PrefixChange(True, "", None, ("thinking", "tool_choice", "speed"))
    assert compare(facts(), facts(speed="standard", tool_choice={"type": "auto"})).settings == ()


messages = st.lists(
    st.sampled_from(["user", "assistant", "system"]).flatmap(
        lambda role: st.text(max_size=4).map(lambda value: {"role": role, "content": value})
    ),
    max_size=8,
)


@calm
@given(old=messages.filter(bool), added=messages, mark=st.booleans())
def test_appending_messages_always_continues(old: list[Any], added: list[Any], mark: bool) -> None:
    later = copy.deepcopy(old)
    if mark:  # the mark moves, and strings become blocks for it
        later[-1]["content"] = [text(later[-1]["content"], MARK)]
    assert compare(facts(messages=old), facts(messages=later + added)) == PrefixChange(True, "", None)


@calm
@given(old=messages, new=messages, position=st.integers(0, 1), name=st.text(min_size=1, max_size=3))
def test_another_tool_never_continues(old: list[Any], new: list[Any], position: int, name: str) -> None:
    tools = [tool("Read"), tool("Bash")]
    tools[position] = tool(f"other {name}")
    change = compare(facts(messages=old), facts(messages=new, tools=tools))
    assert (change.continues, change.cause, change.first_differing_position) == (False, "tools", position)


@calm
@given(old=messages, kept=st.integers(0, 8), added=messages)
def test_what_continues_shares_a_beginning(old: list[Any], kept: int, added: list[Any]) -> None:
    new = old[:kept] + added
    change = compare(facts(messages=old), facts(messages=new))
    common = 0
    while common < min(len(old), len(new)) and old[common] == new[common]:
        common += 1
    if change.continues:
        assert common >= 1
        assert common >= len(old) - MOVING_TAIL or len(new) <= len(old)
    assert change.continues == (change.cause == "")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(
    st.sampled_from(
        ["model", "tools", "system", "messages", "thinking", "tool_choice", "metadata", "max_tokens", "output_config"]
    ),
    json_values | st.lists(st.fixed_dictionaries({"role": json_values, "content": json_values})),
)


@calm
@given(old=bodies, new=bodies)
def test_any_object_is_read_and_compared(old: dict[str, object], new: dict[str, object]) -> None:
    before, after = (parse_request(json.dumps(body).encode(), []) for body in (old, new))
    assert len(before.blocks) == before.n_tools + before.n_system + before.n_messages
    assert compare(before, after).continues == (compare(before, after).cause == "")
