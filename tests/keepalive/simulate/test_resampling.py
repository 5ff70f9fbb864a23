"""Intervals by bootstrap over sessions."""

from __future__ import annotations

import random

import pytest

from keepalive.simulate.resampling import LEAST_SESSIONS, Resampling


def test_the_same_sums_give_the_same_interval_around_the_figure() -> None:
    dice = random.Random(7)  # noqa: S311
    above, below = (tuple(dice.random() for _ in range(40)) for _ in range(2))
    first = Resampling(40).interval(above, below)
    assert first == Resampling(40).interval(above, below)
    assert first is not None
    assert first.low < sum(above) / sum(below) < first.high


def test_it_covers_about_as_often_as_it_says() -> None:
    dice = random.Random(1)  # noqa: S311
    covered = 0
    for _ in range(100):
        above = tuple(dice.gauss(2.0, 1.0) for _ in range(60))
        found = Resampling(60, 300).interval(above, (1.0,) * 60)
        assert found is not None
        covered += found.low <= 2.0 <= found.high
    assert 86 <= covered <= 100


def test_one_session_that_holds_everything_makes_it_wide() -> None:
    found = Resampling(30).interval((30.0,) + (0.0,) * 29, (1.0,) * 30)
    assert found is not None
    assert found.low == 0.0
    assert found.high >= 3.0


@pytest.mark.parametrize("size", [0, 1, LEAST_SESSIONS - 1])
def test_too_few_sessions_have_none(size: int) -> None:
    assert Resampling(size).interval((1.0,) * size, (2.0,) * size) is None


def test_nothing_to_divide_by_in_many_draws_is_none() -> None:
    assert Resampling(20).interval((1.0,) * 20, (0.0,) * 20) is None
    assert Resampling(20).interval((1.0,) * 20, (1.0,) + (0.0,) * 19) is None
    assert Resampling(20).interval((1.0,) * 20, (1.0,) * 5 + (0.0,) * 15) is not None
