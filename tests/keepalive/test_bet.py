"""The bet: break-even, the recursion against brute force, and that every verdict says why in words."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.bet import MOST_PINGS, SURPLUS, Bettor, break_even, pings_due, span, weigh
from keepalive.hazards import PRIOR
from keepalive.question import Kind, Question
from store.words import TTLClass

ASKED = Question("user", "5m", 285.0, 0, 80_000, 0.1, 1.25, 285.0)
HOUR = replace(ASKED, ttl="1h", idle_seconds=3_540.0, write_multiplier=2.0, interval_seconds=3_540.0)


@dataclass(frozen=True)
class Chances:
    """Hazards as a list; after its end nobody comes."""

    of: tuple[float, ...]

    def chance(self, agent: str, kind: Kind, ttl: TTLClass, n: int, ends_known: float) -> float:
        return self.of[n] if n < len(self.of) else 0.0


def after(n: int, asked: Question = ASKED) -> Question:
    """The question when ping n + 1 is due."""
    return replace(asked, pings_sent=n, idle_seconds=(n + 1) * asked.interval_seconds)


@pytest.mark.parametrize(
    ("r", "w", "most"),
    [(0.1, 1.25, 11), (0.05, 1.25, 24), (0.025, 1.25, 49), (0.1, 2, 19), (0.05, 2, 39), (0.025, 2, 79), (1.3, 1.25, 0)],
)
def test_break_even_is_what_the_rewrite_costs(r: float, w: float, most: int) -> None:
    asked = replace(ASKED, read_multiplier=r, write_multiplier=w)
    assert break_even(asked) == most
    assert most * r <= max(0.0, w - r) + 1e-9


def gain_by_brute_force(chances: list[float], r: float, saved: float) -> float:
    """The best of all plans "send at most k pings": its expected gain, summed over when they come back."""

    def plan(k: int) -> float:
        on, gain = 1.0, 0.0
        for n in range(k):
            gain += on * (saved * chances[n] - r)
            on *= 1 - chances[n]
        return gain

    return max(plan(k) for k in range(1, len(chances) + 1))


@given(st.lists(st.floats(0, 1), min_size=11, max_size=11))
@settings(deadline=None)
def test_the_recursion_finds_the_best_plan(chances: list[float]) -> None:
    odds = weigh(ASKED, Chances(tuple(chances)))
    best = gain_by_brute_force(chances, SURPLUS * 0.1, 1.15)
    assert odds.gain == pytest.approx(best, abs=1e-9)
    assert (odds.more > 0) == (odds.gain > 0)


@given(st.lists(st.floats(0, 1), min_size=11, max_size=11), st.integers(0, 10))
@settings(deadline=None)
def test_what_was_announced_is_still_right_when_its_time_comes(chances: list[float], n: int) -> None:
    hazards = Chances(tuple(chances))
    first, later = weigh(ASKED, hazards), weigh(after(n), hazards)
    if n < first.more:
        assert later.more == first.more - n


def test_a_poor_stretch_is_paid_through_where_better_odds_follow() -> None:
    lunch = Chances((0.05, 0.05, 0.05, 0.9))
    verdict = Bettor(lunch).judge(ASKED)
    assert verdict.ping
    assert verdict.odds is not None
    assert verdict.odds.more == 4
    assert verdict.reason == (
        "stays: 5 % chance that you come back within the next 5 min (91 % within 20 min), "
        "a ping costs 10.0 % of the rewrite it can save, misses included"
    )
    assert not Bettor(Chances((0.05, 0.05, 0.05, 0.1))).judge(ASKED).ping


@given(
    st.sampled_from(["user", "tool", "notification"]),
    st.sampled_from(["5m", "1h"]),
    st.integers(0, 90),
    st.sampled_from([0.1, 0.05, 0.025, 0.5, 1.0, 2.0]),
    st.floats(0, 1),
)
@settings(deadline=None)
def test_no_bet_goes_beyond_break_even(kind: Kind, ttl: TTLClass, n: int, r: float, known: float) -> None:
    asked = replace(after(n, HOUR if ttl == "1h" else ASKED), kind=kind, read_multiplier=r, ends_known_fraction=known)
    verdict = Bettor().judge(asked)
    if verdict.ping:
        assert n < break_even(asked)
        assert verdict.expected_value > 0
        assert verdict.odds is not None
        assert n + verdict.odds.more <= break_even(asked)
    else:
        assert verdict.expected_value <= 0
    assert verdict.reason.startswith("stays: " if verdict.ping else "goes: ")
    assert math.isfinite(verdict.expected_value)


def test_each_no_says_why() -> None:
    bettor = Bettor()
    codes = {
        "ended": replace(ASKED, ended_signal=True),
        "expired": replace(ASKED, idle_seconds=300.1),
        "no_gain": replace(ASKED, write_multiplier=0.1),
        "break_even": after(11),
        "not_worth": after(2),
    }
    for code, asked in codes.items():
        verdict = bettor.judge(asked)
        assert (verdict.ping, verdict.code) == (False, code)
    assert bettor.judge(after(2)).reason == (
        "goes: 7 % chance that you come back within the next 5 min, "
        "a ping costs 10.0 % of the rewrite it can save, misses included"
    )
    assert "11 pings have cost" in bettor.judge(after(11)).reason


def test_a_ping_at_the_moment_of_expiry_is_in_time_for_whoever_asks_in_turn() -> None:
    tight = replace(ASKED, interval_seconds=300.0)
    assert Bettor().judge(after(0, tight)).ping
    assert Bettor().judge(after(1, tight)).ping


def test_the_age_of_a_wait_counts_and_not_what_was_sent() -> None:
    assert [pings_due(age, 285.0) for age in (0.0, 285.0, 420.0, 430.0, 570.0, 4 * 285.0)] == [0, 0, 0, 1, 1, 3]
    aged = replace(ASKED, idle_seconds=4 * 285.0, ttl_seconds=300.0)
    assert weigh(aged, PRIOR).chance == pytest.approx(PRIOR.chance("", "user", "5m", 3, 0.0))
    besides = replace(ASKED, pings_sent=5)
    assert weigh(besides, PRIOR).chance == pytest.approx(PRIOR.chance("", "user", "5m", 0, 0.0))


def test_a_quicker_rhythm_buys_less_with_each_ping() -> None:
    quick = replace(ASKED, interval_seconds=142.5)
    assert weigh(quick, PRIOR).chance < weigh(ASKED, PRIOR).chance
    both = 1 - (1 - weigh(quick, PRIOR).chance) ** 2
    assert both == pytest.approx(weigh(ASKED, PRIOR).chance), "two of them buy what one does in the usual rhythm"


@pytest.mark.parametrize("r", [1e-3, 1e-9, 5e-324])
def test_a_read_for_next_to_nothing_takes_no_longer(r: float) -> None:
    assert break_even(replace(ASKED, read_multiplier=r)) == MOST_PINGS
    assert Bettor().judge(replace(ASKED, read_multiplier=r)).ping
    assert not Bettor().judge(replace(ASKED, read_multiplier=r, interval_seconds=5e-324)).ping


def test_what_is_said_agrees_with_what_is_done() -> None:
    verdict = Bettor().judge(replace(after(2), read_multiplier=0.0815))
    assert verdict.reason.startswith("goes: 7 % chance")
    assert "a ping costs 8.0 %" in verdict.reason


@pytest.mark.parametrize(
    ("seconds", "words"), [(40, "40 s"), (119.6, "120 s"), (300, "5 min"), (3_600, "60 min"), (9_000, "2 h")]
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words
