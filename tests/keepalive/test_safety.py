"""The invariants of the money path, against the provider's rules: hypothesis looks for a course of events in which a
ping is sent that must not be, or in which the ledger is not what a bystander's books say.

Sessions of two accounts and a subscription; requests that overlap, suspends, clocks that are set, budgets, pauses,
ends, deaths, evictions, a failing provider, crashes, a second worker. `WARMSIDE_EXAMPLES` sets how many courses are
tried.
"""

from __future__ import annotations

import os
import shutil

from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from store import ledger
from tests.keepalive.safety_client import Client
from tests.keepalive.safety_forks import Forks
from tests.keepalive.safety_oracle import TROUBLES
from tests.keepalive.safety_stage import PROMISES, TEMPLATE, seen, template
from tests.keepalive.safety_subject import TICK

EXAMPLES = int(os.environ.get("WARMSIDE_EXAMPLES", "60"))
MANY = 500
BESIDE = (
    "forks",
    "fork misses",
    "fork withdrawn",
    "fork busy",
    "fork plan_login",
    "fork silent",
    "fork nothing_to_fork",
)
"""What the clients beside the gateway have to come to."""
RARE = (*BESIDE, "misses", "saved", "lost", "crashes", "too late", *(f"trouble {each}" for each in TROUBLES if each))
"""What so many courses have to come to."""


class Safety(Forks):
    """One course of events, and what must hold after each of them."""

    @invariant()
    def nothing_was_sent_that_must_not_be(self) -> None:
        if hasattr(self, "course"):
            assert not self.oracle.violations, self.oracle.violations[0]

    @invariant()
    def the_days_cap_holds(self) -> None:
        """Of what the provider took, and of what is spent or reserved."""
        if hasattr(self, "course"):
            assert not self.oracle.overdrawn()

    @invariant()
    def the_ledger_is_what_a_bystander_reckons(self) -> None:
        if hasattr(self, "course"):
            shown = ledger.read(self.course.outside)
            wrong = self.oracle.books.differs(shown, self.course.never_sent())
            assert not wrong, wrong

    @invariant()
    def what_is_planned_is_due_a_margin_before_expiry(self) -> None:
        """And nothing is, where nobody knows how old the entry is."""
        if not hasattr(self, "course"):
            return
        for session_id, row in self.course.current().items():
            subject, at = self.oracle.subjects[session_id], row["next_ping_at"]
            if at is None or subject.dead:
                continue
            assert subject.age_known, "planned though the clock was set back"
            if at > self.course.clock.wall():
                assert subject.earliest - TICK <= at <= subject.latest_plan + TICK, "planned at the wrong time"

    @invariant()
    def a_stop_is_shown_and_is_nobody_elses(self) -> None:
        """A ping that failed stops its lineage until the next request, a refusal its account; the row says so."""
        if not hasattr(self, "course"):
            return
        accounts = self.oracle.accounts
        for session_id, row in self.course.current().items():
            subject, why = self.oracle.subjects[session_id], row["why"]
            if subject.stopped == "silent":
                continue  # a plugin that comes back lifts it, and the keeper may have heard of that or not
            assert bool(row["stop"]) == bool(subject.stopped), f"stopped by {subject.stopped!r}, shown {row['stop']!r}"
            if subject.stopped:
                assert row["next_ping_at"] is None, "a stopped lineage has a plan"
                assert why not in PROMISES, "a stopped lineage has a plan"
                seen[f"stopped: {why}"] += 1
            elif not subject.ended:
                assert why not in ("missed", "provider"), "a stop is shown that is over"
            key = subject.talk.key
            if why in ("refused", "limited") and not subject.ended and not isinstance(subject, Client):
                assert key in accounts.refused | accounts.capped | accounts.limited.keys(), "another account's stop"


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
    if EXAMPLES >= MANY:
        missing = [what for what in RARE if not seen[what]]
        assert not missing, f"the machine never came to this: {missing}"
