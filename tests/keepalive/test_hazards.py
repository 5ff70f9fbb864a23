"""The shipped prior: its shape, and that it agrees with the sums it was taken from."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.hazards import PRIOR, Tail
from keepalive.question import Kind
from store.words import TTLClass

KINDS: st.SearchStrategy[Kind] = st.sampled_from(["user", "tool", "notification"])
CLASSES: st.SearchStrategy[TTLClass] = st.sampled_from(["5m", "1h"])
SHARE = st.floats(0, 1)


@given(KINDS, CLASSES, st.integers(0, 200), SHARE)
@settings(deadline=None)
def test_a_chance_is_a_probability_and_falls_with_every_ping(
    kind: Kind, ttl_class: TTLClass, n: int, ends_known: float
) -> None:
    chance = PRIOR.chance("", kind, ttl_class, n, ends_known)
    assert 0 <= chance <= 1
    assert PRIOR.chance("", kind, ttl_class, n + 1, ends_known) <= chance


@given(CLASSES, st.integers(0, 100), SHARE, SHARE)
@settings(deadline=None)
def test_chances_rise_as_more_ends_are_known(ttl_class: TTLClass, n: int, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert PRIOR.chance("", "user", ttl_class, n, less) <= PRIOR.chance("", "user", ttl_class, n, more)


def test_only_a_person_may_stay_away() -> None:
    for kind in ("tool", "notification"):
        assert PRIOR.chance("", kind, "1h", 0, 0.0) > 5 * PRIOR.chance("", "user", "1h", 0, 0.0)


@pytest.mark.parametrize(
    ("kind", "ttl_class", "n", "returned", "at_risk"),
    [
        ("user", "5m", 0, 39, 173),
        ("user", "5m", 1, 23, 128),
        ("user", "5m", 2, 7, 106),
        ("user", "5m", 3, 5, 99),
        ("user", "5m", 4, 1, 94),
        ("user", "5m", 5, 3, 92),
        ("tool", "5m", 0, 17, 37),
        ("tool", "5m", 1, 4, 17),
        ("user", "1h", 0, 3, 87),
        ("user", "1h", 1, 3, 83),
        ("user", "1h", 2, 0, 80),
        ("tool", "1h", 0, 4, 10),
    ],
)
def test_the_prior_lies_within_three_standard_errors_of_what_was_measured(
    kind: Kind, ttl_class: TTLClass, n: int, returned: int, at_risk: int
) -> None:
    chance = PRIOR.chance("", kind, ttl_class, n, 0.0)
    error = math.sqrt(chance * (1 - chance) / at_risk)
    assert abs(returned / at_risk - chance) < 3 * error


def test_ends_known_is_clamped() -> None:
    tail = Tail(0.5, 0.7)
    assert tail.chance(0, 7.0) == tail.chance(0, 1.0)
    assert tail.chance(0, -1.0) == tail.chance(0, 0.0)


def test_where_nobody_ever_returns_there_is_no_chance() -> None:
    assert Tail(0.0, 0.7).chance(0, 1.0) == 0
