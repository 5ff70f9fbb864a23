"""Outlines of requests: places, names, sizes and digests, and never what they were made of."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.breaks import explain
from keepalive.shape import UNSET, outline
from tests.keepalive.shapes import MARK, conversation, marked, shape, text, tool


def test_blocks_are_the_positions_of_the_prefix_in_its_order() -> None:
    messages = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": [text("I run it"), {"type": "tool_use", "id": "t", "name": "Bash"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "out"}]},
        {"role": "system", "content": []},
    ]
    found = shape(tools=[tool("Read"), tool("Later", defer_loading=True)], messages=messages)
    assert [(block.part, block.place, block.name) for block in found.blocks] == [
        ("tools", 0, "Read"),
        ("system", 0, "0"),
        ("system", 1, "1"),
        ("messages", 0, "user text"),
        ("messages", 1, "assistant text"),
        ("messages", 1, "assistant tool_use"),
        ("messages", 2, "user tool_result"),
    ]
    assert len(found.messages) == 4
    assert [block.name for block in found.message(1)] == ["assistant text", "assistant tool_use"]
    assert found.message(3) == []


def test_marks_are_positions_and_no_part_of_a_digest() -> None:
    found = shape()
    assert found.marks == [3, 4, len(found.blocks) - 1]
    moved = shape(messages=conversation(), cache_control=MARK)
    assert moved.marks == found.marks, "one at the top level stands on the last block"
    assert [block.digest for block in moved.blocks] == [block.digest for block in found.blocks]
    inner = {"type": "tool_result", "content": [text("out", True)]}
    assert shape(messages=[{"role": "user", "content": [inner]}]).marks[-1] == 5


def test_a_tool_has_a_digest_for_each_of_its_fields() -> None:
    (old, *_), (new, *_) = shape().blocks, shape(tools=[tool("Read", description="Another")]).blocks
    assert [name for name, _ in old.fields] == ["name", "description", "input_schema"]
    assert [name for (name, one), (_, other) in zip(old.fields, new.fields, strict=True) if one != other] == [
        "description"
    ]
    assert old.size == len('{"name":"Read","description":"Read does it","input_schema":{"type":"object"}}')


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({}, "thinking", "adaptive"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "thinking", "enabled 4096"),
        ({"thinking": {"type": "disabled"}}, "thinking", UNSET),
        ({"thinking": None}, "thinking", UNSET),
        ({"tool_choice": {"type": "auto"}}, "tool_choice", UNSET),
        ({"tool_choice": {"type": "tool", "name": "Read"}}, "tool_choice", "tool Read"),
        ({"tool_choice": {"type": "any", "disable_parallel_tool_use": True}}, "tool_choice", "any one at a time"),
        ({"output_config": {"effort": "high"}}, "effort", UNSET),
        ({"output_config": None}, "effort", UNSET),
        ({"output_config": {"effort": "max"}}, "effort", "max"),
        ({"speed": "standard"}, "speed", UNSET),
        ({"speed": "fast"}, "speed", "fast"),
        ({"betas": "b, a,oauth-2025-04-20,extended-cache-ttl-2025-04-11"}, "betas", "a,b"),
        ({"context_management": {"edits": []}}, "context_management", ""),
    ],
)
def test_settings_are_code_words_and_defaults_are_equal(changes: dict[str, object], name: str, value: str) -> None:
    assert dict(shape(**changes).settings)[name] == value  # type: ignore[arg-type]


def test_edits_of_the_context_differ_by_what_they_clear() -> None:
    keep = [{"edits": [{"type": "clear_thinking_20251015", "keep": keep}]} for keep in ("all", 3)]
    one, other = (dict(shape(context_management=each).settings)["context_management"] for each in keep)
    assert one != other
    assert one.startswith("clear_thinking_20251015 ")


def test_nothing_of_the_content_is_kept() -> None:
    secret = "the secret plan"
    found = shape(
        system=[text(secret, True)],
        tools=[tool("Read", description=secret)],
        messages=marked([{"role": "user", "content": [text(secret)]}]),
        metadata={"user_id": secret},
    )
    everything = "".join(f"{block!r}" for block in found.blocks) + repr(found.settings) + repr(found.messages)
    assert secret not in everything
    assert "secret" not in repr(found)
    assert shape(messages=[{"role": "user", "content": [{"type": "image", "source": {}}]}]).has_image


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
parts = ["model", "tools", "system", "messages", "thinking", "tool_choice", "speed", "output_config"]
bodies = st.dictionaries(
    st.sampled_from([*parts, "context_management", "cache_control"]),
    json_values | st.lists(st.fixed_dictionaries({"role": json_values, "content": json_values, "name": json_values})),
)


@settings(deadline=None, max_examples=60)
@given(body=bodies, other=bodies, betas=st.text(max_size=8))
def test_any_object_has_an_outline_that_can_be_compared(
    body: dict[str, object], other: dict[str, object], betas: str
) -> None:
    one, two = outline(body, betas), outline(other, betas)
    assert explain(one, one) is None
    found = explain(one, two)
    assert found is None or all(text.isprintable() for text in (found.name, found.field))
    assert [block.part for block in one.blocks] == sorted(
        (block.part for block in one.blocks), key=["tools", "system", "messages"].index
    )
