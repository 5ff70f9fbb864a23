"""Intervals by session: they cover what is true, say nothing of too little, and never depend on the order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.bootstrap import Tally, intervals, ratio


def side(*failed: int, of: int = 10) -> list[Tally]:
    return [(float(count), float(of)) for count in failed]


def test_a_ratio_is_of_the_sums() -> None:
    assert ratio([(1, 2), (0, 8)]) == pytest.approx(0.1)
    assert ratio([(0.0, 0.0)]) is None
    assert ratio([]) is None


def test_the_same_data_has_the_same_interval() -> None:
    pair = (side(1, 2, 0, 3, 1, 4), side(4, 2, 5, 3, 6, 1))
    (one,), (other,) = intervals([pair], seed=1), intervals([pair], seed=1)
    assert one is not None
    assert one == other
    assert one.low < 10 / 60 < one.high


def test_several_pairs_do_not_disturb_each_other() -> None:
    pair = (side(1, 2, 0, 3, 1, 4), side(4, 2, 5, 3, 6, 1))
    nothing = (side(0, 0, 0, 0, 0, 0), side(1, 2, 3, 4, 5, 6, of=0))
    assert intervals([pair, nothing, pair], seed=1) == [*intervals([pair], seed=1), None, *intervals([pair], seed=1)]


def test_too_few_sessions_have_none() -> None:
    enough, fewer = side(0, 1, 2, 3, 4), [*side(1, 2, 3, 4), (0.0, 0.0)]
    assert intervals([(enough, enough[::-1])], seed=1) != [None]
    assert intervals([(enough, fewer)], seed=1) == [None]
    assert intervals([(fewer, enough)], seed=1) == [None]
    assert intervals([], seed=1) == []


def test_what_never_varied_is_not_certain() -> None:
    assert intervals([(side(0, 0, 0, 0, 0, 0), side(0, 0, 0, 0, 0, 0))], seed=1) == [None]


def test_sessions_are_drawn_whole() -> None:
    # 200 results, but only two kinds of session: rows drawn one by one would look ten times as sure.
    clustered = [(20.0, 20.0) if number % 2 else (0.0, 20.0) for number in range(10)]
    (found,) = intervals([(clustered, clustered[::-1])], seed=1)
    assert found is not None
    assert found.high - found.low > 0.5


def test_the_interval_covers_what_is_true() -> None:
    dice = random.Random(7)  # noqa: S311
    covered = 0
    for seed in range(40):
        one = [(sum(dice.random() < 0.2 for _ in range(20)), 20.0) for _ in range(30)]
        other = [(sum(dice.random() < 0.3 for _ in range(20)), 20.0) for _ in range(30)]
        (found,) = intervals([([(float(a), b) for a, b in one], [(float(a), b) for a, b in other])], seed=seed)
        assert found is not None
        covered += found.low <= 0.1 <= found.high
    assert covered >= 33


TALLIES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=6, max_size=12)


@given(TALLIES)
@settings(deadline=None, max_examples=25)
def test_an_interval_has_two_ends_or_is_none(rows: list[tuple[int, int]]) -> None:
    one = [(float(min(a, b)), float(b)) for a, b in rows]
    other = one[::-1]
    (found,) = intervals([(one, other)], seed=3)
    assert found is None or -1 <= found.low < found.high <= 1
