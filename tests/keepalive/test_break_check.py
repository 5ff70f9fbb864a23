"""Breaks scripted through the gateway: each is named with the tokens that the provider counted, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store import lineages
from store.models import Evidence
from tests.keepalive.money_harness import KEY, OTHER_MODEL, PREFIX, Talk, World, answer_body
from tests.keepalive.provider_behind import SESSION, Wire, spent, wired
from tests.keepalive.shapes import (
    BETAS,
    IMAGE,
    LONG,
    SYSTEM,
    TOOLS,
    conversation,
    edited,
    grown,
    marked,
    message,
    request,
    text,
    tool,
)

MORE = grown(LONG)


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with wired(tmp_path) as found:
        yield found


def next_request(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"messages": marked(MORE), "system": SYSTEM, "tools": TOOLS}
    return request(**{**base, **changes})


async def settled(wire: Wire, **changes: Any) -> int:
    """A conversation whose last request is answered twice; returns what the next one should read."""
    body = request(**{"messages": marked(LONG), "system": SYSTEM, "tools": TOOLS, **changes})
    for count in (9, len(body["messages"])):
        await wire.ask({**body, "messages": marked(body["messages"][:count])})
    read, written = spent(await wire.ask(body))
    assert written == 0
    assert read > 100
    assert await wire.breaks() == ()
    return read


def with_image() -> list[dict[str, Any]]:
    found = grown(LONG)
    found[-1]["content"].insert(0, IMAGE)
    return marked(found)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, int | None, str]]] = {
    "model_changed": ({}, {"model": OTHER_MODEL}, ("settings", None, "model")),
    "tool_added": ({}, {"tools": [*TOOLS, tool("mcp__a__b")]}, ("tools", 3, "mcp__a__b")),
    "tool_removed": ({}, {"tools": [TOOLS[0], TOOLS[2]]}, ("tools", 1, "Bash")),
    "tool_changed": ({}, {"tools": [TOOLS[0], tool("Bash", description="x"), TOOLS[2]]}, ("tools", 1, "Bash")),
    "tools_reordered": ({}, {"tools": TOOLS[::-1]}, ("tools", 0, "Write")),
    "speed_changed": ({}, {"speed": "fast"}, ("settings", None, "speed")),
    "system_changed": ({}, {"system": [SYSTEM[0], text("Others", True)]}, ("system", 1, "1")),
    "tool_choice_changed": ({}, {"tool_choice": {"type": "any"}}, ("settings", None, "tool_choice")),
    "thinking_changed": ({}, {"thinking": None}, ("settings", None, "thinking")),
    "effort_changed": ({}, {"output_config": {"effort": "low"}}, ("settings", None, "effort")),
    "image_added": ({}, {"messages": with_image()}, ("messages", 13, "assistant image")),
    "image_removed": (
        {"messages": marked([{"role": "user", "content": [text("look"), IMAGE]}, *LONG])},
        {"messages": marked([{"role": "user", "content": [text("look")]}, *grown(LONG)])},
        ("messages", 0, "user image"),
    ),
    "message_edited": ({}, {"messages": marked(grown(edited(3)))}, ("messages", 3, "assistant text")),
    "message_dropped": ({}, {"messages": marked(LONG[:3] + MORE[4:])}, ("messages", 3, "assistant text")),
    "message_inserted": (
        {},
        {"messages": marked([*LONG[:3], message(2, "put in"), *MORE[3:]])},
        ("messages", 3, "user text"),
    ),
    "messages_shrunk": (
        {},
        {"messages": marked([message(0, "a summary"), message(2, "and now")])},
        ("messages", 0, ""),
    ),
    "marks_out_of_reach": ({}, {"messages": marked(grown(LONG, 21))}, ("messages", 32, "user text")),
}


@pytest.mark.parametrize("cause", CASES)
async def test_a_scripted_break_is_named_with_its_tokens(wire: Wire, cause: str) -> None:
    before, changes, place = CASES[cause]
    expected = await settled(wire, **before)
    now = await wire.ask(next_request(**changes))
    (found,) = await wire.breaks()
    assert found.cause == cause
    assert (found.part, found.position, found.name) == place
    read, written = spent(now)
    assert (found.expected_read, found.read, found.written) == (expected, read, written)
    assert found.rewritten == min(written, expected - read) > 0
    assert found.at == now.at
    assert found.ttl_class == "5m"
    assert found.usd == pytest.approx(found.rewritten * 6.25 / 1e6), "the stand-in's models have the tests' prices"


async def test_another_set_of_betas(wire: Wire) -> None:
    await settled(wire)
    await wire.ask(next_request(), betas=BETAS + ",new-2026,oauth-2025-04-20")
    (found,) = await wire.breaks()
    assert (found.cause, found.field) == ("betas_changed", "+new-2026")


async def test_a_lifetime_that_passed(wire: Wire) -> None:
    expected = await settled(wire)
    wire.world.clock.advance(300.0)
    now = await wire.ask(next_request())
    (found,) = await wire.breaks()
    assert (found.cause, found.part, found.position) == ("expired", "", None)
    assert (found.expected_read, found.read, found.written) == (expected, 0, spent(now)[1])
    assert found.remedy == "longer_life"


async def test_an_entry_that_a_ping_kept_has_not_expired(wire: Wire) -> None:
    await settled(wire)
    row = await wire.world.lineage()
    wire.world.clock.advance(200.0)
    at = wire.world.clock.wall()
    await wire.world.store.write(lambda connection: lineages.touch_by_ping(connection, row.id, at))
    wire.world.clock.advance(200.0)
    await wire.ask(next_request())
    (found,) = await wire.breaks()
    assert found.cause == "unexplained", "the stand-in never saw that ping, but the lineage did"


async def test_a_miss_without_a_difference_in_time_is_unexplained(wire: Wire) -> None:
    expected = await settled(wire)
    wire.evict()
    await wire.ask(next_request())
    (found,) = await wire.breaks()
    assert (found.cause, found.expected_read, found.read, found.remedy) == ("unexplained", expected, 0, "")


async def test_a_compaction_that_the_client_reported(wire: Wire) -> None:
    await settled(wire)
    row = await wire.world.lineage()
    await wire.world.store.write(lambda connection: lineages.replace(connection, row.id, "compacted"))
    await wire.ask(next_request(messages=marked([message(0, "a summary"), message(2, "and now")])))
    (found,) = await wire.breaks()
    assert (found.cause, found.field) == ("compacted", "12 → 2 messages")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"messages": marked(LONG)},
        {"messages": marked(LONG[:-3])},
        {"context_management": {"edits": [{"type": "clear_tool_uses"}]}},
        {"output_config": {"effort": "medium", "other": 1}},
        {"tools": [*TOOLS, tool("Later", defer_loading=True)]},
        {"system": [text("x-anthropic-billing-header: b"), *SYSTEM]},
    ],
)
async def test_what_cost_nothing_is_no_break(wire: Wire, changes: dict[str, Any]) -> None:
    """The conversation goes on, or is cut back, or something changed that no entry is keyed by."""
    await settled(wire)
    await wire.ask(next_request(**changes))
    assert await wire.breaks() == ()


@pytest.mark.parametrize(
    ("read", "write", "count"), [(47_500, 9_000, 0), (47_499, 9_000, 1), (0, 0, 0), (0, 1, 1), (60_000, 9_000, 0)]
)
async def test_the_usage_decides(world: World, talk: Talk, read: int, write: int, count: int) -> None:
    """Of 50,000 tokens: nothing written is nothing paid again, and a tail of 5 % is the client's wording."""
    await world.settled(talk)
    talk.system = "Be long."
    await world.ask(talk, read=read, write=write)
    found = await world.rows("SELECT cause, expected_read, read, written FROM breaks")
    assert found == [("system_changed", PREFIX, read, write)] * count


@pytest.mark.parametrize("status", [400, 429, 529])
async def test_a_refused_request_is_not_what_the_next_one_is_compared_with(
    world: World, talk: Talk, status: int
) -> None:
    await world.settled(talk)
    await world.fail(replace(talk, system="Be long."), status)
    await world.ask(talk, read=PREFIX, write=0)
    await world.ask(replace(talk, model=OTHER_MODEL), write=PREFIX)
    assert await world.rows("SELECT cause FROM breaks") == [("model_changed",)]


async def test_a_side_call_neither_breaks_nor_hides_a_break(world: World, talk: Talk) -> None:
    await world.settled(talk)
    await world.finish(world.start(talk, side=True), answer_body(0, 5_000))
    await world.ask(replace(talk, tool="Write"), write=PREFIX)
    assert await world.rows("SELECT cause FROM breaks") == [("tool_added",)]


async def test_requests_side_by_side_break_nothing(world: World, talk: Talk) -> None:
    """Neither can read what the other has not yet begun to leave; what comes after them still can."""
    await world.settled(talk)
    other = replace(talk, agent="sub-1")
    first, second = world.start(other), world.start(other)
    world.clock.advance(2.0)
    await world.finish(first, answer_body(0, 9_000))
    await world.finish(second, answer_body(0, 9_000))
    assert await world.rows("SELECT cause FROM breaks") == []
    await world.ask(other, write=9_000)
    assert await world.rows("SELECT cause FROM breaks") == [("unexplained",)]


async def test_going_back_far_is_no_break(wire: Wire) -> None:
    long = conversation(40)
    for count in (9, 19, 29, 40):
        await wire.ask(next_request(messages=marked(long[:count])))
    await wire.ask(next_request(messages=marked([*long[:19], message(19, "another prompt")])))
    assert await wire.breaks() == ()


async def test_each_break_is_found_once_and_the_next_request_is_compared_with_the_newest(wire: Wire) -> None:
    await settled(wire)
    changed = [SYSTEM[0], text("Others", True)]
    await wire.ask(next_request(system=changed))
    await wire.ask(next_request(system=changed))
    await wire.ask(next_request(system=changed, model=OTHER_MODEL))
    assert [found.cause for found in await wire.breaks()] == ["system_changed", "model_changed"]


async def test_a_subagents_break_is_its_own(wire: Wire) -> None:
    await settled(wire)
    for tools in (TOOLS, TOOLS, TOOLS[1:]):
        await wire.ask(next_request(system=[text("You search", True)], tools=tools), agent="sub-1")
    await wire.ask(next_request())
    (found,) = await wire.breaks()
    assert (found.agent_id, found.cause, found.name) == ("sub-1", "tool_removed", "Read")


async def test_the_outline_outlives_the_bytes(wire: Wire) -> None:
    """The session ended and was resumed: its body and its key are gone, what changed is still told."""
    await settled(wire)
    wire.world.vault.drop_session(SESSION)
    assert wire.world.vault.of_thread(SESSION, "") is None
    await wire.ask(next_request(tools=TOOLS[1:]))
    (found,) = await wire.breaks()
    assert (found.cause, found.name) == ("tool_removed", "Read")


async def test_a_request_that_nobody_saw_leaves_only_time_and_model_to_tell(wire: Wire) -> None:
    await settled(wire)
    await wire.restart()
    await wire.ask(next_request(tools=TOOLS[1:]))
    await wire.restart()
    await wire.ask(next_request(tools=TOOLS[1:], model=OTHER_MODEL))
    await wire.restart()
    wire.world.clock.advance(300.0)
    await wire.ask(next_request(tools=TOOLS[1:], model=OTHER_MODEL))
    assert [found.cause for found in await wire.breaks()] == ["prefix_changed", "model_changed", "expired"]


async def test_a_request_that_went_past_the_gateway_is_not_compared_over(wire: Wire) -> None:
    """The thread's lineage was learned of elsewhere since: the outline at hand is not that of its last request."""
    await settled(wire)
    row = await wire.world.lineage()
    later = wire.world.clock.wall()
    await wire.world.store.write(
        lambda connection: lineages.touch_by_request(
            connection,
            row.id,
            at=later,
            prefix_tokens=row.prefix_tokens + 1_000,
            ttl_class="5m",
            ttl_seconds=300.0,
            model=row.model,
            evidence=Evidence.TRANSCRIPT,
            held=False,
            thinking=False,
            replayable="",
        )
    )
    wire.world.clock.advance(10.0)
    await wire.ask(next_request(tools=TOOLS[1:]))
    (found,) = await wire.breaks()
    assert (found.cause, found.expected_read) == ("prefix_changed", row.prefix_tokens + 1_000)


async def test_nothing_of_content_or_credential_is_stored(wire: Wire) -> None:
    secret = "the secret plan"
    await settled(wire)
    await wire.ask(next_request(messages=marked(grown(edited(3, secret))), tools=[tool("T", description=secret)]))
    assert len(await wire.breaks()) == 1
    dump = await wire.world.store.read(lambda connection: "\n".join(connection.iterdump()))
    assert secret not in dump
    assert KEY not in dump


async def test_only_a_tool_may_have_a_name_of_many_words(wire: Wire) -> None:
    """Roles, types, fields and settings are code words; what a provider that is not strict lets through may be text."""
    secret = "the secret plan"
    odd = {"role": secret, "content": [{"type": secret, "text": "a"}]}
    await settled(wire)
    await wire.ask(next_request(messages=marked([odd, *MORE])))
    await wire.ask(next_request(tools=[{**tool("T"), secret: 1}]))
    await wire.ask(next_request(tools=[{**tool("T"), secret: 2}]))
    await wire.ask(next_request(tools=[tool("T")], speed=secret))
    causes = [found.cause for found in await wire.breaks()]
    assert causes == ["message_inserted", "tool_added", "tool_changed", "tool_changed"]
    dump = await wire.world.store.read(lambda connection: "\n".join(connection.iterdump()))
    assert secret not in dump
