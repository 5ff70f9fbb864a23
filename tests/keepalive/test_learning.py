"""Learned hazards: day one is the prior, much experience wins, and each wait counts where it was at risk."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.hazards import PRIOR
from keepalive.learning import (
    ENDS_PRIOR_WEIGHT,
    HALF_LIFE_SECONDS,
    PRIOR_WEIGHT,
    USUAL,
    LearnedHazards,
    Outcome,
    faded,
)
from keepalive.question import Kind
from store.words import TTLClass

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CLASSES: st.SearchStrategy[TTLClass] = st.sampled_from(["5m", "1h"])
KINDS: st.SearchStrategy[Kind] = st.sampled_from(["user", "tool", "notification"])


def counted(hazards: LearnedHazards, n: int, kind: Kind = "user", agent: str = "claude") -> tuple[float, float]:
    """(at risk, ended) of ping n + 1, worked back from the posterior's mean by asking with two priors."""

    class Fixed:
        def __init__(self, value: float) -> None:
            self.value = value

        def chance(self, agent: str, kind: Kind, ttl: TTLClass, n: int, ends_known: float) -> float:
            return self.value

    hazards._prior = Fixed(0.0)
    low = hazards.chance(agent, kind, "5m", n, 0.0)
    hazards._prior = Fixed(1.0)
    high = hazards.chance(agent, kind, "5m", n, 0.0)
    at_risk = PRIOR_WEIGHT / (high - low) - PRIOR_WEIGHT
    return round(at_risk, 6), round(low * (PRIOR_WEIGHT + at_risk), 6)


@given(KINDS, CLASSES, st.integers(0, 100), st.floats(0, 1))
@settings(deadline=None)
def test_day_one_is_the_prior(kind: Kind, ttl: TTLClass, n: int, known: float) -> None:
    assert LearnedHazards().chance("claude", kind, ttl, n, known) == pytest.approx(
        PRIOR.chance("claude", kind, ttl, n, known)
    )


@pytest.mark.parametrize(
    ("seconds", "outcome", "expected"),
    [
        (280.0, "returned", [(0, 0), (0, 0), (0, 0)]),  # before the first ping was due
        (290.0, "returned", [(1, 0), (0, 0), (0, 0)]),  # in the margin: a ping had been sent for nothing
        (400.0, "returned", [(1, 1), (0, 0), (0, 0)]),
        (580.0, "returned", [(1, 1), (1, 0), (0, 0)]),  # read after ping 1; ping 2 had just been sent
        (600.0, "returned", [(1, 0), (1, 1), (0, 0)]),
        (100.0, "ended", [(0, 0), (0, 0), (0, 0)]),  # noticed before a ping was due: nobody would have asked
        (400.0, "ended", [(1, 0), (0, 0), (0, 0)]),
        (0.0, "quiet", [(1, 0), (1, 0), (1, 0)]),  # at risk for good
        (400.0, "open", [(0, 0), (0, 0), (0, 0)]),  # half a stretch proves nothing
        (600.0, "open", [(1, 0), (0, 0), (0, 0)]),
    ],
)
def test_a_wait_counts_where_it_was_at_risk(
    seconds: float, outcome: Outcome, expected: list[tuple[float, float]]
) -> None:
    hazards = LearnedHazards()
    hazards.learn("claude", "user", "5m", seconds, outcome)
    assert [counted(hazards, n) for n in range(3)] == expected


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from(OUTCOMES), st.floats(0, 1)), max_size=20),
    st.integers(0, 30),
    st.floats(0, 1),
)
@settings(deadline=None)
def test_a_chance_stays_a_probability(waits: list[tuple[float, Outcome, float]], n: int, known: float) -> None:
    hazards = LearnedHazards()
    for seconds, outcome, weight in waits:
        hazards.learn("claude", "user", "5m", seconds, outcome, weight)
    assert 0 <= hazards.chance("claude", "user", "5m", n, known) <= 1
    assert 0 <= hazards.ends_known("claude") < 1


def test_much_experience_outweighs_the_prior() -> None:
    hazards = LearnedHazards()
    for _ in range(10_000):
        hazards.learn("claude", "user", "5m", 400.0, "returned")
    assert hazards.chance("claude", "user", "5m", 0, 0.0) > 0.98
    assert hazards.chance("claude", "user", "1h", 0, 0.0) == pytest.approx(PRIOR.chance("claude", "user", "1h", 0, 0.0))
    assert hazards.chance("codex", "user", "5m", 0, 0.0) == pytest.approx(PRIOR.chance("codex", "user", "5m", 0, 0.0))
    assert hazards.chance("", "user", "5m", 0, 0.0) > 0.98, "who is not named is like everybody"


def test_a_handful_of_waits_moves_little() -> None:
    hazards = LearnedHazards()
    for _ in range(5):
        hazards.learn("claude", "user", "5m", 0.0, "quiet")
    before = PRIOR.chance("claude", "user", "5m", 0, 0.0)
    assert 0.97 * before < hazards.chance("claude", "user", "5m", 0, 0.0) < before


def test_background_tasks_and_tools_share_their_experience() -> None:
    hazards = LearnedHazards()
    hazards.learn("claude", "notification", "5m", 400.0, "returned")
    assert counted(hazards, 0, "tool") == counted(hazards, 0, "notification") == (1, 1)


def test_noticed_ends_are_believed_slowly() -> None:
    hazards = LearnedHazards()
    assert hazards.ends_known("claude") == 0
    for _ in range(int(ENDS_PRIOR_WEIGHT)):
        hazards.learn("claude", "user", "5m", 20.0, "ended")
    assert hazards.ends_known("claude") == 0.5
    assert hazards.ends_known("codex") == 0
    hazards.learn("claude", "user", "5m", 3_000.0, "ended")
    assert hazards.ends_known("claude") < 0.5, "noticed too late to spare a ping"


def test_old_waits_fade() -> None:
    assert faded(0) == faded(-5) == 1
    assert faded(HALF_LIFE_SECONDS) == 0.5
    assert math.isclose(faded(2 * HALF_LIFE_SECONDS), 0.25)


def test_the_usual_rhythm_is_the_margin_before_the_lifetime() -> None:
    assert USUAL["5m"].interval == 285
    assert USUAL["1h"].interval == 3_540
