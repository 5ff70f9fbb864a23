"""What a finished request leaves in the store: session, lineage, idle period, request row, whose turn it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from store import idle, launches, lineages, sessions
from store.models import Evidence, Status, WaitingFor
from tests.keepalive.money_harness import (
    LAUNCH,
    MODEL,
    OTHER_MODEL,
    PLAIN_LAUNCH,
    Talk,
    World,
    answer_body,
    launch,
)

PERIODS = "SELECT closed_by, read_tokens, lapsed, waiting_for, prefix_tokens FROM idle_periods ORDER BY id"


async def lineage_ids(world: World) -> list[tuple[object, ...]]:
    return await world.rows("SELECT id, replaced, requests FROM lineages ORDER BY id")


class TestTheFirstRequest:
    async def test_makes_a_session(self, world: World, talk: Talk) -> None:
        started = world.clock.wall()
        await world.ask(talk, write=40_000)
        session = await world.session()
        assert (session.agent, session.launch_id, session.pid) == ("claude", LAUNCH, 4242)
        assert (session.cwd, session.project) == ("/home/someone/project", "project")
        assert (session.login, session.model, session.context_tokens) == ("api_key", MODEL, 40_003)
        assert (session.opened_at, session.last_activity_at) == (started, started)
        assert session.ended_at is None

    async def test_starts_a_lineage_whose_clock_runs_from_the_requests_start(self, world: World, talk: Talk) -> None:
        started = world.clock.wall()
        await world.ask(talk, write=40_000)
        row = await world.lineage()
        assert (row.requests, row.prefix_tokens, row.evidence) == (1, 40_000, Evidence.GATEWAY)
        assert (row.ttl_class, row.ttl_seconds) == ("5m", 300.0)
        assert (row.first_request_at, row.last_request_at, row.last_touch_at) == (started,) * 3
        assert row.held
        assert row.replayable == ""

    async def test_is_a_row_with_its_figures_and_times(self, world: World, talk: Talk) -> None:
        started = world.clock.wall()
        await world.ask(talk, write=40_000)
        found = await world.one(
            "SELECT session_id, agent_id, lineage_id, evidence, model, status, input, cache_write_5m, started_at,"
            " first_byte_seconds, ended_at FROM requests"
        )
        lineage = await world.lineage()
        figures = (200, 3, 40_000, started, 0.5, started + 2)
        assert found == ("session-1", "", lineage.id, "gateway", MODEL, *figures)

    async def test_opens_an_idle_period(self, world: World, talk: Talk) -> None:
        started = world.clock.wall()
        await world.ask(talk, write=40_000)
        found = await world.one("SELECT opened_at, original_expires_at, closed_at, waiting_for FROM idle_periods")
        assert found == (started, started + 300, None, "you")

    async def test_with_a_longer_lifetime_is_of_that_class(self, world: World, talk: Talk) -> None:
        talk.ttl = "1h"
        await world.ask(talk, write=40_000)
        row = await world.lineage()
        assert (row.ttl_class, row.ttl_seconds) == ("1h", 3600.0)


class TestTheNextRequest:
    async def test_continues_the_lineage(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=40_000)
        talk.go_on()
        world.clock.advance(100.0)
        again = world.clock.wall()
        await world.ask(talk, read=40_000, write=2_000)
        row = await world.lineage()
        assert (row.requests, row.prefix_tokens, row.replaced) == (2, 42_000, "")
        assert (row.last_request_at, row.last_touch_at) == (again, again)

    async def test_closes_the_idle_period_with_what_it_read(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=40_000)
        talk.go_on()
        world.clock.advance(100.0)
        await world.ask(talk, read=40_000, write=2_000)
        assert await world.rows(PERIODS) == [
            ("request", 40_000, 0, "you", 40_000),
            ("", 0, 0, "you", 42_000),
        ]

    async def test_after_expiry_that_writes_again_is_a_lapse_of_the_same_lineage(
        self, world: World, talk: Talk
    ) -> None:
        await world.ask(talk, write=40_000)
        talk.go_on()
        world.clock.advance(400.0)
        await world.ask(talk, write=42_000)
        assert (await world.rows(PERIODS))[0][:3] == ("request", 0, 1)
        assert (await world.lineage()).requests == 2

    async def test_makes_an_old_stop_void(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=40_000)
        first = await world.lineage()
        await world.store.write(lambda connection: lineages.stop(connection, first.id, "missed", {}))
        talk.go_on()
        await world.ask(talk, read=40_000)
        assert (await world.lineage()).stop == ""

    async def test_that_wrote_nothing_keeps_the_lifetime_that_its_entry_was_written_with(
        self, world: World, talk: Talk
    ) -> None:
        """A longer mark on a live shorter entry does not lengthen its life."""
        await world.ask(talk, write=40_000)
        talk.ttl = "1h"
        await world.ask(talk, read=40_000)
        row = await world.lineage()
        assert (row.requests, row.ttl_class, row.ttl_seconds) == (2, "5m", 300.0)
        talk.go_on()
        await world.ask(talk, read=40_000, write=100)
        assert (await world.lineage()).ttl_class == "1h"


def change_model(talk: Talk) -> None:
    talk.model = OTHER_MODEL


def change_tools(talk: Talk) -> None:
    talk.tool = "Write"


def change_system(talk: Talk) -> None:
    talk.system = "Be long."


def change_messages(talk: Talk) -> None:
    talk.said = ["Something else"] * 9


def compact(talk: Talk) -> None:
    talk.said = ["A summary"]


class TestAnotherPrefix:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (change_model, "model_changed"),
            (change_tools, "tools_changed"),
            (change_system, "system_changed"),
            (change_messages, "messages_changed"),
            (compact, "messages_changed"),
        ],
    )
    async def test_replaces_the_lineage_and_says_why(
        self, world: World, talk: Talk, change: Callable[[Talk], None], reason: str
    ) -> None:
        old = await world.settled(talk)
        talk.go_on()
        change(talk)
        await world.ask(talk, read=9_000, write=31_000)
        before, after = await lineage_ids(world)
        assert before == (old.id, reason, 2)
        assert after[1:] == ("", 1)
        found = await world.one("SELECT broke_tokens, held, next_ping_at FROM lineages WHERE id = ?", old.id)
        assert found == (31_000, 0, None)
        periods = await world.rows("SELECT lineage_id, closed_by FROM idle_periods ORDER BY id")
        assert periods[-2:] == [(old.id, "replaced"), (after[0], "")]

    async def test_pushes_the_old_one_out_of_memory(self, world: World, talk: Talk) -> None:
        old = await world.settled(talk)
        change_tools(talk)
        await world.ask(talk, write=40_000)
        assert world.vault.get(old.id) is None

    async def test_that_somebody_else_replaced_already_starts_anew_with_that_reason(
        self, world: World, talk: Talk
    ) -> None:
        old = await world.settled(talk)
        await world.store.write(lambda connection: lineages.replace(connection, old.id, "compacted"))
        talk.go_on()
        await world.ask(talk, read=50_000)
        assert [row[1:] for row in await lineage_ids(world)] == [("compacted", 2), ("", 1)]


class TestAfterARestart:
    async def test_reading_half_of_it_continues_the_stored_lineage(self, world: World, talk: Talk) -> None:
        old = await world.settled(talk)
        await world.restart()
        talk.go_on()
        await world.ask(talk, read=old.prefix_tokens // 2, write=30_000)
        row = await world.lineage()
        assert (row.id, row.requests, row.held) == (old.id, 3, True)

    async def test_reading_less_replaces_it(self, world: World, talk: Talk) -> None:
        old = await world.settled(talk)
        await world.restart()
        talk.go_on()
        await world.ask(talk, read=old.prefix_tokens // 2 - 1, write=30_000)
        assert [row[1:] for row in await lineage_ids(world)] == [("replaced", 2), ("", 1)]

    async def test_another_model_replaces_it_whatever_was_read(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        await world.restart()
        change_model(talk)
        await world.ask(talk, read=60_000)
        assert [row[1] for row in await lineage_ids(world)] == ["model_changed", ""]


async def test_a_lineage_known_from_a_transcript_is_taken_over(world: World, talk: Talk) -> None:
    def read_transcript(connection: sqlite3.Connection) -> None:
        sessions.save(connection, talk.session, agent="claude")
        lineage_id = lineages.start(connection, talk.session, "", model=MODEL, evidence=Evidence.TRANSCRIPT, at=1.0)
        lineages.touch_by_request(
            connection,
            lineage_id,
            at=1.0,
            prefix_tokens=40_000,
            ttl_class="5m",
            ttl_seconds=300.0,
            model=MODEL,
            evidence=Evidence.TRANSCRIPT,
            held=False,
            thinking=False,
            replayable="",
        )

    await world.store.write(read_transcript)
    await world.ask(talk, read=39_000, write=2_000)
    row = await world.lineage()
    assert (row.requests, row.evidence, row.held) == (2, Evidence.GATEWAY, True)


class TestASubagent:
    async def test_has_a_lineage_of_its_own(self, world: World, talk: Talk) -> None:
        main = await world.settled(talk)
        sub = replace(talk, agent="sub-1", said=["Search"], system="You search.", key=talk.key)
        await world.ask(sub, write=8_000)
        sub.go_on()
        await world.ask(sub, read=8_000, write=500)
        own = await world.lineage(agent_id="sub-1")
        assert own.id != main.id
        assert (own.requests, own.prefix_tokens) == (2, 8_500)

    async def test_never_touches_the_main_one(self, world: World, talk: Talk) -> None:
        main = await world.settled(talk)
        session = await world.session()
        world.clock.advance(100.0)
        await world.ask(replace(talk, agent="sub-1", said=["Search"], model=OTHER_MODEL), write=8_000, tool=True)
        after = await world.lineage()
        for name in ("requests", "last_touch_at", "prefix_tokens", "model", "replaced"):
            assert getattr(after, name) == getattr(main, name)
        now = await world.session()
        for name in ("status", "waiting_for", "model", "context_tokens"):
            assert getattr(now, name) == getattr(session, name)
        assert world.vault.get(main.id) is not None


class TestWhoseTurnItIs:
    async def test_a_running_request_means_that_it_works(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=40_000)
        exchange = world.start(talk)
        await world.noted()
        session = await world.session()
        assert (session.status, session.waiting_for) == (Status.BUSY, None)
        await world.finish(exchange, answer_body(40_000, 0))

    @pytest.mark.parametrize(
        ("tool", "status", "waiting"),
        [(True, Status.BUSY, WaitingFor.TOOL), (False, Status.IDLE, WaitingFor.YOU)],
    )
    async def test_the_answer_says_what_it_waits_for(
        self, world: World, talk: Talk, tool: bool, status: Status, waiting: WaitingFor
    ) -> None:
        await world.ask(talk, write=40_000, tool=tool)
        session = await world.session()
        assert (session.status, session.waiting_for) == (status, waiting)
        assert (await world.rows(PERIODS))[-1][3] == waiting

    @pytest.mark.parametrize("tool", [True, False])
    async def test_a_title_call_after_it_changes_nothing(self, world: World, talk: Talk, tool: bool) -> None:
        await world.ask(talk, write=40_000, tool=tool)
        before = await world.session()
        world.clock.advance(1.0)
        await world.finish(world.start(talk, side=True), answer_body(0, 0))
        after = await world.session()
        assert (after.status, after.waiting_for) == (before.status, before.waiting_for)

    async def test_a_title_call_beside_it_leaves_the_last_word_to_the_answer(self, world: World, talk: Talk) -> None:
        title, main = world.start(talk, side=True), world.start(talk)
        await world.finish(title, answer_body(0, 0))
        assert (await world.session()).status is Status.BUSY
        await world.finish(main, answer_body(0, 40_000, tool=True))
        assert (await world.session()).waiting_for is WaitingFor.TOOL

    async def test_a_title_call_that_outlasts_the_answer_restores_what_that_said(
        self, world: World, talk: Talk
    ) -> None:
        title, main = world.start(talk, side=True), world.start(talk)
        await world.finish(main, answer_body(0, 40_000, tool=True))
        await world.finish(title, answer_body(0, 0))
        assert (await world.session()).waiting_for is WaitingFor.TOOL

    async def test_side_calls_alone_leave_it_waiting_for_you(self, world: World, talk: Talk) -> None:
        first, second = world.start(talk, side=True), world.start(talk, side=True)
        await world.finish(first, answer_body(0, 0))
        await world.finish(second, answer_body(0, 0))
        session = await world.session()
        assert (session.status, session.waiting_for) == (Status.IDLE, WaitingFor.YOU)

    async def test_a_side_call_after_a_restart_restores_what_the_store_says(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=40_000, tool=True)
        await world.restart()
        await world.finish(world.start(talk, side=True), answer_body(0, 0))
        assert (await world.session()).waiting_for is WaitingFor.TOOL

    async def test_a_subagents_side_call_does_not_speak_for_the_session(self, world: World, talk: Talk) -> None:
        await world.ask(talk, write=40_000)
        main = world.start(talk)
        sub = replace(talk, agent="sub-1")
        await world.finish(world.start(sub, side=True), answer_body(0, 0))
        assert (await world.session()).status is Status.BUSY
        await world.finish(main, answer_body(40_000, 0))

    @pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
    async def test_a_failure_is_yours_until_the_client_asks_again(self, world: World, talk: Talk, status: int) -> None:
        await world.ask(talk, write=40_000, tool=True)
        await world.fail(talk, status)
        session = await world.session()
        assert (session.status, session.waiting_for) == (Status.IDLE, WaitingFor.YOU)

    async def test_a_failure_beside_a_running_request_leaves_it_working(self, world: World, talk: Talk) -> None:
        running = world.start(talk)
        await world.fail(talk, 529)
        assert (await world.session()).status is Status.BUSY
        await world.finish(running, answer_body(0, 40_000))


class TestWhatIsNoPartOfTheLineage:
    async def test_a_title_call_is_never_its_last_request(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        held = world.vault.get(lineage.id)
        session = await world.session()
        world.clock.advance(50.0)
        await world.finish(world.start(talk, side=True), answer_body(0, 0))
        after = await world.lineage()
        assert (after.id, after.requests, after.last_touch_at) == (lineage.id, 2, lineage.last_touch_at)
        assert world.vault.get(lineage.id) is held
        assert (await world.session()).context_tokens == session.context_tokens
        found = await world.one("SELECT lineage_id, agent_id FROM requests WHERE model = 'claude-haiku-5-5'")
        assert found == (None, "")

    @pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 529])
    async def test_an_error_is_no_request_of_it(self, world: World, talk: Talk, status: int) -> None:
        lineage = await world.settled(talk)
        world.clock.advance(50.0)
        talk.go_on()
        await world.fail(talk, status)
        after = await world.lineage()
        assert (after.requests, after.last_touch_at) == (2, lineage.last_touch_at)
        assert (await world.one("SELECT count(*) FROM requests"))[0] == 2

    async def test_a_request_given_up_before_its_first_byte_is_none(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        exchange = world.start(talk)
        world.clock.advance(50.0)
        await world.finish(exchange, status=None, outcome="client_gone")
        after = await world.lineage()
        assert (after.requests, after.last_touch_at) == (2, lineage.last_touch_at)
        session = await world.session()
        assert (session.status, session.waiting_for) == (Status.IDLE, WaitingFor.YOU)

    async def test_a_request_given_up_in_mid_answer_is_one(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        talk.go_on()
        world.clock.advance(50.0)
        exchange = world.start(talk)
        whole = answer_body(50_000, 500)
        await world.finish(exchange, whole[: whole.index(b"content_block_start") + 5], outcome="client_gone")
        row = await world.lineage()
        assert (row.requests, row.prefix_tokens, row.last_touch_at) == (3, 50_500, exchange.started_wall)
        assert (await world.session()).waiting_for is WaitingFor.YOU

    async def test_an_older_request_that_ends_later_does_not_move_the_clock_back(
        self, world: World, talk: Talk
    ) -> None:
        await world.settled(talk)
        older = world.start(talk)
        world.clock.advance(5.0)
        talk.go_on()
        newer = world.start(talk)
        world.clock.advance(5.0)
        await world.finish(newer, answer_body(50_000, 900, tool=True))
        await world.finish(older, answer_body(50_000, 0))
        row = await world.lineage()
        assert (row.last_request_at, row.last_touch_at) == (newer.started_wall, newer.started_wall)
        assert (row.requests, row.prefix_tokens) == (3, 50_900)
        held = world.vault.get(row.id)
        assert held is not None
        assert held.body == newer.body
        assert (await world.session()).waiting_for is WaitingFor.TOOL
        assert (await world.one("SELECT count(*) FROM requests"))[0] == 4

    async def test_a_request_after_the_clock_was_set_back_is_the_newer_one(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        world.clock.step(-3_600.0)
        world.clock.advance(10.0)
        talk.go_on()
        exchange = await world.ask(talk, read=50_000, write=100)
        row = await world.lineage()
        assert (row.requests, row.last_touch_at) == (3, exchange.started_wall)


class TestWhatCannotBePinged:
    @pytest.mark.parametrize(
        ("extra", "reason"),
        [
            ({"thinking": {"type": "enabled", "budget_tokens": 2_000}}, "thinking"),
            ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ],
    )
    async def test_is_marked_with_its_reason(
        self, world: World, talk: Talk, extra: dict[str, object], reason: str
    ) -> None:
        talk.extra = extra
        row = await world.settled(talk)
        assert (row.replayable, row.thinking) == (reason, reason == "thinking")

    @pytest.mark.parametrize(("prefix", "most"), [(40_000, 400), (10_000, 256)])
    async def test_a_long_part_behind_the_last_mark_is_one_of_them(
        self, world: World, talk: Talk, prefix: int, most: int
    ) -> None:
        """Each ping would pay it in full, and no cap counts it."""
        await world.ask(talk, write=prefix, uncached=most)
        assert (await world.lineage()).replayable == ""
        await world.ask(talk, read=prefix, uncached=most + 1)
        assert (await world.lineage()).replayable == "uncached"

    async def test_a_subscription_is_known_as_one(self, world: World, talk: Talk) -> None:
        talk.oauth = True
        await world.ask(talk, write=40_000)
        assert (await world.session()).login == "subscription"


class TestSessionsAndLaunches:
    async def test_a_client_that_names_no_session_goes_by_its_launch(self, world: World) -> None:
        await world.ask(Talk(session="", launch=PLAIN_LAUNCH), write=40_000)
        session = await world.session(PLAIN_LAUNCH)
        assert (session.agent, session.launch_id) == ("other", PLAIN_LAUNCH)

    async def test_a_launch_that_turns_out_to_be_a_session_keeps_its_lineage(self, world: World) -> None:
        await world.ask(Talk(session="", launch=PLAIN_LAUNCH), write=40_000)
        named = Talk(session="session-9", launch=PLAIN_LAUNCH)
        named.go_on()
        await world.ask(named, read=40_000, write=10)
        row = await world.lineage("session-9")
        assert row.requests == 2
        assert await world.store.read(lambda connection: sessions.get(connection, PLAIN_LAUNCH)) is None

    async def test_a_session_that_is_resumed_is_open_again_in_its_new_process(self, world: World, talk: Talk) -> None:
        await world.settled(talk)
        now = world.clock.wall()
        await world.store.write(lambda connection: sessions.end(connection, talk.session, "ended", now))
        world.routes["launch-0003"], world.agents["launch-0003"] = world.routes[LAUNCH], "claude"
        row = launch("launch-0003", "claude", pid=5151)
        await world.store.write(lambda connection: launches.record(connection, row))
        world.clock.advance(60.0)
        talk.launch = "launch-0003"
        talk.go_on()
        await world.ask(talk, read=50_000)
        session = await world.session()
        assert (session.ended_at, session.end_reason) == (None, "")
        assert (session.launch_id, session.pid, session.pid_started) == ("launch-0003", 5151, None)
        assert (await world.lineage()).requests == 3

    async def test_a_request_that_outlasts_its_session_does_not_open_it_again(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        exchange = world.start(talk)
        world.clock.advance(1.0)
        now = world.clock.wall()
        await world.noted()
        await world.store.write(lambda connection: sessions.end(connection, talk.session, "ended", now))
        world.vault.drop_session(talk.session)
        world.clock.advance(1.0)
        await world.finish(exchange, answer_body(50_000, 0))
        session = await world.session()
        assert (session.ended_at, session.status, session.waiting_for) == (now, Status.ENDED, None)
        assert world.vault.get(lineage.id) is None
        assert not (await world.lineage()).held
        assert (await world.one("SELECT count(*) FROM requests"))[0] == 3


async def test_a_request_counts_once_whatever_is_delivered_twice(world: World, talk: Talk) -> None:
    body = answer_body(0, 40_000)
    for _ in range(2):
        await world.finish(world.start(talk), body)
    assert (await world.one("SELECT count(*) FROM requests"))[0] == 1


async def test_without_a_known_lifetime_no_idle_period_is_opened(world: World, talk: Talk) -> None:
    body = talk.body().replace(b'"ttl": "5m"', b'"ttl": "9d"')
    await world.finish(world.start(talk, body=body), answer_body(0, 40_000))
    row = await world.lineage()
    assert (row.ttl_class, row.replayable) == (None, "ttl_unknown")
    assert await world.store.read(lambda connection: idle.current(connection, row.id)) is None
