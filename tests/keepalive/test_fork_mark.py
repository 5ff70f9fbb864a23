"""A fork of ours is told apart from every real request, whatever people write about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive import plugin_files
from keepalive.fork_mark import PROMPT, is_fork, may_be_aside

EARLIER: list[Mapping[str, object]] = [
    {"role": "user", "content": "hello"},
    {"role": "system", "content": []},
    {"role": "assistant", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]},
]
ATTEMPT: list[Mapping[str, object]] = [
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "denied"}]},
]


def request(*messages: Mapping[str, object]) -> dict[str, object]:
    return {"model": "claude-opus-5-5", "messages": [*EARLIER, *messages]}


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


@pytest.mark.parametrize(
    "content",
    [
        PROMPT,
        [{"type": "text", "text": PROMPT}],
        # after a compaction the client joins its notes and the prompt
        [{"type": "text", "text": "<local-command-caveat>"}, {"type": "text", "text": PROMPT}],
    ],
)
def test_the_prompt_as_an_unmarked_block_is_a_fork(content: object) -> None:
    assert is_fork(request(user(content)))
    assert is_fork(request(user(content), *ATTEMPT)), "and what goes on from it"


@pytest.mark.parametrize(
    "content",
    [
        "hello",
        f"what does {PROMPT} mean?",
        [{"type": "text", "text": PROMPT, "cache_control": {"type": "ephemeral"}}],
        [{"type": "tool_result", "tool_use_id": "t", "content": PROMPT}],
        [],
        None,
        7,
    ],
)
def test_what_people_and_tools_say_is_none(content: object) -> None:
    assert not is_fork(request(user(content)))


def test_an_answer_in_those_words_and_an_old_message_are_none() -> None:
    assert not is_fork(request({"role": "assistant", "content": PROMPT}))
    assert not is_fork(request(user(PROMPT), *ATTEMPT, user("go on")))


def _objects(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from(["role", "content", "type", "text"]), values)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | _objects(x)))
def test_any_json_is_read(value: object) -> None:
    assert not is_fork({"messages": value})


def test_the_betas_give_a_hint() -> None:
    main = b"claude-code-20250219,effort-2025-11-24"
    assert not may_be_aside(((b"anthropic-beta", main),))
    assert not may_be_aside(())
    assert may_be_aside(((b"Anthropic-Beta", main + b",fallback-credit-2026-06-01"),))


def test_the_plugin_asks_in_the_same_words() -> None:
    words = plugin_files.plugin_files(Path("/keeper"))["hooks/words.ts"].decode()
    found = re.search(r"export const PROMPT = '([^']*)'", words)
    assert found
    assert found[1] == PROMPT
    assert json.dumps(PROMPT) == f'"{PROMPT}"', "it stands in a request as it is"
