"""A request beside the conversation is paid for and leaves everything else as it was, but for the clock that its read
has wound up."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.exchange import Exchange
from store import ledger, lineages, sessions
from store.models import BudgetMode, Evidence, Status, WaitingFor
from tests.keepalive.money_harness import MODEL, OTHER_MODEL, PREFIX, Talk, World, answer_body, opened

BETAS = b"claude-code-20250219,effort-2025-11-24"
MAIN = ((b"anthropic-beta", BETAS),)
CREDITED = ((b"anthropic-beta", BETAS + b",fallback-credit-2026-06-01"),)
TTL = 300.0
KEPT_TABLES = ("lineages", "idle_periods", "sessions", "breaks", "pings")
EARLIER = ("what was that?", "That was it.")
"""A side question and its answer: the client shows them to the next side question, and to nobody else."""


@pytest.fixture
def talk() -> Talk:
    """The main thread of a client that names its betas."""
    return Talk(more_headers=MAIN)


def beside(talk: Talk, *between: str, ask: object = "what is the colour of the sea", **changes: object) -> bytes:
    """The body of an aside: what was sent last, the answer with the only mark, and a question without one."""
    body = json.loads(talk.body())
    mark = body["messages"][-1]["content"][0].pop("cache_control")
    said = ["Done.", *between]
    added = [
        {"role": "user" if n % 2 else "assistant", "content": [{"type": "text", "text": text}]}
        for n, text in enumerate(said)
    ]
    added[-1]["content"][0]["cache_control"] = mark  # type: ignore[index]
    body["messages"] += [*added, {"role": "user", "content": ask}]
    return json.dumps(body | changes).encode()


async def ask_beside(
    world: World, talk: Talk, read: int = PREFIX, write: int = 6, body: bytes | None = None, uncached: int = 340
) -> Exchange:
    """A whole aside that takes a second."""
    exchange = world.start(replace(talk, more_headers=CREDITED), body=beside(talk) if body is None else body)
    await world.noted()
    world.clock.advance(1.0)
    await world.finish(exchange, answer_body(read, write, ttl=talk.ttl, uncached=uncached))
    return exchange


async def stored(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Everything but requests, the clock, and what is planned by it."""
    names = {
        "lineages": "id, agent_id, replaced, requests, last_request_at, prefix_tokens, held, stop, replayable",
        "idle_periods": "id, lineage_id, opened_at, closed_at, closed_by, waiting_for, prefix_tokens",
        "sessions": "id, status, waiting_for, model, context_tokens, login, opened_at, ended_at",
    }
    return {table: await world.rows(f"SELECT {names.get(table, '*')} FROM {table}") for table in KEPT_TABLES}  # noqa: S608


class TestWhatItLeaves:
    async def test_is_a_paid_request_and_nothing_else(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        held, before = world.vault.get(lineage.id), await stored(world)
        world.clock.advance(60.0)
        exchange = await ask_beside(world, talk)
        assert await stored(world) == before
        assert world.vault.get(lineage.id) is held
        found = await world.rows(
            "SELECT session_id, agent_id, lineage_id, evidence, input, cache_read, cache_write_5m, started_at"
            " FROM requests ORDER BY started_at DESC LIMIT 1"
        )
        assert found == [("session-1", "", None, "gateway", 340, PREFIX, 6, exchange.started_wall)]
        assert (await world.plan())[0] == "kept", "a long question behind the mark says nothing of what is pinged"

    async def test_nothing_is_shown_while_it_runs_but_no_ping_leaves_beside_it(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        exchange = world.start(replace(talk, more_headers=CREDITED), body=beside(talk))
        await world.noted()
        session = await world.session()
        assert (session.status, session.waiting_for) == (Status.IDLE, WaitingFor.YOU)
        assert world.flights.any(talk.session, None)
        await world.finish(exchange, answer_body(PREFIX, 6))
        assert not world.flights.any(talk.session, None)

    async def test_a_running_tool_is_still_waited_for(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        talk.go_on()
        await world.ask(talk, read=PREFIX, write=10, tool=True)
        await ask_beside(world, talk)
        session = await world.session()
        assert (session.status, session.waiting_for) == (Status.BUSY, WaitingFor.TOOL)

    async def test_beside_a_running_request_it_leaves_the_session_working(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        before = Talk(more_headers=MAIN, said=list(talk.said))
        talk.go_on()
        running = world.start(talk)
        await ask_beside(world, before)
        assert (await world.session()).status is Status.BUSY
        await world.finish(running, answer_body(PREFIX, 10, tool=True))
        assert (await world.session()).waiting_for is WaitingFor.TOOL
        assert (await world.lineage()).requests == 3

    @pytest.mark.parametrize("status", [400, 429, 529])
    async def test_one_that_fails_says_nothing_of_the_session(self, world: World, talk: Talk, status: int) -> None:
        await world.settled(talk)
        talk.go_on()
        await world.ask(talk, read=PREFIX, write=10, tool=True)
        lineage = await world.lineage()
        world.clock.advance(10.0)
        exchange = world.start(replace(talk, more_headers=CREDITED), body=beside(talk))
        await world.finish(exchange, b"{}", status=status)
        assert (await world.session()).waiting_for is WaitingFor.TOOL
        assert (await world.lineage()).last_touch_at == lineage.last_touch_at

    async def test_a_subagents_leaves_its_thread_alone(self, world: World, talk: Talk) -> None:
        main = await world.settled(talk)
        sub = await world.settled(replace(talk, agent="sub-1"))
        world.clock.advance(20.0)
        exchange = await ask_beside(world, replace(talk, agent="sub-1", said=[*talk.said, "answer 3", "prompt 4"]))
        after = await world.lineage(agent_id="sub-1")
        assert (after.id, after.requests, after.last_touch_at) == (sub.id, 2, exchange.started_wall)
        assert (await world.lineage()).last_touch_at == main.last_touch_at

    async def test_that_outlasts_its_session_does_not_open_it_again(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        exchange = world.start(replace(talk, more_headers=CREDITED), body=beside(talk))
        world.clock.advance(1.0)
        now = world.clock.wall()
        await world.store.write(lambda connection: sessions.end(connection, talk.session, "ended", now))
        await world.finish(exchange, answer_body(PREFIX, 6))
        assert (await world.session()).ended_at == now


class TestTheNextPrompt:
    async def test_continues_what_was_before_the_asides(self, world: World, talk: Talk) -> None:
        """Each aside brings those before it along, and a prompt none of them: held, they looked like a history that
        was thrown away."""
        lineage = await world.settled(talk)
        between: tuple[str, ...] = ()
        for _ in range(3):
            world.clock.advance(5.0)
            await ask_beside(world, talk, body=beside(talk, *between))
            between = (*between, *EARLIER)
        world.clock.advance(5.0)
        back = world.clock.wall()
        after = await world.resume(talk)
        assert (after.id, after.requests, after.replaced) == (lineage.id, 3, "")
        assert await world.rows("SELECT * FROM breaks") == []
        closed = "SELECT closed_at, closed_by, read_tokens FROM idle_periods WHERE closed_at IS NOT NULL ORDER BY id"
        assert (await world.rows(closed))[1:] == [(back, "request", PREFIX)], "the prompt alone has closed it"

    async def test_alone_is_credited_with_what_the_pings_kept(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        await world.fire(lineage.id)
        world.clock.advance(60.0)
        await ask_beside(world, talk)
        saved = (await world.store.read(ledger.read)).saved_usd
        assert saved == 0.0
        await world.resume(talk)
        shown = await world.store.read(ledger.read)
        assert (shown.pings, shown.hits, shown.lost_usd) == (1, 1, 0.0)
        assert shown.saved_usd == pytest.approx(PREFIX * (6.25 - 0.5) / 1e6)

    async def test_is_not_when_the_aside_alone_had_kept_it(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        world.clock.advance(200.0)
        aside = await ask_beside(world, talk)
        await world.fire(lineage.id)
        assert len(world.script.asked) == 1
        world.clock.advance(5.0)
        assert lineage.last_request_at is not None
        assert lineage.last_request_at + TTL < world.clock.wall() < aside.started_wall + TTL
        await world.resume(talk)
        shown = await world.store.read(ledger.read)
        assert (shown.hits, shown.saved_usd) == (1, 0.0)
        assert shown.lost_usd > 0

    async def test_is_not_when_the_aside_has_written_it_again(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.AUTO, pings=1)
        await world.fire(lineage.id)
        world.clock.advance(2 * TTL)
        await ask_beside(world, talk, read=0, write=PREFIX + 6)
        world.clock.advance(10.0)
        await world.resume(talk)
        shown = await world.store.read(ledger.read)
        assert (shown.hits, shown.saved_usd) == (1, 0.0)

    @pytest.mark.parametrize("asides", [0, 1])
    async def test_is_compared_with_the_prompt_before(self, world: World, talk: Talk, asides: int) -> None:
        lineage = await world.settled(talk)
        for _ in range(asides):
            await ask_beside(world, talk)
        talk.go_on()
        talk.tool = "Write"
        await world.ask(talk, write=PREFIX)
        found = await world.rows("SELECT cause, part, name, expected_read FROM breaks")
        assert found == [("tool_added", "tools", "Write", lineage.prefix_tokens)]

    async def test_after_a_compaction_finds_the_lineage_replaced_with_that_reason(
        self, world: World, talk: Talk
    ) -> None:
        """The summary is asked for beside the conversation; that it was one, the transcript tells."""
        lineage = await world.settled(talk)
        await ask_beside(world, talk, body=beside(talk, ask="Write a <summary>."), uncached=1_700)
        await world.store.write(lambda connection: lineages.replace(connection, lineage.id, "compacted"))
        talk.said = ["A summary"]
        await world.ask(talk, read=9_000, write=3_000)
        assert await world.rows("SELECT replaced, requests FROM lineages ORDER BY id") == [("compacted", 2), ("", 1)]
        assert await world.rows("SELECT cause FROM breaks") == [("compacted",)]


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}


def shorter(talk: Talk) -> bytes:
    """As when a turn runs whose newest message is left out."""
    return beside(replace(talk, said=talk.said[:-2]))


class TestTheClock:
    async def test_runs_from_an_aside_that_read_it_all(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        due = world.alarm.at[lineage.id]
        world.clock.advance(100.0)
        assert lineage.last_touch_at is not None
        later = world.clock.wall() - lineage.last_touch_at
        exchange = await ask_beside(world, talk)
        after = await world.lineage()
        assert (after.last_touch_at, after.last_request_at) == (exchange.started_wall, lineage.last_request_at)
        assert world.alarm.at[lineage.id] == pytest.approx(due + later)
        await world.fire(lineage.id)
        (ping,) = world.script.asked
        held = world.vault.get(lineage.id)
        assert held is not None
        assert json.loads(ping.body)["messages"] == json.loads(held.body)["messages"]

    @pytest.mark.parametrize(
        ("read", "write", "change"),
        [
            (PREFIX - 1, 7, beside),
            (0, PREFIX, beside),
            # a second one of its kind reads as much, of an entry of its own
            (PREFIX, 6, lambda talk: beside(talk, output_config={"effort": "low"})),
            (PREFIX, 6, lambda talk: beside(talk, thinking={"type": "enabled", "budget_tokens": 2_000})),
            (PREFIX, 6, lambda talk: beside(talk, context_management={"edits": [{"type": "clear"}]})),
            (PREFIX, 6, lambda talk: beside(talk, model=OTHER_MODEL)),
            (PREFIX, 6, lambda talk: beside(talk, tools=[])),
            (PREFIX, 6, lambda talk: beside(talk, ask=[IMAGE])),
            (PREFIX, 6, shorter),
            (PREFIX, 6, lambda talk: beside(replace(talk, ttl="1h"))),
        ],
    )
    async def test_is_left_alone_where_the_read_proves_nothing_of_the_held_entry(
        self, world: World, talk: Talk, read: int, write: int, change: Callable[[Talk], bytes]
    ) -> None:
        lineage = await world.settled(talk)
        plan = await world.plan()
        world.clock.advance(100.0)
        await ask_beside(world, talk, read, write, body=change(talk))
        after = await world.lineage()
        assert (after.id, after.last_touch_at, after.replaced) == (lineage.id, lineage.last_touch_at, "")
        assert await world.plan() == plan

    @pytest.mark.parametrize("another", [False, True])
    async def test_of_a_replaced_lineage_is_left_alone_and_its_successors_too(
        self, world: World, talk: Talk, another: bool
    ) -> None:
        """A transcript tells of the successor before its request has ended."""
        lineage = await world.settled(talk)

        def take_over(connection: sqlite3.Connection) -> None:
            lineages.replace(connection, lineage.id, "compacted")
            if another:
                at = world.clock.wall()
                new = lineages.start(connection, talk.session, "", model=MODEL, evidence=Evidence.TRANSCRIPT, at=at)
                connection.execute(
                    "UPDATE lineages SET last_touch_at = :at, last_request_at = :at, ttl_class = '5m',"
                    " ttl_seconds = 300, prefix_tokens = 1000 WHERE id = :id",
                    {"at": at, "id": new},
                )

        await world.store.write(take_over)
        clocks = "SELECT id, last_touch_at FROM lineages ORDER BY id"
        before = await world.rows(clocks)
        world.clock.advance(10.0)
        await ask_beside(world, talk)
        assert await world.rows(clocks) == before

    @pytest.mark.parametrize(
        ("change", "postponed"),
        [(beside, True), (shorter, True), (lambda talk: beside(talk, model=OTHER_MODEL), False)],
    )
    async def test_past_which_a_saving_counts_moves_with_every_read_of_the_conversation(
        self, world: World, talk: Talk, change: Callable[[Talk], bytes], postponed: bool
    ) -> None:
        """Also where nothing is proven of the newest entry: of its saving we claim too little, never too much."""
        lineage = await world.settled(talk)
        world.clock.advance(100.0)
        exchange = await ask_beside(world, talk, PREFIX - 20, 6, body=change(talk))
        expiry = await world.one("SELECT original_expires_at FROM idle_periods WHERE closed_at IS NULL")
        began = exchange.started_wall if postponed else lineage.last_request_at
        assert began is not None
        assert expiry == (began + TTL,)

    async def test_of_an_hours_entry_is_left_alone_by_a_shorter_mark(self, world: World, talk: Talk) -> None:
        talk.ttl = "1h"
        lineage = await world.settled(talk)
        world.clock.advance(100.0)
        await ask_beside(world, replace(talk, ttl="5m"))
        after = await world.lineage()
        assert (after.last_touch_at, after.ttl_class) == (lineage.last_touch_at, "1h")

    async def test_is_left_alone_by_a_sum_of_several_reads(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        exchange = world.start(replace(talk, more_headers=CREDITED), body=beside(talk))
        part = {"type": "message", "input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": PREFIX // 2}
        usage = {**part, "cache_read_input_tokens": PREFIX, "iterations": [part, part]}
        answer = {"id": "msg_sum", "type": "message", "model": talk.model, "usage": usage}
        await world.finish(exchange, json.dumps(answer).encode(), headers=((b"content-type", b"application/json"),))
        assert (await world.lineage()).last_touch_at == lineage.last_touch_at
        assert (await world.one("SELECT count(*) FROM requests WHERE message_id = 'msg_sum'"))[0] == 1

    async def test_is_left_alone_where_nothing_is_cached(self, world: World, talk: Talk) -> None:
        """Below the model's least prefix."""
        await world.ask(talk, uncached=300)
        lineage = await world.lineage()
        world.clock.advance(10.0)
        await ask_beside(world, talk, 0, 0, uncached=320)
        assert (await world.lineage()).last_touch_at == lineage.last_touch_at

    async def test_does_not_run_back_for_one_that_was_overtaken(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        late = world.start(replace(talk, more_headers=CREDITED), body=beside(talk))
        world.clock.advance(5.0)
        talk.go_on()
        prompt = await world.ask(talk, read=PREFIX)
        await world.finish(late, answer_body(PREFIX, 6))
        after = await world.lineage()
        assert (after.last_touch_at, after.requests) == (prompt.started_wall, 3)
        expiry = await world.one("SELECT original_expires_at FROM idle_periods WHERE closed_at IS NULL")
        assert expiry == (prompt.started_wall + TTL,)


class TestAnotherClient:
    async def test_that_sends_the_beta_with_everything_is_seen(self, world: World, talk: Talk) -> None:
        talk.more_headers = CREDITED
        lineage = await world.settled(talk)
        after = await world.resume(talk)
        assert (after.id, after.requests) == (lineage.id, 3)
        assert world.alarm.at

    async def test_that_begins_to_in_the_middle_is_seen(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        talk.more_headers = CREDITED
        for requests in (3, 4):
            after = await world.resume(talk)
            assert (after.id, after.requests) == (lineage.id, requests)
        held = world.vault.get(lineage.id)
        assert held is not None
        assert held.headers == talk.headers()

    async def test_that_nothing_is_known_of_is_taken_as_it_comes(self, world: World, talk: Talk) -> None:
        """After a restart nobody remembers how its conversation is sent."""
        lineage = await world.settled(talk)
        await world.restart()
        world.clock.advance(10.0)
        await ask_beside(world, talk)
        after = await world.lineage()
        assert (after.id, after.requests) == (lineage.id, 3)
        assert (await world.resume(talk)).requests == 4


STEPS = st.lists(
    st.one_of(st.tuples(st.just("aside"), st.just(0.0)), st.tuples(st.just("ping"), st.just(0.0)),
              st.tuples(st.just("wait"), st.floats(1.0, 350.0))),
    max_size=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_no_clock_runs_late_and_no_saving_is_one_that_asides_brought(steps: list[tuple[str, float]]) -> None:
    """Held against two caches by the provider's rules: one that is pinged, and one that is not."""

    async def play(world: World) -> None:
        talk = Talk(more_headers=MAIN)
        lineage = await world.settled(talk)
        await world.budget(talk.session, BudgetMode.HOLD, until=world.clock.wall() + 86_400)
        warm_until = plain_until = (lineage.last_request_at or 0.0) + TTL
        pings_bought = False
        for step, seconds in steps:
            if step == "wait":
                world.clock.advance(seconds)
            elif step == "aside":
                now = world.clock.wall()
                read = PREFIX if now < warm_until else 0
                pings_bought = pings_bought or plain_until <= now < warm_until
                warm_until = plain_until = now + TTL
                await ask_beside(world, talk, read, PREFIX + 6 - read)
            elif lineage.id in world.alarm.at:
                sent = len(world.script.asked)
                await world.fire(lineage.id)
                if len(world.script.asked) > sent:
                    now = world.clock.wall()
                    assert now < warm_until, "a ping left after the expiry"
                    warm_until = now + TTL
            row = await world.lineage()
            assert (row.last_touch_at or 0.0) + TTL <= warm_until
        now = world.clock.wall()
        read = PREFIX if now < warm_until else 0
        pings_bought = pings_bought or plain_until <= now < warm_until
        await world.ask(talk, read=read, write=PREFIX - read)
        assert await world.rows("SELECT * FROM breaks WHERE cause NOT IN ('expired')") == []
        saved = (await world.store.read(ledger.read)).saved_usd
        assert saved == 0.0 or pings_bought

    async def course() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(Path(folder)) as world:
                await play(world)

    asyncio.run(course())
