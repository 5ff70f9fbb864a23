"""From an exchange to store and memory: counted while it runs, parsed once, told once, whatever it was."""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
from dataclasses import replace

import pytest

import keepalive.observer
from keepalive.exchange import Exchange
from keepalive.vault import AccountStop
from store import sessions
from tests.keepalive.money_harness import (
    KEY,
    LAUNCH,
    OTHER_KEY,
    PLAIN_LAUNCH,
    SSE,
    Talk,
    World,
    answer_body,
)


def running(world: World, session_id: str = "session-1", agent_id: str = "") -> bool:
    return world.flights.any(session_id, None, agent_id)


class TestHolding:
    async def test_the_last_request_is_held_as_it_came(self, world: World, talk: Talk) -> None:
        exchange = await world.ask(talk, write=40_000)
        held = world.vault.get((await world.lineage()).id)
        assert held is not None
        assert (held.body, held.headers, held.target) == (exchange.body, exchange.headers, exchange.target)
        assert held.route is world.routes[LAUNCH]
        assert held.account == world.vault.account(exchange.headers)
        assert held.started_monotonic == exchange.started_monotonic

    async def test_a_compressed_body_is_held_as_it_came(self, world: World, talk: Talk) -> None:
        exchange = world.start(talk, body=gzip.compress(talk.body()))
        exchange.headers = (*exchange.headers, (b"Content-Encoding", b"gzip"))
        await world.finish(exchange, answer_body(0, 40_000))
        held = world.vault.get((await world.lineage()).id)
        assert held is not None
        assert held.body == exchange.body

    async def test_each_thread_has_its_own(self, world: World, talk: Talk) -> None:
        main = await world.ask(talk, write=40_000)
        sub = await world.ask(replace(talk, agent="sub-1"), write=8_000)
        kept = world.vault.get((await world.lineage()).id)
        other = world.vault.get((await world.lineage(agent_id="sub-1")).id)
        assert kept is not None
        assert other is not None
        assert (kept.body, other.agent_id) == (main.body, "sub-1")
        assert other.headers == sub.headers


class TestUntracked:
    async def test_a_request_of_claude_without_its_header_leaves_no_trace(self, world: World, talk: Talk) -> None:
        """A script that the agent runs inherits base URL, token and key."""
        script = replace(talk, session="")
        exchange = world.start(script)
        assert not world.flights.any("session-1", LAUNCH)
        await world.finish(exchange, answer_body(0, 40_000))
        assert await world.store.read(sessions.open_sessions) == []
        assert (await world.one("SELECT count(*) FROM requests"))[0] == 0
        assert world.changed == []

    async def test_it_does_not_hold_back_the_sessions_pings_or_clear_its_stop(self, world: World, talk: Talk) -> None:
        lineage = await world.settled(talk)
        held = world.vault.get(lineage.id)
        assert held is not None
        stop = AccountStop("refused", {}, None)
        world.vault.stop_account(held.account, stop)
        exchange = world.start(replace(talk, session=""))
        assert not running(world)
        await world.finish(exchange, answer_body(0, 40_000))
        assert world.vault.get(lineage.id) is held
        assert world.vault.account_stop(held.account, world.clock.wall()) is stop

    async def test_a_client_without_a_header_of_its_own_is_tracked(self, world: World) -> None:
        plain = Talk(session="", launch=PLAIN_LAUNCH)
        exchange = world.start(plain)
        assert world.flights.any("whatever", PLAIN_LAUNCH)
        await world.finish(exchange, answer_body(0, 40_000))
        assert (await world.lineage(PLAIN_LAUNCH)).requests == 1


class TestNames:
    async def test_a_body_may_name_the_session(self, world: World) -> None:
        plain = Talk(session="", launch=PLAIN_LAUNCH, extra={"metadata": {"user_id": "u_session_0a1b2c3d-0000"}})
        await world.ask(plain, write=40_000)
        assert (await world.lineage("0a1b2c3d-0000")).requests == 1
        assert world.changed[-1] == "0a1b2c3d-0000"

    async def test_the_header_comes_first_since_flights_go_by_it(self, world: World) -> None:
        plain = Talk(session="", launch=PLAIN_LAUNCH, extra={"metadata": {"user_id": "u_session_0a1b2c3d-0000"}})
        exchange = world.start(plain)
        await world.finish(exchange, answer_body(0, 40_000))
        named = world.start(plain)
        named.headers = (*named.headers, (b"x-session-id", b"ses_1"))
        world.flights.leave((PLAIN_LAUNCH, ""))
        world.flights.enter(("ses_1", ""))
        await world.finish(named, answer_body(40_000, 0))
        assert (await world.lineage("ses_1")).session_id == "ses_1"


class TestCounting:
    @pytest.mark.parametrize("status", [None, 200, 529])
    async def test_a_request_counts_while_it_runs(self, world: World, talk: Talk, status: int | None) -> None:
        exchange = world.start(talk)
        assert running(world)
        await world.finish(exchange, answer_body(0, 40_000), status=status, outcome="client_gone")
        assert not running(world)

    async def test_a_subagents_request_counts_for_itself(self, world: World, talk: Talk) -> None:
        exchange = world.start(replace(talk, agent="sub-1"))
        assert not running(world)
        assert running(world, agent_id="sub-1")
        await world.finish(exchange, answer_body(0, 8_000))
        assert not running(world, agent_id="sub-1")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": 3}', b"\xff\xfe", b"[" * 90_000])
    async def test_a_body_that_cannot_be_read_ends_too(self, world: World, talk: Talk, body: bytes) -> None:
        await world.ask(talk, write=40_000)
        world.changed.clear()
        exchange = world.start(talk, body=body)
        await world.finish(exchange, b"\x00 nothing", headers=())
        assert not running(world)
        assert world.changed.count("session-1") == 2  # its start and its end
        assert (await world.session()).waiting_for == "you"

    async def test_an_upstream_that_never_answered_ends_too(self, world: World, talk: Talk) -> None:
        exchange = world.start(talk)
        await world.finish(exchange, status=None, outcome="upstream_failed")
        assert not running(world)
        assert (await world.session()).waiting_for == "you"

    async def test_whatever_parsing_raises(self, world: World, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        exchange = world.start(talk)
        await world.noted()
        world.changed.clear()
        monkeypatch.setattr(keepalive.observer, "parse_response", broken)
        with pytest.raises(ZeroDivisionError):
            await world.finish(exchange, answer_body(0, 40_000))
        assert not running(world)
        assert world.changed == ["session-1"]

    async def test_whatever_the_store_raises(self, world: World, talk: Talk) -> None:
        exchange = world.start(talk)
        await world.noted()
        await world.store.write(lambda connection: connection.execute("ALTER TABLE requests RENAME TO gone"))
        with pytest.raises(Exception, match="no such table"):
            await world.finish(exchange, answer_body(0, 40_000))
        assert not running(world)
        await world.store.write(lambda connection: connection.execute("ALTER TABLE gone RENAME TO requests"))
        await world.ask(talk, write=40_000)
        assert (await world.lineage()).requests == 1


class TestTelling:
    async def test_the_end_is_told_once_and_after_it_was_learned(self, world: World, talk: Talk) -> None:
        exchange = world.start(talk)
        await world.noted()
        world.changed.clear()
        seen: list[tuple[str, bool, int]] = []
        told = world.pinger.replan

        async def replan(session_id: str) -> None:
            seen.append((session_id, running(world), (await world.lineage()).requests))
            await told(session_id)

        world.pinger.replan = replan  # type: ignore[method-assign]
        await world.finish(exchange, answer_body(0, 40_000))
        assert seen == [("session-1", False, 1)]

    async def test_the_start_is_told_for_the_main_thread_alone(self, world: World, talk: Talk) -> None:
        main, sub = world.start(talk), world.start(replace(talk, agent="sub-1"))
        await world.noted()
        await world.noted()
        assert world.changed == ["session-1"]
        for exchange in (main, sub):
            await world.finish(exchange, answer_body(0, 40_000))
        assert world.changed == ["session-1"] * 3

    async def test_requests_that_end_together_are_learned_one_by_one(self, world: World, talk: Talk) -> None:
        """Else the older one, stored last, would be compared with what was held before both."""
        await world.settled(talk)
        older = world.start(talk)
        world.clock.advance(5.0)
        talk.go_on()
        newer = world.start(talk)
        for _ in range(5):
            await asyncio.gather(
                world.finish(newer, answer_body(50_000, 900)), world.finish(older, answer_body(50_000, 0))
            )
            row = await world.lineage()
            held = world.vault.get(row.id)
            assert held is not None
            assert (row.last_touch_at, held.body) == (newer.started_wall, newer.body)


class TestAccounts:
    async def stopped(self, world: World, talk: Talk) -> str:
        account = world.vault.account(talk.headers())
        world.vault.stop_account(account, AccountStop("refused", {"status": 401}, None))
        return account

    async def test_a_good_answer_ends_a_stop(self, world: World, talk: Talk) -> None:
        account = await self.stopped(world, talk)
        await world.ask(talk, write=40_000)
        assert world.vault.account_stop(account, world.clock.wall()) is None

    @pytest.mark.parametrize("status", [400, 401, 429, 500])
    async def test_another_answer_does_not(self, world: World, talk: Talk, status: int) -> None:
        account = await self.stopped(world, talk)
        await world.fail(talk, status)
        assert world.vault.account_stop(account, world.clock.wall()) is not None

    async def test_another_accounts_answer_does_not(self, world: World, talk: Talk) -> None:
        account = await self.stopped(world, talk)
        await world.ask(replace(talk, key=OTHER_KEY), write=40_000)
        assert world.vault.account_stop(account, world.clock.wall()) is not None

    async def test_its_other_sessions_are_told_as_well(self, world: World, talk: Talk) -> None:
        second, foreign = Talk(session="session-2"), Talk(session="session-3", key=OTHER_KEY)
        for each in (second, foreign):
            await world.ask(each, write=40_000)
        await self.stopped(world, talk)
        world.changed.clear()
        await world.ask(talk, write=40_000)
        assert world.changed == ["session-1", "session-1", "session-2"]

    async def test_rate_limits_are_noted_with_the_account(self, world: World, talk: Talk) -> None:
        exchange = world.start(talk)
        told = ((b"anthropic-ratelimit-requests-limit", b"100"), (b"anthropic-ratelimit-requests-remaining", b"4"))
        await world.finish(exchange, answer_body(0, 40_000), headers=(*SSE, *told))
        assert world.vault.limits(world.vault.account(talk.headers())).requests.used == pytest.approx(0.96)


async def test_nothing_of_a_credential_or_a_body_is_stored(world: World, talk: Talk) -> None:
    talk.said = ["the secret plan"]
    await world.settled(talk)
    await world.restart()

    def everything(connection: sqlite3.Connection) -> str:
        return "\n".join(connection.iterdump())

    dump = await world.store.read(everything)
    assert KEY not in dump
    assert "the secret plan" not in dump
    assert "session-1" in dump


def exchange_of(talk: Talk) -> Exchange:
    return Exchange(talk.launch, "POST", "/v1/messages", talk.headers(), 0.0, 0.0)


async def test_a_launch_that_nobody_routed_counts_nothing(world: World) -> None:
    stray = exchange_of(Talk(launch="launch-9999"))
    with pytest.raises(KeyError):
        world.observer.started(stray)
    with pytest.raises(KeyError):
        await world.observer.finished(stray)
    assert not world.flights.any("session-1", "launch-9999")
