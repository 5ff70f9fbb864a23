"""A fork on its way through the gateway leaves no trace in store or memory."""

from __future__ import annotations

import json

import pytest

from keepalive.fork_mark import PROMPT
from tests.keepalive.money_harness import Talk, World, answer_body

ASIDE = (b"anthropic-beta", b"claude-code-20250219,fallback-credit-2026-06-01")
TABLES = ("requests", "idle_periods", "lineages", "sessions", "turns")


@pytest.mark.parametrize("hinted", [True, False])
async def test_a_fork_changes_nothing(world: World, talk: Talk, hinted: bool) -> None:
    lineage = await world.settled(talk)
    held = world.vault.get(lineage.id)
    await world.noted()
    before = {table: await world.rows(f"SELECT * FROM {table}") for table in TABLES}  # noqa: S608
    world.clock.advance(30.0)
    body = json.loads(talk.body())
    mark = body["messages"][-1]["content"][0].pop("cache_control")
    body["messages"] += [
        {"role": "assistant", "content": [{"type": "text", "text": "Done.", "cache_control": mark}]},
        {"role": "user", "content": PROMPT},
    ]
    talk.more_headers = (ASIDE,) if hinted else ()
    fork = world.start(talk, body=json.dumps(body).encode())
    await world.noted()
    assert world.flights.any(talk.session, None, "")
    world.clock.advance(1.0)
    await world.finish(fork, answer_body(50_000, 6))
    await world.noted()
    assert not world.flights.any(talk.session, None, "")
    assert world.vault.get(lineage.id) is held
    after = {table: await world.rows(f"SELECT * FROM {table}") for table in TABLES}  # noqa: S608
    if not hinted:  # a start that could not be told apart is activity; all else is undone
        assert {t: after[t] for t in TABLES if t != "sessions"} == {t: before[t] for t in TABLES if t != "sessions"}
        assert (await world.session()).status == "idle"
    else:
        assert after == before
