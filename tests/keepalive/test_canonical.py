"""Blocks as the provider sees them: marks gone, texts spelled in one way, everything else as it came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.canonical import bare, code, content, digest, holds_image, items, mapping, rendered, word

MARK = {"type": "ephemeral"}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_mark_is_taken_off_where_it_is_one_and_nowhere_else() -> None:
    assert bare({"text": "a", "type": "text", "cache_control": MARK}) == {"type": "text", "text": "a"}
    schema = {"name": "N", "input_schema": {"cache_control": 1}, "cache_control": MARK}
    assert bare(schema) == {"name": "N", "input_schema": {"cache_control": 1}}
    result = {"type": "tool_result", "content": [{"type": "text", "text": "a", "cache_control": MARK}]}
    assert bare(result) == bare({"type": "tool_result", "content": "a"})


@given(json_values)
def test_any_json_is_read_and_has_one_spelling(value: object) -> None:
    assert rendered(bare(bare(value))) == rendered(bare(value))
    assert len(digest(rendered(value))) == 16
    assert isinstance(holds_image(value), bool)
    assert isinstance(content(value), list)
    assert isinstance(items(value), list)
    mapping(value)


def test_an_image_may_lie_in_a_tools_result() -> None:
    image = {"type": "image", "source": {}}
    assert holds_image(image)
    assert holds_image({"type": "tool_result", "content": [{"type": "text"}, image]})
    assert not holds_image({"type": "tool_result", "content": "image"})


@pytest.mark.parametrize("value", [None, 3, "", "x" * 201, "bad\x1b[0m", "half \ud800", ["a"]])
def test_what_is_no_word_is_absent(value: object) -> None:
    assert word(value) is None
    assert word("Read") == "Read"


def test_a_code_word_has_no_spaces() -> None:
    words = ["tool_use", "claude-opus-5-5[1m]", "a b", "", "a\n", "ü", 5, None, "a" * 101]
    assert [code(word) for word in words] == [*words[:2], None, None, None, None, None, None, None]
