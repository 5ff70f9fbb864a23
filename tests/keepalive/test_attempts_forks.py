"""Pings of sessions beside the gateway: the client itself is asked. Money, stops, and what takes an ask back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from keepalive.attempts import NO_PING
from keepalive.config import Config, section
from keepalive.fork import ForkWarmer
from keepalive.judge import FORK_EXTRA
from keepalive.pinger import LOOK_AGAIN
from keepalive.usage import RateLimits
from keepalive.warmer import Outcome, WarmAnswer, WarmRequest
from store import board, fork_trial, sessions
from store.models import BudgetMode, Evidence, WaitingFor
from tests.keepalive.money_harness import PREFIX, READ, WRITE_1H, WRITE_5M, ScriptedWarmer, Talk, World, opened
from tests.keepalive.passive_talk import REPLY, PassiveTalk, fork_of, stop_of, with_forker
from tests.keepalive.plugin_side import OTHER, SESSION
from tests.store.made_up import budget_of

ROWS = "SELECT outcome, warmer, output, cache_read, settled_at IS NOT NULL FROM pings ORDER BY id"
MONEY = "SELECT usd, day_usd FROM ping_money ORDER BY id"
OUTPUT = 25.0
"""$ per million tokens."""


@pytest.fixture
def forker(world: World) -> ScriptedWarmer:
    return with_forker(world)


@pytest.fixture
def passive(world: World, forker: ScriptedWarmer) -> PassiveTalk:
    return PassiveTalk(world)


async def spent_nothing(world: World) -> bool:
    """No row, no money, and nothing in the ledger's way."""
    pinged = await world.one("SELECT coalesce(max(pinged), 0) FROM idle_periods")
    return await world.rows("SELECT * FROM pings") == [] and pinged == (0,)


class TestTheWay:
    async def test_a_session_beside_the_gateway_is_asked_itself(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        row = await passive.settled()
        why, at = await passive.plan()
        assert (why, at) == ("kept", (row.last_request_at or 0.0) + 300.0 - 15.0)
        assert (await world.lineage(SESSION)).why_args["warmer"] == "fork"
        await passive.fire()
        (asked,) = forker.asked
        assert (asked.session_id, asked.body, asked.headers, asked.plan_login) == (SESSION, b"", (), False)
        assert asked.not_after == (row.last_request_at or 0.0) + 300.0 - 2.0
        assert world.script.asked == []
        assert forker.prepared == 1

    async def test_without_a_plugin_it_is_only_watched(self, world: World, forker: ScriptedWarmer) -> None:
        passive = PassiveTalk(world)
        await passive.ask(read=0, write=PREFIX)
        world.clock.advance(10.0)
        await passive.ask()
        assert await passive.plan() == ("plugin_silent", None)
        await world.pinger.fire((await world.lineage(SESSION)).id)
        assert await world.pinger.ping_now(SESSION) == "plugin_silent"
        assert forker.asked == []

    async def test_a_replay_goes_first_where_the_prefix_is_held_and_a_fork_where_it_is_lost(
        self, world: World, forker: ScriptedWarmer
    ) -> None:
        talk = Talk(session=SESSION)
        passive = PassiveTalk(world)
        row = await world.settled(talk)
        await passive.announce()
        assert (await world.lineage(SESSION)).why_args["warmer"] == "replay"
        await passive.fire()
        assert (len(world.script.asked), len(forker.asked)) == (1, 0)
        await world.restart()
        await passive.look()
        assert (await world.lineage(SESSION)).why_args["warmer"] == "fork"
        await passive.fire()
        assert (len(world.script.asked), len(forker.asked)) == (1, 1)
        assert await world.rows("SELECT warmer FROM pings WHERE lineage_id = ? ORDER BY id", row.id) == [
            ("replay",),
            ("fork",),
        ]

    @pytest.mark.parametrize("waits", [WaitingFor.TOOL, WaitingFor.PERMISSION, WaitingFor.BACKGROUND])
    async def test_nobody_is_asked_while_a_tool_or_a_question_waits(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer, waits: WaitingFor
    ) -> None:
        await passive.settled()
        await passive.ask(waits=waits)
        assert await passive.plan() == ("fork_waits", None)
        assert await world.pinger.ping_now(SESSION) == "fork_waits"
        assert forker.asked == []


class TestMoney:
    async def test_a_read_is_reserved_and_what_the_client_says_is_paid_its_output_too(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()
        reserved: list[tuple[object, ...]] = []

        async def look() -> None:
            reserved.extend(await world.rows(MONEY))

        world.store.after_reserve = look
        forker.script.append(lambda _: _done(fork_of(world, output=7)))
        await passive.fire()
        sent = PREFIX + REPLY + FORK_EXTRA
        assert reserved == [pytest.approx((sent * READ / 1e6, sent * WRITE_5M / 1e6))]
        assert await world.rows(ROWS) == [("hit", "fork", 7, PREFIX, 1)]
        paid = (PREFIX * READ + REPLY * WRITE_5M + 30 * 5.0 + 7 * OUTPUT) / 1e6
        assert await world.rows(MONEY) == [pytest.approx((paid, paid))]

    @pytest.mark.parametrize(("ttl", "price"), [("5m", WRITE_5M), ("1h", WRITE_1H)])
    async def test_what_a_fork_wrote_costs_what_its_class_costs(
        self, world: World, forker: ScriptedWarmer, ttl: str, price: float
    ) -> None:
        """The client does not say of which class the tokens are; they are of the session's."""
        passive = PassiveTalk(world, ttl="1h" if ttl == "1h" else "5m")
        await passive.settled()
        forker.script.append(lambda _: _done(fork_of(world, read=0, write=PREFIX, output=0, uncached=0)))
        await passive.fire()
        assert await world.rows(MONEY) == [pytest.approx((PREFIX * price / 1e6, PREFIX * price / 1e6))]
        assert await passive.plan() == ("missed", None)

    async def test_a_hit_keeps_the_entry_and_the_next_request_is_told_saved(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        before = await passive.settled()
        await passive.fire()
        after = await world.lineage(SESSION)
        assert after.last_touch_at == pytest.approx((before.last_request_at or 0.0) + 285.0, abs=0.01)
        why, at = await passive.plan()
        assert (why, round(at or 0.0)) == ("kept", round((before.last_request_at or 0.0) + 570.0))
        world.clock.advance(100.0)
        await passive.ask()
        query = "SELECT saved_usd FROM idle_money WHERE closed_by = 'request' ORDER BY id DESC LIMIT 1"
        (saved,) = await world.one(query)
        assert saved == pytest.approx(PREFIX * (WRITE_5M - READ) / 1e6)

    async def test_the_days_cap_holds_over_forks_and_replays_together(self, tmp_path: Path) -> None:
        write_usd = PREFIX * WRITE_5M / 1e6
        config = section(Config, {"budget": {"usd_per_day": 2 * write_usd + 0.01}})
        async with opened(tmp_path, config) as world:
            forker = with_forker(world)
            passive, other = PassiveTalk(world), PassiveTalk(world, OTHER)
            await passive.settled()
            await other.settled()
            await world.settled(Talk())
            gate, first = asyncio.Event(), asyncio.Event()

            async def waits(request: WarmRequest) -> WarmAnswer:
                first.set()
                await gate.wait()
                return fork_of(world)

            forker.script.append(waits)
            pending = asyncio.ensure_future(world.pinger.ping_now(SESSION))
            await first.wait()
            # One write is reserved; a second one does not fit in beside the reply that a fork writes too.
            assert await world.pinger.ping_now("session-1") == "hit"
            assert await world.pinger.ping_now(OTHER) == "day_cap"
            gate.set()
            assert await pending == "hit"

    async def test_a_miss_that_writes_the_reply_too_stays_inside_the_days_cap(self, tmp_path: Path) -> None:
        reply = 30_000
        full = (PREFIX + reply + FORK_EXTRA) * WRITE_5M / 1e6
        for cap, outcome in ((full - 0.001, "day_cap"), (full + 0.01, "miss")):
            folder = tmp_path / outcome
            folder.mkdir()
            async with opened(folder, section(Config, {"budget": {"usd_per_day": cap}})) as world:
                forker = with_forker(world)
                passive = PassiveTalk(world)
                await passive.settled()
                await passive.ask(output=reply)
                forker.script.append(lambda _, world=world: _done(fork_of(world, read=0, write=PREFIX + reply)))  # type: ignore[misc]
                assert await world.pinger.ping_now(SESSION) == outcome
                (spent,) = await world.one("SELECT coalesce(sum(day_usd), 0) FROM ping_money")
                assert spent <= cap  # type: ignore[operator]

    async def test_the_last_reply_counts_against_the_price_of_one_ping(self, tmp_path: Path) -> None:
        """The first fork of an idle period writes it; 30,000 tokens cost more than reading the prefix."""
        async with opened(tmp_path, section(Config, {"budget": {"usd_per_ping": 0.1}})) as world:
            with_forker(world)
            passive = PassiveTalk(world)
            await passive.settled()
            assert (await passive.plan())[0] == "kept"
            await passive.ask(output=30_000)
            assert await passive.plan() == ("ping_cost", None)


class TestStops:
    async def test_a_miss_stops_the_lineage_alone(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        other = PassiveTalk(world, OTHER)
        row = await passive.settled()
        await other.settled()
        forker.script.append(lambda _: _done(fork_of(world, read=0, write=PREFIX)))
        assert await world.pinger.ping_now(SESSION) == "miss"
        assert await passive.plan() == ("missed", None)
        await world.pinger.fire(row.id)
        assert len(forker.asked) == 1
        assert (await other.plan())[0] == "kept"
        await passive.ask()
        assert (await passive.plan())[0] == "kept"

    async def test_a_tool_that_was_tried_stops_it_as_a_fault(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()
        answer = fork_of(world)
        forker.script.append(WarmAnswer("answered", usage=answer.usage, sent_at=world.clock.wall(), tried_tool=True))
        assert await world.pinger.ping_now(SESSION) == "fault"
        assert await passive.plan() == ("fork_tool", None)
        assert await world.rows(ROWS) == [("fault", "fork", 2, PREFIX, 1)]

    @pytest.mark.parametrize(("outcome", "stop"), [("limited", "limited"), ("refused", "refused")])
    async def test_what_would_stop_an_account_stops_one_lineage_where_nobody_knows_the_account(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer, outcome: Outcome, stop: str
    ) -> None:
        other = PassiveTalk(world, OTHER)
        await passive.settled()
        await other.settled()
        status = 429 if outcome == "limited" else 401
        forker.script.append(WarmAnswer(outcome, status=status, sent_at=world.clock.wall()))
        assert await world.pinger.ping_now(SESSION) == outcome
        assert await passive.plan() == (stop, None)
        assert await stop_of(world) == stop
        assert (await other.plan())[0] == "kept"
        await passive.ask()
        assert (await passive.plan())[0] == "kept"

    @pytest.mark.parametrize(
        ("outcome", "stop", "why"),
        [
            ("silent", "plugin_silent", "plugin_silent"),
            ("nothing_to_fork", "nothing_to_fork", "nothing_to_fork"),
            ("plan_login", "", "no_consent"),
        ],
    )
    async def test_a_client_that_sent_nothing_leaves_no_ping(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer, outcome: Outcome, stop: str, why: str
    ) -> None:
        assert outcome in NO_PING
        row = await passive.settled()
        forker.script.append(WarmAnswer(outcome))
        await passive.fire()
        assert await spent_nothing(world)
        assert await passive.plan() == (why, None)
        assert (await world.lineage(SESSION)).stop == stop
        await world.pinger.fire(row.id)
        assert len(forker.asked) == 1

    async def test_a_row_of_before_stands_when_the_next_ask_comes_to_nothing(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()
        await passive.fire()
        forker.script.append(WarmAnswer("silent"))
        await passive.fire()
        assert [row[0] for row in await world.rows(ROWS)] == ["hit"]
        assert await world.one("SELECT max(pinged) FROM idle_periods") == (1,)

    async def test_a_busy_client_is_asked_again_after_a_moment_and_not_before(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        row = await passive.settled()
        forker.script.extend([WarmAnswer("busy"), WarmAnswer("busy")])
        await passive.fire()
        assert await spent_nothing(world)
        rings = world.clock.wall() + LOOK_AGAIN
        assert world.alarm.at == {row.id: pytest.approx(rings, abs=0.01)}
        await passive.fire()
        assert world.clock.wall() == pytest.approx(rings, abs=0.01)
        assert world.alarm.at == {row.id: pytest.approx(rings + LOOK_AGAIN, abs=0.01)}
        assert len(forker.asked) == 2

    async def test_a_client_that_stays_busy_is_left_alone_in_the_end(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        row = await passive.settled()
        forker.script.extend([WarmAnswer("busy")] * 50)
        while row.id in world.alarm.at:
            await passive.fire()
        assert len(forker.asked) == 3
        assert (await passive.plan())[0] == "expired"
        assert await spent_nothing(world)


class TestPlanLogin:
    async def test_what_the_client_says_is_remembered_and_consent_lifts_it_at_once(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()
        forker.script.append(WarmAnswer("plan_login"))
        await passive.fire()
        assert (await world.session(SESSION)).login == "subscription"
        assert await passive.plan() == ("no_consent", None)
        await passive.consent(True)
        why, at = await passive.plan()
        assert (why, round(at or 0.0)) == ("kept", round(world.clock.wall()))
        await passive.fire()
        assert [request.plan_login for request in forker.asked] == [False, True]
        await passive.consent(False)
        assert await passive.plan() == ("no_consent", None)

    async def test_a_known_plan_is_not_even_asked(self, world: World, forker: ScriptedWarmer) -> None:
        passive = PassiveTalk(world, login="subscription")
        row = await passive.settled()
        assert await passive.plan() == ("no_consent", None)
        assert await world.pinger.ping_now(SESSION) == "no_consent"
        await world.pinger.fire(row.id)
        assert forker.asked == []

    async def test_no_login_is_unlearned(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        """The client refuses an ask that said yes: an old plugin perhaps. It must not be asked without end."""
        row = await passive.settled()
        await passive.consent(True)
        forker.script.extend([WarmAnswer("plan_login")] * 50)
        for _ in range(10):
            if row.id in world.alarm.at:
                await passive.fire()
        assert len(forker.asked) <= 3
        assert await spent_nothing(world)


class TestWithdrawn:
    """Something happens when the money is reserved and the client is about to be asked."""

    async def withdrawn(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer, happens: Callable[[], Awaitable[None]]
    ) -> bool:
        wanted: list[bool] = []

        async def asks(request: WarmRequest) -> WarmAnswer:
            await happens()
            wanted.append(request.still_wanted())
            return fork_of(world) if wanted[0] else WarmAnswer("too_late", detail="overtaken")

        forker.script.append(asks)
        await passive.fire()
        return wanted == [False]

    async def test_not_without_a_reason(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        async def nothing() -> None: ...

        await passive.settled()
        assert not await self.withdrawn(world, passive, forker, nothing)

    async def test_by_off(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        await passive.settled()
        assert await self.withdrawn(world, passive, forker, lambda: world.budget(SESSION, BudgetMode.OFF))
        assert await world.rows(MONEY) == []
        assert await passive.plan() == ("off", None)

    @pytest.mark.parametrize("login", ["subscription", None])
    @pytest.mark.parametrize("manual", [False, True])
    async def test_by_consent_that_is_taken_back(
        self, world: World, forker: ScriptedWarmer, login: str | None, manual: bool
    ) -> None:
        """Also where only the client knows the login, and where a person had asked for the ping."""
        passive = PassiveTalk(world, login="subscription" if login else None)
        await passive.consent(True)
        await passive.settled()
        wanted: list[bool] = []

        async def asks(request: WarmRequest) -> WarmAnswer:
            assert request.plan_login
            await passive.consent(False)
            wanted.append(request.still_wanted())
            return WarmAnswer("too_late", detail="overtaken")

        forker.script.append(asks)
        if manual:
            await world.pinger.ping_now(SESSION)
        else:
            await passive.fire()
        assert wanted == [False]

    async def test_by_a_turn_that_began(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        await passive.settled()
        assert await self.withdrawn(
            world, passive, forker, lambda: passive.announce(running=True, turn_started_at=world.clock.wall())
        )
        assert (await passive.plan())[0] == "working"

    async def test_by_a_turn_that_was_heard_of_and_not_planned_for_yet(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()

        async def heard() -> None:
            passive.plugin.announce(world.clock.wall(), running=True)
            world.plugins.take(world.plugins.look_at())

        world.store.after_reserve = heard
        await passive.fire()
        assert forker.asked == []
        assert await world.rows(ROWS) == []

    async def test_by_a_whole_turn(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        """It has renewed the entry: the idle period that the ping was for is over."""
        await passive.settled()
        assert await self.withdrawn(world, passive, forker, passive.ask)
        assert await world.rows(ROWS) == []
        assert (await passive.plan())[0] == "kept"

    async def test_by_a_plugin_that_is_gone(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        async def gone() -> None:
            passive.plugin.path("state").unlink()
            await passive.look()

        await passive.settled()
        assert await self.withdrawn(world, passive, forker, gone)
        assert await passive.plan() == ("plugin_silent", None)

    async def test_by_the_end(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        await passive.settled()

        async def ends() -> None:
            now = world.clock.wall()
            await world.store.write(lambda connection: sessions.end(connection, SESSION, "ended", now))
            world.dead.add(SESSION)

        assert await self.withdrawn(world, passive, forker, ends)

    async def test_by_a_clock_that_was_set_back(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        async def back() -> None:
            world.clock.step(-40.0)
            await world.pinger.check_clock()

        await passive.settled()
        assert await self.withdrawn(world, passive, forker, back)
        assert (await passive.plan())[0] == "clock"


class TestTwoWorkers:
    async def test_they_never_both_ask(self, world: World, passive: PassiveTalk, forker: ScriptedWarmer) -> None:
        row = await passive.settled()
        second = World(world.path, clock=world.clock)
        second.plugin_folder = world.plugin_folder
        rival = with_forker(second)
        await second.store.open()
        asked = asyncio.Event()

        async def slow(request: WarmRequest) -> WarmAnswer:
            asked.set()
            second.plugins.take(second.plugins.look_at())
            assert await second.pinger.ping_now(SESSION) == "in_flight"
            return fork_of(world)

        forker.script.append(slow)
        await passive.fire()
        assert asked.is_set()
        assert rival.asked == []
        await second.pinger.close()
        await second.store.close()
        assert [one[0] for one in await world.rows(ROWS)] == ["hit"]
        assert row.id in world.alarm.at

    async def test_a_reservation_that_a_crash_left_stands(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()
        forker.script.append(RuntimeError("a warmer does not raise"))
        await passive.fire()
        sent = PREFIX + REPLY + FORK_EXTRA
        assert await world.rows(MONEY) == [pytest.approx((sent * READ / 1e6, sent * WRITE_5M / 1e6))]
        assert await passive.plan() == ("provider", None)


class TestAnHoursEntry:
    async def test_one_ping_until_a_real_request_has_shown_that_forks_keep_it(
        self, world: World, forker: ScriptedWarmer
    ) -> None:
        passive = PassiveTalk(world, ttl="1h")
        await passive.settled()
        assert (await world.lineage(SESSION)).max_idle_pings == 1

        async def evidence() -> Evidence | None:
            now = world.clock.wall()
            found = await world.store.read(
                lambda connection: board.board(connection, now=now, keeper=None, budget_of=budget_of)
            )
            return next(view for view in found.sessions if view.id == SESSION).cache.evidence

        assert await evidence() is Evidence.TRANSCRIPT
        await passive.fire()
        assert (await passive.plan())[1] is None
        assert await evidence() is Evidence.ASSUMED
        assert not await world.store.read(fork_trial.proven)
        world.clock.advance(200.0)
        await passive.ask()
        assert await world.store.read(fork_trial.proven)
        await passive.announce()
        await passive.fire()
        assert await evidence() is Evidence.TRANSCRIPT
        assert (await passive.plan())[0] != "fork_trial"

    async def test_a_replay_is_no_trial(self, world: World, forker: ScriptedWarmer) -> None:
        await world.settled(Talk(session=SESSION, ttl="1h"))
        passive = PassiveTalk(world, ttl="1h")
        await passive.announce()
        await passive.fire()
        assert (await passive.plan())[0] != "fork_trial"


class TestTheClientsOwnLimits:
    async def test_a_window_near_its_end_leaves_the_rest_to_the_person(
        self, world: World, passive: PassiveTalk, forker: ScriptedWarmer
    ) -> None:
        await passive.settled()
        reset = world.clock.wall() + 60.0
        await passive.announce(limits=[{"kind": "five_hour", "used": 0.93, "resets_at": reset}])
        assert await passive.plan() == ("near_limit", reset)
        assert world.vault.limits("") == RateLimits()


class TestThroughTheFolder:
    """With the real warmer, and a plugin that does what a test says at each look of the keeper."""

    async def meet(self, world: World, plugin_does: Callable[[PassiveTalk], Awaitable[None]]) -> PassiveTalk:
        passive = PassiveTalk(world)

        async def sleep(seconds: float) -> None:
            world.clock.advance(seconds)
            await plugin_does(passive)

        world.forker = ForkWarmer(world.plugin_folder, world.clock, sleep)
        world._new_worker()
        await passive.settled()
        await passive.fire()
        return passive

    async def test_a_fork_and_its_usage(self, world: World) -> None:
        async def forks(passive: PassiveTalk) -> None:
            usage = {"input": 30, "output": 2, "cache_read": PREFIX, "cache_write": REPLY}
            passive.plugin.answer(world.clock.wall(), "done", usage=usage, sends=1, sent_at=world.clock.wall())

        passive = await self.meet(world, forks)
        assert await world.rows(ROWS) == [("hit", "fork", 2, PREFIX, 1)]
        assert (await passive.plan())[0] == "kept"
        assert {path.name for path in world.plugin_folder.path.iterdir()} == {passive.plugin.path("state").name}

    @pytest.mark.parametrize(("reason", "why"), [("plan", "no_consent"), ("nothing-to-fork", "nothing_to_fork")])
    async def test_a_refusal(self, world: World, reason: str, why: str) -> None:
        async def refuses(passive: PassiveTalk) -> None:
            passive.plugin.answer(world.clock.wall(), "refused", reason=reason)

        passive = await self.meet(world, refuses)
        assert await spent_nothing(world)
        assert await passive.plan() == (why, None)

    async def test_silence_until_the_deadline(self, world: World) -> None:
        async def nothing(passive: PassiveTalk) -> None: ...

        passive = await self.meet(world, nothing)
        assert await spent_nothing(world)
        assert (await passive.plan())[0] in ("plugin_silent", "expired")
        assert await stop_of(world) == "plugin_silent"

    async def test_an_ask_that_nobody_wants_any_more_is_taken_away_before_it_was_seen(self, world: World) -> None:
        seen: list[bool] = []

        async def off(passive: PassiveTalk) -> None:
            if not seen:
                await world.budget(SESSION, BudgetMode.OFF)
            seen.append(passive.plugin.asked() != {})

        passive = await self.meet(world, off)
        assert seen[:2] == [True, False]
        assert await passive.plan() == ("off", None)


async def _done(answer: WarmAnswer) -> WarmAnswer:
    return answer
