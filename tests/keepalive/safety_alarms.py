"""Rules of the safety machine: time passes, alarms ring in time and late, the machine sleeps, clocks are set, another
worker is there.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.keepalive.safety_course import Course
from tests.keepalive.safety_oracle import TROUBLES, Oracle, Stage, Trouble
from tests.keepalive.safety_subject import Subject

WHO = st.integers(0, 3)
GAPS = st.sampled_from([1.0, 20.0, 100.0, 250.0, 290.0, 310.0, 900.0, 3_500.0, 4_000.0, 90_000.0])
LATE = st.sampled_from([0.0, 0.0, 0.0, 1.0, 10.0, 13.4, 14.0, 15.4, 57.0, 60.0, 400.0])
SLEEPS = st.sampled_from([5.0, 270.0, 284.0, 290.0, 299.5, 600.0, 3_590.0, 9_000.0])
STEPS = st.sampled_from([-90_000.0, -3_600.0, -250.0, -100.0, -14.0, -3.0, -3.0, -3.0, 3.0, 250.0, 3_000.0, 90_000.0])
FIRST_TO_LOOK = st.sampled_from(["alarm", "person", "heartbeat"])
FAILURES = st.sampled_from(["", "", "", *TROUBLES])
STAGES = st.sampled_from(["", "", "connecting", "answering"])
RINGS = st.integers(0, 3)


class Alarms(RuleBasedStateMachine):
    """What time brings."""

    course: Course

    def teardown(self) -> None:
        if hasattr(self, "course"):
            self.course.close()

    @property
    def subjects(self) -> list[Subject]:
        return self.course.subjects

    @property
    def oracle(self) -> Oracle:
        return self.course.oracle

    @rule(seconds=st.sampled_from([1.0, 30.0, 200.0, 284.0, 290.0]), who=WHO)
    def wait_a_little_and_speak(self, seconds: float, who: int) -> None:
        self.wait(seconds)
        self.course.converse(who)

    @rule(seconds=GAPS)
    def wait(self, seconds: float) -> None:
        self.course.run(self.course.wait(seconds))

    @rule(who=WHO, seconds=st.sampled_from([700.0, 2_000.0, 7_500.0]))
    def come_back_late(self, who: int, seconds: float) -> None:
        """Somebody returns after the entry would have gone cold, and its pings went well."""
        self.wait(seconds)
        self.course.converse(who)

    @rule(times=st.integers(1, 3))
    def ring_in_time(self, times: int) -> None:
        """What happens nearly always: the next alarm rings, its ping hits."""
        for _ in range(times):
            self.ring(0.0, "", "", 0)

    @rule(late=LATE, stage=STAGES, trouble=FAILURES, rings=RINGS)
    def ring(self, late: float, stage: Stage, trouble: Trouble, rings: int) -> None:
        """The next alarm rings, perhaps late; its ping may fail, or take long; and then the next ones."""
        course = self.course
        lineage_id = course.next_alarm()
        if lineage_id is None:
            return
        course.reach(lineage_id, late)
        alone = course.world.store.after_reserve is None
        course.run(course.beside.look())  # a plugin that is back lifts its own stop
        stops = course.stops()
        self.oracle.trouble, self.oracle.stops_at = trouble, stage
        course.run(course.start(course.world.pinger.fire(lineage_id)))
        self.oracle.trouble, self.oracle.stops_at = "", ""
        if alone:
            course.check_late(lineage_id)
            others = {one: stop for one, stop in course.stops().items() if one != lineage_id}
            assert others.items() <= stops.items(), "one lineage's failure stopped another"
        self.ring_in_time(rings)

    @rule(late=st.sampled_from([0.0, 10.0]), twice=st.booleans())
    def ring_all_at_once(self, late: float, twice: bool) -> None:
        course = self.course
        first = course.next_alarm()
        if first is not None:
            course.reach(first, late)
            due = [first, *(one for one, at in course.world.alarm.at.items() if at <= course.clock.wall())]
            pings = [course.world.pinger.fire(one) for one in due * (1 + twice)]
            course.run(course.start(*pings))

    @rule(
        late=st.sampled_from([0.0, 10.0]),
        who=st.sampled_from([None, None, 0, 1, 2]),
        trouble=FAILURES,
        stage=STAGES,
        scarce=st.sampled_from(["", "pings", "usd", "day"]),
    )
    def ring_beside_another_worker(
        self, late: float, who: int | None, trouble: Trouble, stage: Stage, scarce: str
    ) -> None:
        """When a ping was decided on and before its money is reserved, another worker pings for a person: the same
        session (None) or another one, and perhaps the budget allows one more and not two."""
        course = self.course
        lineage_id = course.next_alarm()
        if lineage_id is None:
            return
        subject = course.subject_of(lineage_id) if who is None else self.subjects[who]
        if scarce in ("pings", "usd"):
            course.run(course.leave_one_ping(subject, scarce))
            if lineage_id not in course.world.alarm.at:
                return
        course.reach(lineage_id, late)
        if scarce == "day":
            course.cap_the_day(course.subject_of(lineage_id))

        async def get_there_first() -> None:
            self.oracle.trouble, self.oracle.stops_at = trouble, stage
            await course.start(course.ping_now(subject.talk.session, await course.rival()))
            self.oracle.trouble, self.oracle.stops_at = "", ""
            self.oracle.delayed = True

        subject.beside = True
        course.world.store.before_write = get_there_first
        course.run(course.start(course.world.pinger.fire(lineage_id)))
        course.world.store.before_write = None
        subject.beside = False
        course.cap_the_day(None)
        course.run(course.world.pinger.replan_all())

    @rule(which=st.integers(0, 6), due=st.booleans())
    def ring_out_of_the_blue(self, which: int, due: bool) -> None:
        """An alarm that should have been taken back rings, at the moment at which a ping would be due."""
        course = self.course
        query = "SELECT id, last_touch_at + ttl_seconds AS expiry FROM lineages WHERE expiry > ?"
        rows = course.outside.execute(query + " ORDER BY agent_id DESC, id DESC", (course.clock.wall(),)).fetchall()
        if rows:
            lineage_id, expiry = rows[which % len(rows)]
            if due:
                course.pass_time(max(0.0, expiry - 4.0 - course.clock.wall()))
            course.run(course.start(course.world.pinger.fire(lineage_id)))

    @precondition(lambda self: self.course.pings)
    @rule(seconds=st.sampled_from([0.0, 5.0, 50.0]), first=st.sampled_from([0, 1, 2, None, None]), rings=RINGS)
    def the_provider_answers_at_last(self, seconds: float, first: int | None, rings: int) -> None:
        """Perhaps when somebody has spoken, and was answered, meanwhile."""
        if first is not None:
            self.course.converse(first)
        self.course.pass_time(seconds)
        self.course.run(self.course.answer())
        self.ring_in_time(rings)

    @rule(seconds=SLEEPS, first=FIRST_TO_LOOK, again=st.booleans())
    def suspend(self, seconds: float, first: str, again: bool) -> None:
        """The machine sleeps; on waking an alarm may ring before anybody looked at the clock."""
        self.course.suspend(seconds)
        self.course.run(self._look(first, again))

    @rule(seconds=STEPS, late=st.sampled_from([None, 5.0, 12.0]), first=FIRST_TO_LOOK, again=st.booleans())
    def set_the_clock(self, seconds: float, late: float | None, first: str, again: bool) -> None:
        """Perhaps in the moment in which an alarm is late already."""
        course = self.course
        if late is not None and course.world.alarm.at:
            course.pass_time(max(0.0, min(course.world.alarm.at.values()) - course.clock.wall()) + late)
        # The heartbeat of the second before: a sleep and a step between two looks cannot be told apart.
        course.run(course.world.pinger.check_clock())
        course.set_clock(seconds)
        course.run(self._look(first, again))

    async def _look(self, first: str, again: bool) -> None:
        course = self.course
        due = list(course.world.alarm.at)
        if first == "alarm":
            for lineage_id in due:
                await course.start(course.world.pinger.fire(lineage_id))
        elif first == "person":
            for subject in course.everybody:
                await course.start(course.ping_now(subject.talk.session))
        await course.world.pinger.check_clock()
        if again:
            for lineage_id in due:
                await course.start(course.world.pinger.fire(lineage_id))
