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
from keepalive.fork_mark import PROMPT, is_aside, is_fork, may_be_aside
from keepalive.shape import Shape
from keepalive.usage import Headers
from tests.keepalive.shapes import conversation, marked, message, shape

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


USUAL = b"claude-code-20250219,effort-2025-11-24"
MAIN: Headers = ((b"anthropic-beta", USUAL),)
CREDITED: Headers = ((b"Anthropic-Beta", USUAL + b",fallback-credit-2026-06-01,thinking-display-updates-2026-08-18"),)
ON = shape(messages=marked(conversation(11)))
BESIDE = shape(messages=[*marked(conversation(10)), message(10, "what is the colour of the sea")])


@pytest.mark.parametrize(
    ("headers", "main", "may"),
    [
        (CREDITED, MAIN, True),
        (CREDITED, (), True),
        (MAIN, MAIN, False),
        ((), MAIN, False),
        (MAIN, CREDITED, False),
        # a client that sends it with everything, and a thread of which nothing is known
        (CREDITED, CREDITED, False),
        (CREDITED, None, False),
    ],
)
def test_the_betas_give_a_hint_where_the_conversation_is_sent_without(
    headers: Headers, main: Headers | None, may: bool
) -> None:
    assert may_be_aside(headers, main) is may
    assert is_aside(headers, BESIDE, main) is may
    assert not is_aside(headers, ON, main), "a new message that is marked belongs to the conversation"


@pytest.mark.parametrize(
    ("seen", "aside"),
    [
        (BESIDE, True),
        (ON, False),
        # a model that tried a tool: the mark has moved to its attempt
        (
            shape(
                messages=[*marked(conversation(10)), message(10, "run it"), message(11, "attempt"), message(12, "no")]
            ),
            True,
        ),
        # one mark for the whole request
        (shape(messages=conversation(11), cache_control={"type": "ephemeral"}), False),
        (shape(messages=[]), True),
    ],
)
def test_the_newest_message_has_no_mark(seen: Shape, aside: bool) -> None:
    assert is_aside(CREDITED, seen, MAIN) is aside


def test_the_plugin_asks_in_the_same_words() -> None:
    words = plugin_files.plugin_files(Path("/keeper"))["hooks/words.ts"].decode()
    found = re.search(r"export const PROMPT = '([^']*)'", words)
    assert found
    assert found[1] == PROMPT
    assert json.dumps(PROMPT) == f'"{PROMPT}"', "it stands in a request as it is"
