"""Suspends and clocks that are set, told from drift."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.clock import ManualClock
from keepalive.clock_guard import TOLERANCE, ClockGuard


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
