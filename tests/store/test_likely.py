"""Probabilities: a prior that the user's own requests move, and that never rises with time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.likely import (
    DEEPSEEK,
    FAMILIES,
    OPENAI,
    OTHERS,
    PROMISING,
    Family,
    Gap,
    History,
    family,
    history,
    is_learned,
    probability,
)

NOBODY = History()


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("claude-opus-5-5", None),
        ("anthropic/claude-sonnet-5", None),
        ("us.anthropic.claude-sonnet-5-v1:0", None),
        ("", None),
        ("gpt-5.5", OPENAI),
        ("gpt-5-codex", OPENAI),
        ("openai/gpt-5", OPENAI),
        ("o4-mini", OPENAI),
        ("gpt-5.6-sol", PROMISING),
        ("gpt-6.1-sol", PROMISING),
        ("gpt-10", PROMISING),
        ("deepseek-v4", DEEPSEEK),
        ("gemini-3-pro", OTHERS),
        ("orca-2", OTHERS),
    ],
)
def test_whose_entries_a_models_are(model: str, kind: Family | None) -> None:
    assert family(model) is kind


@pytest.mark.parametrize(
    ("idle", "alive"), [(0, 0.90), (299, 0.90), (300, 0.72), (600, 0.40), (1_800, 0.24), (3_600, 0.10), (9e9, 0.02)]
)
def test_without_history_it_is_the_prior(idle: float, alive: float) -> None:
    assert probability(OPENAI, idle, NOBODY) == pytest.approx(alive)
    assert not is_learned(OPENAI, idle, NOBODY)


def test_time_after_a_promise_counts_as_time_after_five_minutes() -> None:
    assert probability(PROMISING, 1_799, NOBODY) == pytest.approx(0.90)
    assert probability(PROMISING, 1_800, NOBODY) == pytest.approx(0.72)
    assert probability(PROMISING, 2_100, NOBODY) == pytest.approx(0.40)


def gap(idle: float, *, hit: bool, model: str = "gpt-5.5", before: int = 50_000, prompt: int = 51_000) -> Gap:
    return Gap(model, idle, before, prompt, 49_920 if hit else 9_600)


def test_own_requests_outweigh_the_prior() -> None:
    known = history([gap(400, hit=True)] * 10)
    assert probability(OPENAI, 400, known) == pytest.approx((20 * 0.72 + 10) / 30)
    assert not is_learned(OPENAI, 400, known)
    known = history([gap(400, hit=True)] * 60)
    both = (20 * 0.90 + 20 * 0.72 + 60) / 100
    assert probability(OPENAI, 400, known) == pytest.approx(both)
    assert probability(OPENAI, 100, known) == pytest.approx(both), "what is alive later was alive before"
    assert is_learned(OPENAI, 400, known)
    assert probability(OPENAI, 700, known) == pytest.approx(0.40), "another bucket"
    assert probability(DEEPSEEK, 400, known) == pytest.approx(0.97), "another provider"


def test_a_miss_still_reads_the_system_prompt() -> None:
    known = history([gap(400, hit=False)] * 20)
    both = (20 * 0.72 + 20 * 0.40) / 60
    assert probability(OPENAI, 400, known) == pytest.approx(both)
    assert probability(OPENAI, 700, known) == pytest.approx(both), "what is gone does not come back"
    assert probability(OPENAI, 100, known) == pytest.approx(0.90)


@pytest.mark.parametrize(
    "nothing",
    [
        gap(59, hit=False),
        gap(400, hit=False, before=1_000),
        gap(400, hit=False, prompt=20_000),
        gap(400, hit=False, model="claude-opus-5-5"),
        gap(1_700, hit=False, model="gpt-6"),
    ],
    ids=[
        "a tool's result",
        "a small prompt",
        "a conversation that was cut",
        "a promised lifetime",
        "a promised minimum",
    ],
)
def test_what_tells_nothing_is_left_out(nothing: Gap) -> None:
    assert history([nothing]) == NOBODY


_GAPS = st.lists(
    st.builds(
        Gap,
        model=st.sampled_from(["gpt-5", "gpt-6", "deepseek-v4", "gemini-3"]),
        idle=st.floats(0, 1e6),
        before=st.integers(0, 10**6),
        prompt=st.integers(0, 10**6),
        read=st.integers(0, 10**6),
    ),
    max_size=40,
)


@given(_GAPS, st.sampled_from(FAMILIES), st.floats(0, 1e9), st.floats(0, 1e9))
def test_it_is_a_probability_and_never_rises(gaps: list[Gap], kind: Family, one: float, other: float) -> None:
    known = history(gaps)
    sooner, later = sorted((one, other))
    assert 1.0 >= probability(kind, sooner, known) >= probability(kind, later, known) > 0.0
