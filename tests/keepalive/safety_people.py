"""Rules of the safety machine: what people set and ask for, sessions that end, a provider that fails or forgets, and
workers that die.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from store import budgets, idle
from store.models import BudgetMode
from tests.keepalive.safety_alarms import FAILURES, RINGS, STAGES, WHO
from tests.keepalive.safety_course import Course
from tests.keepalive.safety_oracle import TROUBLES, Stage, Trouble
from tests.keepalive.safety_requests import Requests
from tests.keepalive.safety_stage import TEMPLATE, seen
from tests.keepalive.safety_subject import Allowance

DAYS = st.sampled_from([5.0, 5.0, 5.0, 0.02, 0.0105])
"""Caps of a day, $."""


class People(Requests):
    """What happens around the requests."""

    @initialize(day=DAYS)
    def begin(self, day: float) -> None:
        seen["courses"] += 1
        self.course = Course(TEMPLATE[0], day, seen)
        for who in range(4):
            self.settle(who, False, 0)
        self.course.know_clients()

    @rule(who=WHO, freed=st.booleans(), rings=RINGS)
    def settle(self, who: int, freed: bool, rings: int) -> None:
        """Two requests, one after the other: the usual start of everything here; perhaps with all limits lifted."""
        if freed:
            self.subjects[who].talk.extra = {}
            self._pause(0.0)
            self.set_a_budget(who, BudgetMode.AUTO, None, None, None, 0)
        for _ in range(2):
            self.course.converse(who)
        self.ring_in_time(rings)

    @rule(who=WHO, trouble=st.sampled_from(TROUBLES), asked=st.booleans(), rings=RINGS)
    def a_ping_fails(self, who: int, trouble: Trouble, asked: bool, rings: int) -> None:
        """Somebody speaks, and the next ping goes wrong."""
        self.settle(who, True, 0)
        if asked:
            self.ping_now(who, False, trouble, "")
        else:
            self.ring(0.0, "", trouble, 0)
        self.ring_in_time(rings)

    @rule(who=WHO, kind=st.sampled_from(["unpriced", "thinking", "small", "middle"]))
    def nothing_to_keep(self, who: int, kind: str) -> None:
        """What follows is of a kind that is never pinged, and would be due for it."""
        self.settle(who, True, 0)
        self.change(who, kind, 2, 0)
        self.ping_now(who, False, "", "")
        self.ring_out_of_the_blue(0, True)

    @rule(
        who=st.sampled_from([0, 1, 2, 3, None]),
        mode=st.sampled_from([BudgetMode.AUTO, BudgetMode.AUTO, BudgetMode.HOLD, BudgetMode.HOLD, BudgetMode.OFF]),
        count=st.sampled_from([None, None, 0, 1, 3]),
        usd=st.sampled_from([None, None, 0.0005, 0.001, 0.0035]),
        span=st.sampled_from([None, None, None, 200.0, 2_000.0, 100_000.0]),
        rings=st.integers(0, 4),
    )
    def set_a_budget(
        self, who: int | None, mode: BudgetMode, count: int | None, usd: float | None, span: float | None, rings: int
    ) -> None:
        """A session's own or (None) the default; and see how far it goes."""
        until = None if span is None else self.course.clock.wall() + span
        allowed = Allowance(mode, count, usd, until)
        if who is None:
            self.oracle.default = allowed
        else:
            self.subjects[who].own = allowed
        session_id = budgets.DEFAULT if who is None else self.subjects[who].talk.session
        self.course.run(self.course.world.budget(session_id, mode, pings=count, usd=usd, until=until))
        self.ring_in_time(rings)

    @rule(seconds=st.sampled_from([0.0, 0.0, 250.0, 2_000.0]), who=WHO)
    def pause(self, seconds: float, who: int) -> None:
        """Nothing for anybody until then, not even for a person who asks."""
        self._pause(seconds)
        self.ping_now(who, False, "", "")

    def _pause(self, seconds: float) -> None:
        course = self.course
        until = self.oracle.paused_until = course.clock.wall() + seconds

        async def pause() -> None:
            await course.world.store.write(lambda connection: budgets.pause(connection, until))
            await course.world.pinger.replan_all()

        course.run(pause())

    @rule(who=WHO, speak=st.booleans(), trouble=FAILURES, stage=STAGES)
    def ping_now(self, who: int, speak: bool, trouble: Trouble, stage: Stage) -> None:
        if speak:
            self.course.converse(who)
        self.oracle.trouble, self.oracle.stops_at = trouble, stage
        self.course.run(self.course.start(self.course.ping_now(self.subjects[who].talk.session)))
        self.oracle.trouble, self.oracle.stops_at = "", ""

    @rule(who=WHO, how=st.sampled_from(["ended", "cleared", "killed"]))
    def leave(self, who: int, how: str) -> None:
        self.course.pass_time(0.5)
        if how == "killed":
            self.course.kill(self.subjects[who])
        else:
            self.course.run(self.course.end_session(self.subjects[who], how))

    @rule(
        who=WHO,
        what=st.sampled_from(["request", "whole request", "end", "death", "off", "sleep", "clock", "crash", "crash"]),
        speak=st.booleans(),
    )
    def something_happens_as_soon_as_money_is_reserved(self, who: int, what: str, speak: bool) -> None:
        subject, course = self.subjects[who], self.course

        async def happen() -> None:
            self.oracle.delayed = True
            match what:
                case "request":
                    await course.begin(subject, subject.talk)
                case "whole request":
                    subject.talk.go_on()
                    course.pass_time(0.2)
                    call = await course.begin(subject, subject.talk)
                    await course.end(subject, call, "200", 0.1)
                case "end":
                    await course.end_session(subject, "ended")
                case "off":
                    subject.own = Allowance(BudgetMode.OFF)
                    await course.world.budget(subject.talk.session, BudgetMode.OFF)
                case "sleep":
                    course.suspend(14.5)
                case "clock":
                    await course.world.pinger.check_clock()
                    course.set_clock(-100.0)
                    await course.world.pinger.check_clock()
                case "crash":
                    course.die_with_what_is_reserved()
                case _:
                    course.kill(subject)

        course.world.store.after_reserve = happen
        self.ring_in_time(1)
        if speak:
            self.course.converse(who)

    @rule(evicts=st.booleans(), who=WHO, rings=st.integers(1, 3))
    def meanwhile(self, evicts: bool, who: int, rings: int) -> None:
        """The provider drops everything before its time; the keeper closes what nobody came back to."""
        if evicts:
            self.course.converse(who)
            self.oracle.evict()
        now = self.course.clock.wall()
        self.course.run(self.course.world.store.write(lambda connection: idle.close_ended(connection, now)))
        self.oracle.books.keep_house(now, {one.talk.session for one in self.course.everybody if one.ended})
        self.ring_in_time(rings)

    @rule(speak=st.sets(WHO))
    def crash(self, speak: set[int]) -> None:
        self.course.run(self.course.crash())
        for who in speak:
            self.course.converse(who)
