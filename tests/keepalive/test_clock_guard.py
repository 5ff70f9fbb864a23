"""Suspends and clocks that are set, told from drift."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.clock import ManualClock
from keepalive.clock_guard import TOLERANCE, UNSEEN, Ages, ClockGuard


def test_time_that_passes_awake_is_no_jump() -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    for seconds in (0.0, 1.0, 90_000.0):
        clock.advance(seconds)
        assert guard.jump() == 0.0
    assert guard.set_back_at == -math.inf


def test_a_suspend_is_told_once() -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    clock.suspend(600.0)
    clock.advance(1.0)
    assert guard.jump() == pytest.approx(600.0)
    assert guard.jump() == 0.0
    assert guard.set_back_at == -math.inf


def test_a_clock_that_is_set_back_is_remembered_with_its_moment() -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    clock.advance(50.0)
    clock.step(-3_600.0)
    assert guard.jump() == pytest.approx(-3_600.0)
    assert guard.set_back_at == clock.monotonic()
    clock.advance(10.0)
    assert guard.jump() == 0.0
    assert guard.set_back_at == clock.monotonic() - 10.0


def test_a_suspend_and_a_step_back_between_two_looks_are_told_by_their_sum() -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    clock.suspend(100.0)
    clock.step(-40.0)
    assert guard.jump() == pytest.approx(60.0)


@pytest.mark.parametrize("step", [TOLERANCE, -TOLERANCE, 1.0])
def test_small_steps_are_let_pass(step: float) -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    clock.step(step)
    clock.advance(1.0)
    assert guard.jump() == 0.0


def test_small_steps_add_up() -> None:
    """Else a clock that is set back by a second every minute would make every entry look younger than it is."""
    clock = ManualClock()
    guard = ClockGuard(clock)
    jumps = []
    for _ in range(10):
        clock.advance(60.0)
        clock.step(-1.0)
        jumps.append(guard.jump())
    assert sum(jumps) < -7.0


@given(st.floats(-0.0005, 0.0005), st.integers(1, 600))
def test_a_clock_that_is_being_corrected_never_jumps(rate: float, seconds: int) -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    for _ in range(200):
        clock.advance(seconds)
        clock.step(seconds * rate)
        assert guard.jump() == 0.0


class TestAges:
    """Requests that only a transcript dates: when they were heard of tells whether the clock was set back since."""

    def made(self) -> tuple[ManualClock, ClockGuard, Ages]:
        clock = ManualClock()
        guard = ClockGuard(clock)
        return clock, guard, Ages(clock, guard)

    def test_a_clock_that_was_never_set_back_tells_every_age(self) -> None:
        clock, guard, ages = self.made()
        assert ages.known(1, clock.wall() - 5)
        clock.advance(4_000.0)
        clock.suspend(500.0)
        guard.jump()
        assert ages.known(1, clock.wall() - 5)
        assert ages.known(2, None)

    def test_what_was_heard_of_before_is_of_unknown_age_until_the_next_request(self) -> None:
        clock, guard, ages = self.made()
        last = clock.wall()
        assert ages.known(1, last)
        clock.advance(10.0)
        clock.step(-100.0)
        guard.jump()
        assert not ages.known(1, last)
        clock.advance(5_000.0)
        assert not ages.known(1, last), "waiting does not make it known"
        assert ages.known(1, clock.wall())

    @pytest.mark.parametrize(("seconds", "known"), [(UNSEEN - 0.1, False), (UNSEEN + 0.1, True)])
    def test_what_is_heard_of_right_after_may_be_from_before(self, seconds: float, known: bool) -> None:
        clock, guard, ages = self.made()
        clock.step(-100.0)
        guard.jump()
        clock.advance(seconds)
        assert ages.known(1, clock.wall()) is known

    def test_each_lineage_for_itself(self) -> None:
        clock, guard, ages = self.made()
        assert ages.known(1, 5.0)
        clock.step(-100.0)
        guard.jump()
        clock.advance(UNSEEN + 1)
        assert ages.known(2, 5.0)
        assert not ages.known(1, 5.0)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["ask", "request", "back", "wait"]), st.sampled_from([1.0, 20.0, 40.0, 400.0])),
        max_size=12,
    )
)
def test_a_request_from_before_a_step_back_never_counts_as_known(steps: list[tuple[str, float]]) -> None:
    clock = ManualClock()
    guard = ClockGuard(clock)
    ages, asked, really = Ages(clock, guard), clock.wall(), clock.monotonic()
    back = -math.inf
    ages.known(1, asked)
    for what, seconds in steps:
        clock.advance(seconds)
        match what:
            case "request":
                asked, really = clock.wall(), clock.monotonic()
            case "back":
                ages.known(1, asked)  # every change is heard of at once
                clock.step(-seconds)
                guard.jump()
                back = clock.monotonic() if seconds > TOLERANCE else back
        if ages.known(1, asked):
            assert really >= back
