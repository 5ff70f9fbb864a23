"""What a decision gets to know, and where each part of it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepalive.config import Config, section
from keepalive.judge import FORK_EXTRA
from keepalive.state import Login
from keepalive.usage import Bucket, RateLimits
from keepalive.vault import AccountStop
from keepalive.views import FORK_OUTPUT, Situation, gather
from store import budgets, idle, idle_compaction, launches, lineages, pings, sessions
from store.models import BudgetMode, WaitingFor
from tests.keepalive.money_harness import PREFIX, READ, WRITE_1H, WRITE_5M, Talk, World
from tests.keepalive.passive_talk import REPLY, PassiveTalk, with_forker
from tests.keepalive.plugin_side import OTHER, SESSION


async def look(world: World, lineage_id: int, config: Config | None = None) -> Situation:
    situation = await world.store.read(
        lambda connection: gather(
            connection,
            lineage_id,
            vault=world.vault,
            flights=world.flights,
            config=config or world.config,
            now=world.clock.wall(),
            process_dead=False,
            clock_trusted=True,
        )
    )
    assert situation is not None
    return situation


async def test_an_unknown_lineage_has_no_situation(world: World) -> None:
    assert (
        await world.store.read(
            lambda connection: gather(
                connection,
                1,
                vault=world.vault,
                flights=world.flights,
                config=world.config,
                now=0.0,
                process_dead=False,
                clock_trusted=True,
            )
        )
        is None
    )


@pytest.mark.parametrize(("ttl", "write", "seconds"), [("5m", WRITE_5M, 300.0), ("1h", WRITE_1H, 3600.0)])
async def test_a_settled_lineage(world: World, ttl: str, write: float, seconds: float) -> None:
    talk = Talk(ttl="1h" if ttl == "1h" else "5m")
    row = await world.settled(talk)
    view = (await look(world, row.id)).view
    assert (view.requests, view.prefix_tokens, view.minimum_tokens) == (2, PREFIX, 512)
    assert (view.ttl_class, view.ttl_seconds, view.ttfb_p95) == (ttl, seconds, 0.5)
    assert (view.last_request_at, view.last_touch_at) == (row.last_request_at, row.last_touch_at)
    assert view.read_usd == pytest.approx(PREFIX * READ / 1e6)
    assert view.write_usd == pytest.approx(PREFIX * write / 1e6)
    assert view.read_multiplier == pytest.approx(0.1)
    assert view.write_multiplier == pytest.approx(write / 5.0)
    assert (view.login, view.attached, view.has_prefix, view.replayable) == ("api_key", True, True, True)
    assert (view.in_flight, view.ping_in_flight, view.waiting_for) == (False, False, WaitingFor.YOU)
    assert (view.stop, view.replaced, view.agent_id) == ("", "", "")


async def test_without_a_price_nothing_is_priced(world: World) -> None:
    row = await world.settled(Talk(model="a-model-that-nobody-knows"))
    view = (await look(world, row.id)).view
    assert (view.read_usd, view.write_usd, view.read_multiplier, view.write_multiplier) == (None, None, 0.0, 0.0)
    assert view.model == "a-model-that-nobody-knows"


async def test_a_session_that_is_over_or_was_never_attached(world: World, talk: Talk) -> None:
    row = await world.settled(talk)
    await world.store.write(lambda c: sessions.save(c, talk.session, launch_id=None))
    assert not (await look(world, row.id)).view.attached
    await world.store.write(lambda c: sessions.end(c, talk.session, "ended", 1.0))
    assert (await look(world, row.id)).view.session_ended


async def test_what_is_held_and_what_runs_comes_from_memory(world: World, talk: Talk) -> None:
    row = await world.settled(talk)
    world.start(talk)
    assert (await look(world, row.id)).view.in_flight
    world.vault.drop_session(talk.session)
    assert not (await look(world, row.id)).view.has_prefix


async def test_a_launchs_nameless_request_counts_for_its_sessions(world: World, talk: Talk) -> None:
    row = await world.settled(talk)
    world.flights.enter((talk.launch, ""))
    assert (await look(world, row.id)).view.in_flight


class TestStops:
    async def test_the_accounts_comes_before_the_lineages(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.store.write(lambda c: lineages.stop(c, row.id, "missed", {"read_percent": 3}))
        view = (await look(world, row.id)).view
        assert (view.stop, view.stop_args, view.stop_until) == ("missed", {"read_percent": 3}, None)
        until = world.clock.wall() + 30.0
        world.vault.stop_account(world.vault.account(talk.headers()), AccountStop("limited", {"until": until}, until))
        view = (await look(world, row.id)).view
        assert (view.stop, view.stop_args, view.stop_until) == ("limited", {"until": until}, until)
        world.clock.advance(30.0)
        assert (await look(world, row.id)).view.stop == "missed"

    async def test_without_an_idle_period_there_is_one(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.store.write(lambda c: idle.close_unreturned(c, row.id, at=1.0, by="end"))
        assert (await look(world, row.id)).view.stop == "no_request"


class TestRateLimits:
    async def used(self, world: World, talk: Talk, limits: RateLimits) -> tuple[float, float | None]:
        row = await world.settled(talk)
        world.vault.note_limits(world.vault.account(talk.headers()), limits)
        view = (await look(world, row.id)).view
        return round(view.limits_used, 6), view.limits_reset_at

    async def test_the_fullest_counts(self, world: World, talk: Talk) -> None:
        now = world.clock.wall()
        found = await self.used(world, talk, RateLimits(Bucket(100, 50, now + 100), Bucket(100, 8, now + 200)))
        assert found == (0.92, now + 200)

    async def test_one_that_is_full_again_hides_no_other(self, world: World, talk: Talk) -> None:
        now = world.clock.wall() + 14.0
        found = await self.used(world, talk, RateLimits(Bucket(100, 1, now), Bucket(100, 8, now + 200)))
        assert found == (0.92, now + 200)

    async def test_nothing_said_is_nothing_used(self, world: World, talk: Talk) -> None:
        assert await self.used(world, talk, RateLimits()) == (0.0, None)


class TestRules:
    async def test_come_from_the_config(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        config = section(
            Config,
            {
                "budget": {
                    "mode": "off",
                    "pings": 7,
                    "usd_per_ping": 0.5,
                    "usd_per_day": 9.0,
                    "min_prefix_tokens": 12,
                }
            },
        )
        rules = (await look(world, row.id, config)).rules
        assert (rules.mode, rules.max_idle_pings, rules.max_session_usd) == (BudgetMode.OFF, 7, None)
        assert (rules.max_ping_usd, rules.max_day_usd, rules.min_prefix_tokens) == (0.5, 9.0, 12)

    async def test_the_stored_default_and_then_the_sessions_own_replace_it(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        await world.budget(budgets.DEFAULT, BudgetMode.HOLD, until=9e9, pings=3)
        rules = (await look(world, row.id)).rules
        assert (rules.mode, rules.until, rules.max_idle_pings) == (BudgetMode.HOLD, 9e9, 3)
        await world.budget(talk.session, BudgetMode.AUTO, usd=0.5)
        rules = (await look(world, row.id)).rules
        assert (rules.mode, rules.until, rules.max_idle_pings, rules.max_session_usd) == (
            BudgetMode.AUTO,
            None,
            None,
            0.5,
        )

    async def test_the_tables_of_the_config_ask_for_project_agent_and_class(self, world: World, talk: Talk) -> None:
        row, slow = await world.settled(talk), await world.settled(Talk(session="session-2", ttl="1h"))
        config = section(
            Config,
            {
                "budget": {
                    "ttl": {"1h": {"pings": 1}},
                    "agent": {"claude": {"usd_per_ping": 0.5}},
                    "project": {"project": {"usd_per_session": 2.0, "min_prefix_tokens": 12}},
                }
            },
        )
        rules = (await look(world, row.id, config)).rules
        assert (rules.max_idle_pings, rules.max_ping_usd) == (None, 0.5)
        assert (rules.max_session_usd, rules.min_prefix_tokens) == (2.0, 12)
        assert (await look(world, slow.id, config)).rules.max_idle_pings == 1

    async def test_a_sessions_own_cap_a_ping_replaces_the_configs(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        for cap, shown in [(0.01, 0.01), (None, 0.25)]:
            await world.store.write(
                lambda c, cap=cap: budgets.put(  # type: ignore[misc]
                    c, talk.session, mode=BudgetMode.AUTO, pings=None, usd=None, until=None, usd_per_ping=cap, now=1.0
                )
            )
            assert (await look(world, row.id)).rules.max_ping_usd == shown

    async def test_a_pause_lasts_until_its_end(self, world: World, talk: Talk) -> None:
        row = await world.settled(talk)
        assert not (await look(world, row.id)).rules.day_paused
        end = world.clock.wall() + 60.0
        await world.store.write(lambda c: budgets.pause(c, end))
        assert (await look(world, row.id)).rules.day_paused
        world.clock.advance(60.0)
        assert not (await look(world, row.id)).rules.day_paused


async def test_spending_is_summed_by_idle_period_session_and_day(world: World, talk: Talk) -> None:
    other = Talk(session="session-2")
    row, second = await world.settled(talk), await world.settled(other)
    await world.pinger.ping_now(talk.session)
    talk.go_on()
    await world.ask(talk, read=PREFIX)
    for session in (talk.session, talk.session, other.session):
        assert await world.pinger.ping_now(session) == "hit"
    spend = (await look(world, row.id)).spend
    ping = PREFIX * READ / 1e6
    assert spend.idle_pings == 2
    assert (spend.idle_usd, spend.session_usd, spend.day_usd) == pytest.approx((2 * ping, 3 * ping, 4 * ping))
    assert (await look(world, second.id)).spend.idle_pings == 1


async def test_yesterdays_money_is_not_todays(world: World, talk: Talk) -> None:
    row = await world.settled(talk)
    await world.pinger.ping_now(talk.session)
    world.clock.advance(86_400.0)
    spend = (await look(world, row.id)).spend
    assert spend.day_usd == 0.0
    assert spend.session_usd > 0.0


async def test_a_ping_without_an_answer_is_on_its_way(world: World, talk: Talk) -> None:
    row = await world.settled(talk)

    async def seen() -> None:
        assert (await look(world, row.id)).view.ping_in_flight

    world.store.after_reserve = seen
    assert await world.pinger.ping_now(talk.session) == "hit"
    assert not (await look(world, row.id)).view.ping_in_flight
    assert await world.store.write(pings.abandon_unanswered) == 0


async def test_a_subagents_lineage_is_known_as_one(world: World, talk: Talk) -> None:
    row = await world.settled(replace(talk, agent="sub-1"))
    assert (await look(world, row.id)).view.agent_id == "sub-1"


async def test_a_launch_that_is_over_takes_its_sessions_along(world: World, talk: Talk) -> None:
    row = await world.settled(talk)
    await world.store.write(lambda c: launches.end(c, talk.launch, world.clock.wall()))
    assert (await look(world, row.id)).view.session_ended


class TestIdleCompaction:
    async def compacts_at(self, world: World, **known: str | int) -> float | None:
        talk = Talk(ttl="1h")
        row = await world.settled(talk)
        agent = "claude"
        await world.store.write(lambda c: sessions.save(c, talk.session, agent=agent, **known))
        at = (await look(world, row.id)).view.compacts_at
        return None if at is None else at - (row.last_request_at or 0.0)

    async def test_a_large_idle_conversation_will_be_compacted(self, world: World) -> None:
        assert await self.compacts_at(world, client_version="2.1.331", context_tokens=250_000) == 3_240.0

    async def test_a_small_one_or_an_old_client_will_not(self, world: World) -> None:
        assert await self.compacts_at(world, client_version="2.1.331", context_tokens=150_000) is None
        assert await self.compacts_at(world, client_version="2.1.200", context_tokens=250_000) is None

    async def test_nor_where_the_person_switched_it_off(self, world: World) -> None:
        await world.store.write(lambda c: idle_compaction.put(c, idle_compaction.Rule(on=False)))
        assert await self.compacts_at(world, client_version="2.1.331", context_tokens=250_000) is None


class TestForks:
    """What a decision knows of a session whose client could be asked."""

    async def seen(self, world: World, passive: PassiveTalk) -> Situation:
        row = await world.lineage(passive.session)
        situation = await world.store.read(
            lambda connection: gather(
                connection,
                row.id,
                vault=world.vault,
                flights=world.flights,
                config=world.config,
                now=world.clock.wall(),
                process_dead=False,
                clock_trusted=True,
                plugins=world.plugins,
            )
        )
        assert situation is not None
        return situation

    async def test_a_plugin_that_rests(self, world: World) -> None:
        passive = PassiveTalk(world)
        row = await passive.settled()
        found = await self.seen(world, passive)
        view = found.view
        assert (view.plugin, view.plugin_missed, view.rests, view.fork_allowed) == (True, False, True, True)
        assert (view.attached, view.has_prefix, view.login, view.requests) == (False, False, None, 2)
        assert (found.reply_tokens, found.plan_login, found.idle_id is not None) == (REPLY, False, True)
        plain = (await look(world, row.id)).view
        assert (plain.plugin, plain.plugin_missed) == (False, False), "nobody looked for plugins"

    async def test_a_turn_that_runs_and_a_plugin_that_is_missed(self, world: World) -> None:
        passive = PassiveTalk(world)
        await passive.settled()
        await passive.announce(running=True)
        assert not (await self.seen(world, passive)).view.rests
        world.clock.advance(61.0)
        await passive.look()
        view = (await self.seen(world, passive)).view
        assert (view.plugin, view.plugin_missed, view.rests) == (False, True, True)

    @pytest.mark.parametrize("login", [None, "api_key", "subscription"])
    @pytest.mark.parametrize("yes", [None, True, False])
    async def test_what_may_leave_under_its_login(self, world: World, login: Login | None, yes: bool | None) -> None:
        passive = PassiveTalk(world, login=login)
        await passive.settled()
        if yes is not None:
            await passive.consent(yes)
        found = await self.seen(world, passive)
        assert found.plan_login is (yes is True)
        assert found.view.fork_allowed is (login != "subscription" or yes is True)

    async def test_a_fork_costs_the_last_answer_too(self, world: World) -> None:
        passive = PassiveTalk(world)
        await passive.settled()
        await passive.ask(output=10_000)
        beyond, dot = 10_000 + FORK_EXTRA, FORK_OUTPUT * 25.0
        found = await self.seen(world, passive)
        assert found.prompt_tokens == PREFIX + beyond
        assert found.view.read_usd == pytest.approx((PREFIX * READ + beyond * WRITE_5M + dot) / 1e6)
        assert found.view.write_usd == pytest.approx(((PREFIX + beyond) * WRITE_5M + dot) / 1e6)
        with_forker(world)
        await passive.look()
        assert await world.pinger.ping_now(passive.session) == "hit"
        found = await self.seen(world, passive)  # the first fork has written the answer
        assert found.view.read_usd == pytest.approx((PREFIX * READ + beyond * READ + dot) / 1e6)
        assert found.view.write_usd == pytest.approx(((PREFIX + beyond) * WRITE_5M + dot) / 1e6)

    async def test_a_replay_costs_its_prefix(self, world: World) -> None:
        talk, passive = Talk(session=SESSION), PassiveTalk(world)
        await world.settled(talk)
        await passive.announce()
        found = await self.seen(world, passive)
        assert found.prompt_tokens == PREFIX
        assert found.view.read_usd == pytest.approx(PREFIX * READ / 1e6)

    async def test_an_hours_entry_is_a_trial_until_it_is_proven(self, world: World) -> None:
        short, long = PassiveTalk(world, OTHER), PassiveTalk(world, ttl="1h")
        await short.settled()
        await long.settled()
        assert not (await self.seen(world, short)).view.forks_unproven
        assert (await self.seen(world, long)).view.forks_unproven

    async def test_the_clients_own_windows_count_beside_the_accounts(self, world: World) -> None:
        passive = PassiveTalk(world)
        await passive.settled()
        assert (await self.seen(world, passive)).view.limits_used == 0.0
        reset = world.clock.wall() + 50.0
        windows = [{"kind": "a", "used": 0.5, "resets_at": None}, {"kind": "b", "used": 0.8, "resets_at": reset}]
        await passive.announce(limits=windows)
        view = (await self.seen(world, passive)).view
        assert (view.limits_used, view.limits_reset_at) == (0.8, reset)
        world.clock.advance(50.0)
        view = (await self.seen(world, passive)).view
        assert (view.limits_used, view.limits_reset_at) == (0.5, None)
