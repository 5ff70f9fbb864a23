"""The first difference between two requests that costs entries, in the provider's order."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.breaks import LOOKBACK, Break, blame, expected_read, explain
from keepalive.prefix import compare
from store.break_models import REMEDIES
from tests.keepalive.shapes import (
    BETAS,
    LONG,
    SYSTEM,
    TOOLS,
    conversation,
    edited,
    facts,
    grown,
    marked,
    message,
    shape,
    text,
    tool,
    with_image,
)

calm = settings(deadline=None, max_examples=60)

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, int | None, str, str]]] = {
    "model_changed": ({}, {"model": "other"}, ("settings", None, "model", "claude-opus-5 → other")),
    "tool_added": ({}, {"tools": [*TOOLS, tool("mcp__a__b")]}, ("tools", 3, "mcp__a__b", "")),
    "tool_added first": ({}, {"tools": [tool("A"), tool("B"), *TOOLS]}, ("tools", 0, "A", "2 tools")),
    "tool_removed": ({}, {"tools": TOOLS[:1] + TOOLS[2:]}, ("tools", 1, "Bash", "")),
    "tool_removed all": ({}, {"tools": []}, ("tools", 0, "Read", "3 tools")),
    "tool_changed": (
        {},
        {"tools": [TOOLS[0], tool("Bash", description="new", strict=True), TOOLS[2]]},
        ("tools", 1, "Bash", "description, strict"),
    ),
    "tool_changed order": (
        {},
        {"tools": [{key: TOOLS[0][key] for key in reversed(TOOLS[0])}, *TOOLS[1:]]},
        ("tools", 0, "Read", "order of its fields"),
    ),
    "tools_reordered": ({}, {"tools": TOOLS[::-1]}, ("tools", 0, "Write", "")),
    "speed_changed": ({}, {"speed": "fast"}, ("settings", None, "speed", "default → fast")),
    "system_changed": ({}, {"system": [SYSTEM[0], text("Others", True)]}, ("system", 1, "1", "text")),
    "system_changed added": ({}, {"system": [SYSTEM[0], text("More"), SYSTEM[1]]}, ("system", 1, "1", "added")),
    "system_changed removed": ({}, {"system": SYSTEM[1:]}, ("system", 0, "0", "removed")),
    "betas_changed": (
        {},
        {"betas": "claude-code-20250219,new-2026"},
        ("settings", None, "anthropic-beta", "+new-2026 -effort-2025-11-24"),
    ),
    "tool_choice_changed": ({}, {"tool_choice": {"type": "any"}}, ("settings", None, "tool_choice", "default → any")),
    "thinking_changed": (
        {},
        {"thinking": {"type": "enabled", "budget_tokens": 9}},
        ("settings", None, "thinking", "adaptive → enabled 9"),
    ),
    "effort_changed": ({}, {"output_config": {}}, ("settings", None, "effort", "medium → default")),
    "image_added": ({}, {"messages": with_image(11)}, ("messages", 11, "assistant image", "")),
    "image_removed": ({"messages": with_image(2)}, {"messages": LONG}, ("messages", 2, "user image", "")),
    "message_edited": ({}, {"messages": edited(3)}, ("messages", 3, "assistant text", "")),
    "message_dropped": ({}, {"messages": LONG[:3] + LONG[4:]}, ("messages", 3, "assistant text", "")),
    "message_dropped two": (
        {},
        {"messages": grown(LONG[:3] + LONG[5:], 4)},
        ("messages", 3, "assistant text", "2 messages"),
    ),
    "message_inserted": (
        {},
        {"messages": [*LONG[:3], message(2, "put in"), *LONG[3:]]},
        ("messages", 3, "user text", ""),
    ),
    "messages_shrunk": (
        {},
        {"messages": [message(0, "summary"), message(1, "go on")]},
        ("messages", 0, "", "12 → 2 messages"),
    ),
    "marks_out_of_reach": (
        {},
        {"messages": marked(grown(LONG, LOOKBACK))},
        ("messages", 31, "assistant text", "20 blocks further"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_cause_is_named_with_its_place(name: str) -> None:
    old, new, place = CASES[name]
    base: dict[str, Any] = {"messages": marked(LONG), "system": SYSTEM, "tools": TOOLS}
    found = explain(shape(**{**base, **old}), shape(**{**base, **new}))
    assert found is not None
    assert found.cause == name.split(maxsplit=1)[0]
    assert (found.part, found.position, found.name, found.field) == place
    assert found.remedy == REMEDIES.get(found.cause, "")


def test_sizes_and_digests_before_and_after() -> None:
    found = explain(shape(messages=LONG), shape(messages=edited(3, "abc")))
    assert found is not None
    assert found.size_after == len('{"type":"text","text":"abc"}')
    assert found.size_before == found.size_after - 3 + len("message 3 says something of some length")
    assert len(found.hash_before) == len(found.hash_after) == 32
    assert found.hash_before != found.hash_after
    added = explain(shape(), shape(tools=[*TOOLS, tool("New")]))
    assert added is not None
    assert (added.size_before, added.hash_before) == (None, "")
    assert added.size_after == len('{"name":"New","description":"New does it","input_schema":{"type":"object"}}')


def test_a_block_that_goes_or_comes_within_a_message() -> None:
    thought = copy.deepcopy(LONG)
    thought[3]["content"].insert(0, {"type": "thinking", "thinking": "hm", "signature": "s"})
    gone, come = (
        explain(shape(messages=thought), shape(messages=LONG)),
        explain(shape(messages=LONG), shape(messages=thought)),
    )
    assert gone is not None
    assert come is not None
    assert (gone.cause, gone.name, gone.field) == ("message_edited", "assistant thinking", "block removed")
    assert (come.cause, come.name, come.field) == ("message_edited", "assistant thinking", "block added")


def test_a_compaction_that_takes_the_images_along_is_a_compaction() -> None:
    found = explain(shape(messages=with_image(2)), shape(messages=[message(0, "summary"), message(1, "go on")]))
    assert found is not None
    assert found.cause == "messages_shrunk"


def test_defaults_billing_and_login_are_no_difference() -> None:
    plain: dict[str, Any] = {"thinking": None, "output_config": None}
    spelled: dict[str, Any] = {
        "thinking": {"type": "disabled"},
        "output_config": {"effort": "high"},
        "speed": "standard",
        "tool_choice": {"type": "auto"},
        "system": [text("x-anthropic-billing-header: b"), text("You are"), text("Rules", True)],
        "max_tokens": 1_000,
        "metadata": {"user_id": "x"},
    }
    assert explain(shape(**plain), shape(BETAS + ",oauth-2025-04-20", **spelled)) is None


def test_what_can_be_reached_is_no_break() -> None:
    base = shape(messages=marked(LONG))
    assert explain(base, shape(messages=marked(grown(LONG, LOOKBACK - 1)))) is None
    between = marked(grown(LONG, 10)) + marked(grown(LONG, 30))[22:]
    assert explain(base, shape(messages=between)) is None, "a mark on the way reaches it"


def test_the_first_difference_in_the_providers_order_wins() -> None:
    order = (
        "model_changed", "tool_added", "speed_changed", "system_changed", "betas_changed", "tool_choice_changed",
        "thinking_changed", "effort_changed", "image_added", "message_edited",
    )  # fmt: skip
    base: dict[str, Any] = {"messages": marked(LONG), "system": SYSTEM, "tools": TOOLS}
    for first in range(len(order)):
        changes: dict[str, Any] = {}
        for name in reversed(order[first:]):
            changes |= CASES[name][1]
        found = explain(shape(**base), shape(**{**base, **changes}))
        assert found is not None
        assert found.cause == order[first]


names = st.lists(st.sampled_from("abcdef"), max_size=4, unique=True)
requests = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["m", "n"]),
        "tools": names.map(lambda found: [tool(name) for name in found]),
        "system": names.map(lambda found: [text(name) for name in found]),
        "messages": st.lists(st.sampled_from("abcd"), max_size=9).map(
            lambda said: [message(n, value) for n, value in enumerate(said)]
        ),
        "speed": st.sampled_from([None, "fast"]),
        "thinking": st.sampled_from([None, {"type": "adaptive"}]),
        "betas": st.sampled_from(["", "x", "x,y"]),
    }
)


@calm
@given(requests)
def test_a_request_does_not_differ_from_itself(one: dict[str, Any]) -> None:
    assert explain(shape(**one), shape(**one)) is None


@calm
@given(old=st.integers(1, 12), more=st.integers(0, LOOKBACK - 1), dropped=st.integers(0, 3))
def test_a_conversation_that_grew_is_no_break(old: int, more: int, dropped: int) -> None:
    """Its last messages may be reminders that go again; the entry behind them is lost, but that is the client's way."""
    before = conversation(old)
    kept = before[: max(1, old - dropped)]
    assert explain(shape(messages=marked(before)), shape(messages=marked(grown(kept, more)))) is None


@calm
@given(old=requests, new=requests)
def test_it_agrees_with_the_lineage(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What starts a new lineage has a cause, of the same part unless a setting comes first."""
    before, after = facts(**old), facts(**new)
    change, found = compare(before, after), explain(before.shape, after.shape)
    if change.cause == "model":
        assert found is not None
        assert found.cause == "model_changed"
    elif change.cause in ("tools", "system"):
        assert found is not None
        assert found.part in (change.cause, "settings")
    elif not change.continues and old["messages"]:
        assert found is not None
        assert found.part in ("messages", "settings")
    elif found is not None:
        assert found.part == "settings" or not old["messages"]


@calm
@given(old=requests, new=requests, lapsed=st.booleans(), read=st.integers(0, 9))
def test_there_is_always_something_to_blame(old: dict[str, Any], new: dict[str, Any], lapsed: bool, read: int) -> None:
    before, after = shape(**old), shape(**new)
    found = blame(before, after, lapsed=lapsed, read=read)
    if lapsed and explain(before, after) is None and read == 0:
        assert found.cause == "expired"
    if not lapsed:
        assert found.cause not in ("expired", "prefix_changed")
    assert 0 <= expected_read(before, after, 1_000) <= 1_000


class TestBlame:
    def test_the_same_prefix_expired_or_is_unexplained(self) -> None:
        before, after = shape(messages=marked(LONG)), shape(messages=marked(grown(LONG)))
        assert blame(before, after, lapsed=True, read=0) == Break("expired")
        assert blame(before, after, lapsed=False, read=0) == Break("unexplained")

    def test_a_difference_counts_also_after_the_time_unless_the_read_shows_that_it_was_the_time(self) -> None:
        before, after = shape(messages=marked(LONG)), shape(messages=edited(3))
        assert blame(before, after, lapsed=True, read=0).cause == "expired", "tools and system were not read either"
        assert blame(before, after, lapsed=True, read=900).cause == "message_edited"
        assert blame(before, shape(messages=LONG, tools=[]), lapsed=True, read=0).cause == "tool_removed"

    def test_a_rewritten_tail_is_named_when_it_cost_something(self) -> None:
        found = blame(shape(messages=marked(LONG)), shape(messages=edited(10)), lapsed=False, read=900)
        assert (found.cause, found.position) == ("message_edited", 10)

    def test_without_the_request_before_only_the_time_is_known(self) -> None:
        assert blame(None, shape(), lapsed=True, read=0) == Break("expired")
        assert blame(None, shape(), lapsed=False, read=0) == Break("prefix_changed")


def test_going_back_to_an_earlier_prompt_expects_what_both_share() -> None:
    long = conversation(40)
    before = shape(messages=marked(long))
    assert expected_read(before, shape(messages=marked(grown(long))), 9_000) == 9_000
    back = expected_read(before, shape(messages=marked([*long[:10], message(10, "another prompt")])), 9_000)
    assert 1_500 < back < 4_500
    assert expected_read(None, before, 9_000) == 9_000
    assert expected_read(before, shape(messages=edited(3)), 9_000) == 9_000, "a break costs all of it"
