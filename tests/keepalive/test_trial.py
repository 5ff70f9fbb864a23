"""The coin of the trial: fair as configured, the same for the same period, unlike for another store."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.trial import draw

SEEDS = st.text("0123456789abcdef", min_size=32, max_size=32)
PROBABILITY = st.floats(0, 1)


@given(st.integers(0, 2**60), PROBABILITY, SEEDS)
@settings(deadline=None)
def test_the_same_period_draws_the_same(idle_id: int, probability: float, seed: str) -> None:
    assert draw(idle_id, probability, seed) == draw(idle_id, probability, seed)


@given(st.sampled_from([0.05, 0.1, 0.25, 0.5, 0.9]), SEEDS)
@settings(deadline=None, max_examples=30)
def test_the_share_of_lapses_is_near_the_probability(probability: float, seed: str) -> None:
    size = 4_000
    lapses = sum(draw(idle_id, probability, seed) == "lapse" for idle_id in range(1, size + 1))
    five_sigma = 5 * (probability * (1 - probability) / size) ** 0.5
    assert abs(lapses / size - probability) < five_sigma


@given(st.integers(0, 2**60), PROBABILITY, PROBABILITY, SEEDS)
@settings(deadline=None)
def test_a_greater_probability_keeps_every_lapse(idle_id: int, one: float, other: float, seed: str) -> None:
    less, more = sorted((one, other))
    assert draw(idle_id, less, seed) == "ping" or draw(idle_id, more, seed) == "lapse"


@given(st.integers(0, 2**60), SEEDS)
@settings(deadline=None)
def test_nothing_and_certainty(idle_id: int, seed: str) -> None:
    assert draw(idle_id, 0.0, seed) == "ping"
    assert draw(idle_id, 1.0, seed) == "lapse"


def test_another_store_draws_otherwise() -> None:
    one = [draw(idle_id, 0.5, "a" * 32) for idle_id in range(200)]
    other = [draw(idle_id, 0.5, "b" * 32) for idle_id in range(200)]
    assert 60 < sum(left != right for left, right in zip(one, other, strict=True)) < 140


@pytest.mark.parametrize("seed", ["", "x" * 65])
def test_a_seed_that_is_none_is_refused(seed: str) -> None:
    with pytest.raises(ValueError, match=r"seed|key"):
        draw(1, 0.5, seed)
