"""Rules of the safety machine: real requests, in turn and side by side, of another prefix, cut off, refused."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.keepalive.money_harness import MODEL, OTHER_MODEL, Talk
from tests.keepalive.safety_alarms import RINGS, WHO, Alarms
from tests.keepalive.safety_stage import FILLER
from tests.keepalive.safety_subject import UNPRICED

FIRST_BYTES = st.sampled_from([0.3, 0.3, 3.0, 14.0, 100.0])


class Requests(Alarms):
    """What agents do."""

    @rule(who=WHO)
    def converse(self, who: int) -> None:
        self.course.converse(who)

    @rule(who=WHO, newer_first=st.booleans(), rings=RINGS)
    def overlap(self, who: int, newer_first: bool, rings: int) -> None:
        """Two requests of one thread at a time (one was tried again), ended in either order."""
        subject, course = self.subjects[who], self.course
        older = course.ask(subject, subject.talk)
        subject.talk.go_on()
        newer = course.ask(subject, subject.talk)
        for call in (newer, older) if newer_first else (older, newer):
            course.pass_time(1.0)
            course.run(course.end(subject, call, "200", 0.3))
        self.ring_in_time(rings)

    @rule(who=WHO, go_on=st.booleans())
    def ask(self, who: int, go_on: bool) -> None:
        if go_on:
            self.subjects[who].talk.go_on()
        self.course.ask(self.subjects[who], self.subjects[who].talk)

    @rule(
        who=WHO,
        change=st.sampled_from(
            ["tools", "system", "messages", "model", "unpriced", "ttl", "thinking", "small", "middle", "large"]
        ),
        asks=RINGS,
        rings=RINGS,
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
            case "small" | "middle" | "large":
                talk.system = f"{n} {change} " + FILLER[: {"small": 0, "middle": 3_000}.get(change)]
            case "model":
                talk.model = OTHER_MODEL if talk.model == MODEL else MODEL
            case "unpriced":
                talk.model = UNPRICED
            case _:
                talk.ttl = "1h" if talk.ttl == "5m" else "5m"
        for _ in range(asks):
            self.course.pass_time(1.0)
            self.course.run(self.course.end(subject, self.course.ask(subject, talk), "200", 0.3))
        self.ring_in_time(rings)

    @rule(who=WHO, times=RINGS, rings=RINGS)
    def ask_aside(self, who: int, times: int, rings: int) -> None:
        """A title call, or a subagent with some requests."""
        subject, talk, course = self.subjects[who], self.subjects[who].talk, self.course
        if not times:
            course.ask(subject, talk, side=True)
        sub = Talk(talk.session, "sub-1", talk.key, system="sub " + talk.system, ttl=talk.ttl, oauth=talk.oauth)
        for _ in range(times):
            call = course.ask(subject, sub)
            course.pass_time(1.0)
            course.run(course.end(subject, call, "200", 0.3))
        if times:
            self.ring_out_of_the_blue(0, True)
        self.ring_in_time(rings)

    @rule(
        who=WHO,
        which=WHO,
        how=st.sampled_from(["200", "200", "200", "gone", "gone early", "401", "429", "529", "failed"]),
        first_byte=FIRST_BYTES,
        seconds=st.sampled_from([0.0, 1.0, 30.0]),
        tool=st.booleans(),
        limit=st.sampled_from([None, None, 0.3, 0.95]),
        rings=RINGS,
    )
    def end_a_request(
        self,
        who: int,
        which: int,
        how: str,
        first_byte: float,
        seconds: float,
        tool: bool,
        limit: float | None,
        rings: int,
    ) -> None:
        subject = self.subjects[who]
        if subject.running:
            call = subject.running[which % len(subject.running)]
            call.tool = tool and how == "200" and call.main
            self.course.pass_time(seconds)
            self.course.run(self.course.end(subject, call, how, first_byte, limit))
            self.ring_in_time(rings)
