"""The invariants of the money path, against the provider's rules: hypothesis looks for a course of events in which a
ping is sent that must not be.

Real observer, recorder, vault, pinger, policy and store; sessions of two accounts and a subscription; requests that
overlap, suspends, clocks that are set, budgets, ends, deaths, evictions, a failing provider, crashes.
`WARMSIDE_EXAMPLES` sets how many courses are tried.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from keepalive.clock import ManualClock
from keepalive.config import Config
from keepalive.standin_cache import Claim
from store import idle, sessions
from store.migrations import open_store
from store.models import BudgetMode, TTLClass
from tests.keepalive.money_harness import (
    MODEL,
    OTHER_KEY,
    OTHER_MODEL,
    Talk,
    World,
    answer_body,
    furnish,
)
from tests.keepalive.safety_oracle import TROUBLES, Call, Oracle, Subject, Trouble

EXAMPLES = int(os.environ.get("WARMSIDE_EXAMPLES", "60"))
T = TypeVar("T")

WHO = st.integers(0, 3)
GAPS = st.sampled_from([1.0, 20.0, 100.0, 250.0, 290.0, 310.0, 900.0, 3_500.0, 4_000.0, 90_000.0])
LATE = st.sampled_from([0.0, 0.0, 0.0, 1.0, 10.0, 13.4, 14.0, 15.4, 57.0, 60.0, 400.0])
SLEEPS = st.sampled_from([5.0, 270.0, 284.0, 290.0, 299.5, 600.0, 3_590.0, 9_000.0])
STEPS = st.sampled_from([-90_000.0, -3_600.0, -250.0, -100.0, -14.0, -3.0, 3.0, 250.0, 3_000.0, 90_000.0])
FIRST_TO_LOOK = st.sampled_from(["alarm", "person", "heartbeat"])
FIRST_BYTES = st.sampled_from([0.3, 0.3, 3.0, 14.0, 100.0])

seen: Counter[str] = Counter()
"""Over all examples: that the machine gets anywhere near what it is there to forbid."""


def subjects() -> list[Subject]:
    """Each with a system prompt of its own, so that their entries are their own."""
    filler = "x" * 6_000
    return [
        Subject(Talk(session="s0", system="zero " + filler)),
        Subject(Talk(session="s1", system="one " + filler)),
        Subject(Talk(session="s2", system="two " + filler, key=OTHER_KEY, ttl="1h")),
        Subject(Talk(session="s3", system="three " + filler, key="sk-ant-oat-0003", oauth=True)),
    ]


def template() -> Path:
    """A furnished store, to be copied: its migrations need not run for each example."""
    path = Path(tempfile.mkdtemp()) / "template.db"
    connection = open_store(path)
    furnish(connection)
    connection.close()
    return path


TEMPLATE: list[Path] = []


class Safety(RuleBasedStateMachine):
    """One course of events."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(TEMPLATE[0], self.folder / "warmside.db")
        self.clock, self.truth = ManualClock(), ManualClock()
        self.subjects = subjects()
        self.pings: list[asyncio.Task[None]] = []

    @initialize(day=st.sampled_from([0.0105, 0.02, 5.0]))
    def begin(self, day: float) -> None:
        self.oracle = Oracle(self.clock, self.truth, self.subjects, day)
        config = Config.model_validate({"budget": {"usd_per_day": day, "usd_per_ping": 1.0, "min_prefix_tokens": 0}})
        self.world = World(self.folder / "warmside.db", config, self.oracle, self.clock)
        self.run(self.world.store.open())
        for who in range(4):
            self.settle(who)

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            seen.update(self.oracle.counts)
            self.run(self._give_up())
            self.run(self.world.observer.close())
            self.run(self.world.store.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    # --- time -----------------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.truth.advance(seconds)

    @rule(seconds=st.sampled_from([1.0, 30.0, 200.0, 284.0, 290.0]), who=WHO)
    def wait_a_little_and_speak(self, seconds: float, who: int) -> None:
        self.run(self._wait(seconds))
        self.converse(who)

    @rule(seconds=GAPS)
    def wait(self, seconds: float) -> None:
        """Time passes and every alarm rings as it should."""
        self.run(self._wait(seconds))

    async def _wait(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        rung: Counter[tuple[int, int]] = Counter()
        while self.world.alarm.at:
            lineage_id, at = min(self.world.alarm.at.items(), key=lambda item: item[1])
            left = end - self.clock.monotonic()
            if at - self.clock.wall() > left:
                break
            self._reach(lineage_id, 0.0)
            await self.world.pinger.fire(lineage_id)
            rung[lineage_id, int(self.clock.monotonic())] += 1
            assert max(rung.values()) < 20, "an alarm rings again and again"
        self.pass_time(max(0.0, end - self.clock.monotonic()))
        await self.world.pinger.check_clock()

    @rule(times=st.integers(1, 3))
    def ring_in_time(self, times: int) -> None:
        """What happens nearly always: the next alarm rings, its ping hits."""
        for _ in range(times):
            self.ring(0.0, False, "", 0)

    @rule(late=LATE, hold=st.booleans(), trouble=st.sampled_from(["", "", "", *TROUBLES]), rings_on=st.integers(0, 2))
    def ring(self, late: float, hold: bool, trouble: Trouble, rings_on: int) -> None:
        """The next alarm rings, perhaps late; its ping may fail, or take long; and then the next ones."""
        if self.world.alarm.at:
            lineage_id = min(self.world.alarm.at, key=lambda one: self.world.alarm.at[one])
            self._reach(lineage_id, late)
            self.oracle.trouble, self.oracle.hold = trouble, hold
            self.run(self._start(self.world.pinger.fire(lineage_id)))
            self.oracle.trouble, self.oracle.hold = "", False
            self.ring_in_time(rings_on)

    def _reach(self, lineage_id: int, late: float) -> None:
        at = self.world.alarm.at.pop(lineage_id)
        self.pass_time(max(0.0, at - self.clock.wall()) + late + 1e-6)

    async def _start(self, ping: Coroutine[object, object, None]) -> None:
        """Run a ping to its end, or to where the provider keeps it waiting."""
        self.oracle.holding.clear()
        self.oracle.gate.clear()
        task = asyncio.ensure_future(ping)
        held = asyncio.ensure_future(self.oracle.holding.wait())
        await asyncio.wait([task, held], return_when=asyncio.FIRST_COMPLETED)
        held.cancel()
        if task.done():
            task.result()
        else:
            self.pings.append(task)

    @rule(which=st.integers(0, 6), due=st.booleans())
    def ring_out_of_the_blue(self, which: int, due: bool) -> None:
        """An alarm that should have been taken back rings, at the moment at which a ping would be due."""
        expiries = "SELECT id, last_touch_at + ttl_seconds AS expiry FROM lineages WHERE expiry > ?"
        rows = self.run(self.world.rows(expiries + " ORDER BY agent_id DESC, id DESC", self.clock.wall()))
        if rows:
            lineage_id, expiry = rows[which % len(rows)]
            if due and isinstance(expiry, float):
                self.pass_time(max(0.0, expiry - 4.0 - self.clock.wall()))
            assert isinstance(lineage_id, int)
            self.run(self._start(self.world.pinger.fire(lineage_id)))

    @precondition(lambda self: self.pings)
    @rule(seconds=st.sampled_from([0.0, 5.0, 50.0]))
    def the_provider_answers_at_last(self, seconds: float) -> None:
        self.pass_time(seconds)
        self.run(self._answer())

    async def _answer(self) -> None:
        self.oracle.gate.set()
        pings, self.pings = self.pings, []
        for ping in pings:
            await ping

    @rule(seconds=SLEEPS, first=FIRST_TO_LOOK, again=st.booleans())
    def suspend(self, seconds: float, first: str, again: bool) -> None:
        """The machine sleeps; on waking an alarm may ring before anybody looked at the clock."""
        self.clock.suspend(seconds)
        self.truth.suspend(seconds)
        self.run(self._look(first, again))

    @rule(seconds=STEPS, late=st.sampled_from([None, 5.0, 12.0]), first=FIRST_TO_LOOK, again=st.booleans())
    def set_the_clock(self, seconds: float, late: float | None, first: str, again: bool) -> None:
        """Perhaps in the moment in which an alarm is late already."""
        if late is not None and self.world.alarm.at:
            self.pass_time(max(0.0, min(self.world.alarm.at.values()) - self.clock.wall()) + late)
        self.clock.step(seconds)
        if seconds < 0:
            for subject in self.subjects:
                subject.age_known = False
                for call in subject.running:
                    call.age_known = False
        self.run(self._look(first, again))

    async def _look(self, first: str, again: bool) -> None:
        due = list(self.world.alarm.at)
        if first == "alarm":
            for lineage_id in due:
                await self.world.pinger.fire(lineage_id)
        elif first == "person":
            self.oracle.manual = True
            for subject in self.subjects:
                await self._ping_now(subject.talk.session)
            self.oracle.manual = False
        await self.world.pinger.check_clock()
        if again:
            for lineage_id in due:
                await self.world.pinger.fire(lineage_id)

    # --- requests -------------------------------------------------------------------------------------------------

    @rule(who=WHO)
    def settle(self, who: int) -> None:
        """Two requests, one after the other: the usual start of everything here."""
        for _ in range(2):
            self.converse(who)

    @rule(who=WHO)
    def converse(self, who: int) -> None:
        """One whole request that continues the conversation."""
        subject = self.subjects[who]
        subject.talk.go_on()
        call = self._ask(subject, subject.talk)
        self.pass_time(1.0)
        self.run(self._end(subject, call, "200", 0.3))

    @rule(who=WHO, newer_first=st.booleans(), rings=st.integers(0, 2))
    def overlap(self, who: int, newer_first: bool, rings: int) -> None:
        """Two requests of one thread at a time (one was tried again), ended in either order."""
        subject = self.subjects[who]
        older = self._ask(subject, subject.talk)
        subject.talk.go_on()
        newer = self._ask(subject, subject.talk)
        for call in (newer, older) if newer_first else (older, newer):
            self.pass_time(1.0)
            self.run(self._end(subject, call, "200", 0.3))
        self.ring_in_time(rings)

    @rule(who=WHO, go_on=st.booleans())
    def ask(self, who: int, go_on: bool) -> None:
        if go_on:
            self.subjects[who].talk.go_on()
        self._ask(self.subjects[who], self.subjects[who].talk)

    @rule(
        who=WHO,
        change=st.sampled_from(["tools", "system", "messages", "model", "ttl", "thinking", "size"]),
        asks=st.integers(0, 2),
        rings=st.integers(0, 2),
    )
    def change(self, who: int, change: str, asks: int, rings: int) -> None:
        """The next requests have another prefix, lifetime, size, or a kind of thinking that forbids pings."""
        subject = self.subjects[who]
        talk = subject.talk
        subject.generation += change not in ("ttl", "thinking")
        n = subject.generation
        match change:
            case "tools":
                talk.tool = f"Tool{n}"
            case "system":
                talk.system = f"{n} {talk.system}"
            case "messages":
                talk.said = [f"start {n}"] * 7
            case "thinking":
                talk.extra = {} if talk.extra else {"thinking": {"type": "enabled", "budget_tokens": 2_000}}
            case "size":
                talk.system = "small" if len(talk.system) > 100 else f"{n} large again " + "x" * 6_000
            case "model":
                talk.model = OTHER_MODEL if talk.model == MODEL else MODEL
            case _:
                talk.ttl = "1h" if talk.ttl == "5m" else "5m"
        for _ in range(asks):
            self.pass_time(1.0)
            self.run(self._end(subject, self._ask(subject, talk), "200", 0.3))
        self.ring_in_time(rings)

    @rule(who=WHO, times=st.integers(0, 2))
    def ask_aside(self, who: int, times: int) -> None:
        """A title call, or a subagent with one or two requests."""
        subject = self.subjects[who]
        if not times:
            self._ask(subject, subject.talk, side=True)
        talk = subject.talk
        sub = Talk(talk.session, "sub-1", talk.key, system="sub " + talk.system, ttl=talk.ttl, oauth=talk.oauth)
        for _ in range(times):
            call = self._ask(subject, sub)
            self.pass_time(1.0)
            self.run(self._end(subject, call, "200", 0.3))

    def _ask(self, subject: Subject, talk: Talk, *, side: bool = False) -> Call:
        self.pass_time(0.5)
        return self.run(self._begin(subject, talk, side))

    async def _begin(self, subject: Subject, talk: Talk, side: bool) -> Call:
        # Whoever speaks is there (again).
        subject.ended = subject.dead = False
        self.world.dead.discard(talk.session)
        exchange = self.world.start(talk, side=side)
        claim = Claim(0.0, 9, 0, 0, 0, ()) if side else self.oracle.begin(exchange.body, exchange.headers)
        call = Call(exchange, claim, not side and not talk.agent, subject.generation)
        subject.running.append(call)
        await self.world.noted()
        return call

    @rule(
        who=WHO,
        which=st.integers(0, 3),
        how=st.sampled_from(["200", "200", "200", "gone", "gone early", "401", "429", "529", "failed"]),
        first_byte=FIRST_BYTES,
        seconds=st.sampled_from([0.0, 1.0, 30.0]),
        rings=st.integers(0, 2),
    )
    def end_a_request(self, who: int, which: int, how: str, first_byte: float, seconds: float, rings: int) -> None:
        subject = self.subjects[who]
        if subject.running:
            self.pass_time(seconds)
            self.run(self._end(subject, subject.running[which % len(subject.running)], how, first_byte))
            self.ring_in_time(rings)

    async def _end(self, subject: Subject, call: Call, how: str, first_byte: float) -> None:
        claim = call.claim
        ttl: TTLClass = "1h" if claim.write_1h else "5m"
        body = answer_body(claim.read, claim.write_5m + claim.write_1h, ttl=ttl, uncached=claim.input)
        finish = self.world.finish
        match how:
            case "200":
                await finish(call.exchange, body, first_byte=first_byte)
            case "gone":
                await finish(call.exchange, body[: body.index(b"content_block")], outcome="client_gone")
            case "gone early":
                await finish(call.exchange, status=None, outcome="client_gone")
            case "failed":
                await finish(call.exchange, status=None, outcome="upstream_failed")
            case _:
                await finish(call.exchange, b'{"type":"error"}', status=int(how), headers=())
        subject.running.remove(call)
        if how in ("200", "gone"):
            self.oracle.answered(subject, call)

    # --- people, processes, the provider --------------------------------------------------------------------------

    @rule(
        who=WHO,
        mode=st.sampled_from([BudgetMode.AUTO, BudgetMode.AUTO, BudgetMode.HOLD, BudgetMode.OFF]),
        count=st.sampled_from([None, None, 0, 1, 3]),
        usd=st.sampled_from([None, None, 0.0005, 0.001, 0.0035]),
        span=st.sampled_from([None, None, 200.0, 2_000.0, 100_000.0]),
        rings=st.integers(0, 3),
    )
    def set_a_budget(
        self, who: int, mode: BudgetMode, count: int | None, usd: float | None, span: float | None, rings: int
    ) -> None:
        """And see how far it goes."""
        subject = self.subjects[who]
        subject.mode, subject.max_pings, subject.max_usd = mode, count, usd
        subject.until = None if span is None else self.clock.wall() + span
        self.run(
            self.world.budget(subject.talk.session, mode, pings=count, usd=usd, until=subject.until),
        )
        self.ring_in_time(rings)

    @rule(who=WHO, speak=st.booleans(), trouble=st.sampled_from(["", "", "", *TROUBLES]), hold=st.booleans())
    def ping_now(self, who: int, speak: bool, trouble: Trouble, hold: bool) -> None:
        if speak:
            self.converse(who)
        self.oracle.manual, self.oracle.trouble, self.oracle.hold = True, trouble, hold
        self.run(self._start(self._ping_now(self.subjects[who].talk.session)))
        self.oracle.manual, self.oracle.trouble, self.oracle.hold = False, "", False

    async def _ping_now(self, session_id: str) -> None:
        seen["result " + await self.world.pinger.ping_now(session_id)] += 1

    @rule(who=WHO, how=st.sampled_from(["ended", "cleared", "killed"]))
    def leave(self, who: int, how: str) -> None:
        self.pass_time(0.5)
        if how == "killed":
            self._kill(self.subjects[who])
        else:
            self.run(self._end_session(self.subjects[who], how))

    async def _end_session(self, subject: Subject, reason: str) -> None:
        session_id, now = subject.talk.session, self.clock.wall()
        await self.world.store.write(lambda connection: sessions.end(connection, session_id, reason, now))
        self.world.vault.drop_session(session_id)
        subject.ended, subject.last = True, None
        await self.world.pinger.replan(session_id)

    def _kill(self, subject: Subject) -> None:
        self.world.dead.add(subject.talk.session)
        subject.dead = True

    @rule(who=WHO, what=st.sampled_from(["request", "whole request", "end", "death"]))
    def something_happens_as_soon_as_money_is_reserved(self, who: int, what: str) -> None:
        subject = self.subjects[who]

        async def happen() -> None:
            match what:
                case "request":
                    await self._begin(subject, subject.talk, side=False)
                case "whole request":
                    subject.talk.go_on()
                    self.pass_time(0.2)
                    call = await self._begin(subject, subject.talk, side=False)
                    await self._end(subject, call, "200", 0.1)
                case "end":
                    await self._end_session(subject, "ended")
                case _:
                    self._kill(subject)

        self.world.store.after_reserve = happen

    @rule(evicts=st.booleans(), rings=st.integers(0, 3))
    def meanwhile(self, evicts: bool, rings: int) -> None:
        """The provider drops everything before its time; the keeper closes what nobody came back to."""
        if evicts:
            self.oracle.evict()
        now = self.clock.wall()
        self.run(self.world.store.write(lambda connection: idle.close_ended(connection, now)))
        self.ring_in_time(rings)

    @rule(speak=st.sets(WHO))
    def crash(self, speak: set[int]) -> None:
        """The worker is gone with all it held, its pings and the requests that ran through it; another one starts."""
        self.run(self._crash())
        for who in speak:
            self.converse(who)

    async def _crash(self) -> None:
        await self._give_up()
        for subject in self.subjects:
            subject.running.clear()
            subject.last = None
        self.oracle.account_stops.clear()
        await self.world.restart()

    async def _give_up(self) -> None:
        pings, self.pings = self.pings, []
        for ping in pings:
            ping.cancel()
        if pings:
            await asyncio.wait(pings)

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def nothing_was_sent_that_must_not_be(self) -> None:
        if hasattr(self, "oracle"):
            assert not self.oracle.violations, self.oracle.violations[0]

    @invariant()
    def the_days_bill_is_within_its_cap(self) -> None:
        if hasattr(self, "oracle"):
            for day, usd in self.oracle.day_usd.items():
                assert usd <= self.oracle.max_day_usd + 1e-9, day


def test_no_course_of_events_breaks_an_invariant() -> None:
    TEMPLATE[:] = [template()]
    seen.clear()
    try:
        run_state_machine_as_test(
            Safety,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=50,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        shutil.rmtree(TEMPLATE.pop().parent)
    assert seen["pings"] > EXAMPLES, "the machine hardly ever came to a ping: it proves nothing"
