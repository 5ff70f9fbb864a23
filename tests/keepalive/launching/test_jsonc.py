"""Configuration files as people write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.launching.jsonc import inside, loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text() | st.sampled_from(["//", "/*", "*/", ",}", '\\"', "a,]"]), VALUES), st.none() | st.just(1)
)
def test_plain_json_is_read_as_it_is(value: dict[str, object], indent: int | None) -> None:
    assert loads(json.dumps(value, indent=indent)) == value


def test_comments_and_last_commas() -> None:
    text = '{ // a "comment"\n "a": [1, 2, /* } */ ], "b": "// no, }", /* \n */ }'
    assert loads(text) == {"a": [1, 2], "b": "// no, }"}


@pytest.mark.parametrize("text", ["", "[1]", '{"a" 1}', '"', '{"a":' * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        loads(text)


def test_inside() -> None:
    assert inside({"a": {"b": 1}}, "a", "b") == 1
    assert inside({"a": {"b": 1}}, "a", "b", "c") is None
    assert inside([], "a") is None
