"""One policy on idle periods: the formulas, by hand, by the published table, and against a second scorer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.question import Question
from keepalive.simulate.episodes import Episode, episodes
from keepalive.simulate.gaps import read
from keepalive.simulate.grid import Grid, policies
from keepalive.simulate.rivals import NEVER, RIVALS, AtMost
from keepalive.simulate.scoring import MOST_PINGS, Priced, replay, sent
from keepalive.simulate.terms import Cell, Terms, cells
from tests.keepalive.simulate import reference_scorer
from tests.keepalive.simulate.made_gaps import REAL, line, needs_real, write

TERMS = Terms(0.1, 1.25, 1.0)
TWO = RIVALS[2]
ALWAYS = AtMost("always", lambda _: 10**9)


def period(gap: float, *, prefix: int = 1_000, noticed: float | None = None, began: float = 0.0) -> Priced:
    return Priced(Episode("s", "claude", "user", "5m", gap, prefix, "opus", began, noticed), TERMS)


@pytest.mark.parametrize(("gap", "pings"), [(284.9, 0), (285.0, 1), (569.9, 1), (570.0, 2), (855.0, 2), (math.inf, 2)])
def test_it_is_asked_at_every_interval_until_its_first_no(gap: float, pings: int) -> None:
    assert sent(TWO, period(gap), 0.0, 0.0) == pings


def test_it_is_told_what_it_may_know() -> None:
    asked: list[Question] = []

    def count(question: Question) -> int:
        asked.append(question)
        return 1

    sent(AtMost("curious", count), period(math.inf), 0.5, 0.5)
    assert asked == [
        Question("user", "5m", 285.0, 0, 1_000, 0.1, 1.25, 285.0, ends_known_fraction=0.5, agent="claude"),
        Question("user", "5m", 570.0, 1, 1_000, 0.1, 1.25, 285.0, ends_known_fraction=0.5, agent="claude"),
    ]


def test_who_never_says_no_is_cut_off() -> None:
    assert sent(ALWAYS, period(math.inf), 0.0, 0.0) == MOST_PINGS


@pytest.mark.parametrize(
    ("gap", "cost", "lapses"),
    [
        (100.0, 0, 0),
        (300.0, 100, 0),  # a ping was due before the entry's last second
        (870.0, 200, 0),  # 2 x 285 + 300
        (870.1, 200 + 1_150, 1),
    ],
)
def test_a_period_costs_its_pings_and_its_lapse(gap: float, cost: float, lapses: int) -> None:
    tally = replay(TWO, [period(gap)], 0.0, 0.0).by_session["s"]
    assert tally.cost == pytest.approx(cost)
    assert tally.lapses_left == lapses
    assert tally.net == pytest.approx((1_150 if gap > 300 else 0) - cost)


@pytest.mark.parametrize(
    ("gap", "cost"), [(300.0, 0), (301.0, 100), (585.0, 100), (586.0, 200), (10_000.0, 1_150), (math.inf, 0)]
)
def test_the_clairvoyant_pays_what_reaches_the_return_or_the_lapse(gap: float, cost: float) -> None:
    assert period(gap).clairvoyant == pytest.approx(cost)


@pytest.mark.parametrize(("ends", "weight"), [(0.0, 1.0), (0.5, 0.5), (0.9, 0.1), (1.0, 0.0)])
def test_an_end_weighs_what_is_not_signalled(ends: float, weight: float) -> None:
    tally = replay(TWO, [period(math.inf)], ends, ends).by_session["s"]
    assert [tally.cost, tally.pings] == pytest.approx([weight * 200, weight * 2])
    assert replay(TWO, [period(300.0)], ends, ends).by_session["s"].pings == 1


def test_ends_as_they_were_reported() -> None:
    found = [period(math.inf, noticed=300.0), period(math.inf), period(9_000.0, noticed=100.0)]
    assert [sent(ALWAYS, one, None, 0.0) for one in found] == [1, MOST_PINGS, 0]
    assert sent(ALWAYS, found[0], 0.0, 0.0) == MOST_PINGS
    assert replay(TWO, found[2:], None, 0.0).by_session["s"].lapses_left == 1


def test_a_loss_belongs_to_the_day_on_which_the_period_began() -> None:
    late = period(math.inf, began=86_399.0)
    assert replay(TWO, [late, period(400.0, began=86_400.0)], 0.0, 0.0).net_by_day == {
        0: pytest.approx(-200),
        1: pytest.approx(1_150 - 100),
    }


def test_never_costs_what_lapses_cost() -> None:
    found = [period(400.0), period(50.0), period(math.inf)]
    assert replay(NEVER, found, 0.0, 0.0).by_session["s"].cost == sum(one.never for one in found) == 1_150


TABLE = {
    # policy: 5m, 5m with 90 % signalled, 1h, 1h with 90 % signalled
    "never": (3.17, 3.17, 4.02, 4.02),
    "1 ping": (2.22, 2.10, 3.48, 2.86),
    "2 pings": (1.87, 1.62, 3.37, 2.13),
    "3 pings": (1.84, 1.46, 3.86, 2.01),
    "aider 12": (3.08, 1.56, 9.50, 2.10),
    "break-even": (2.97, 1.57, 14.04, 2.31),
    "cache-warm 30": (5.95, 2.13, 21.7, 3.20),
    "context-guru": (1.89, 1.51, 3.96, 2.10),
    "pi": (3.14, 2.99, 4.34, 2.07),
    "fixed counts": (1.80, 1.54, 2.56, 1.94),
}
SAVED = {
    # of the input, %, no end signalled: 5m, 1h
    "never": (0.0, 0.0), "1 ping": (7.0, 0.7), "2 pings": (9.6, 0.9), "3 pings": (9.8, 0.2), "aider 12": (0.6, -7.6),
    "break-even": (1.5, -13.8), "cache-warm 30": (-20.5, -24.4), "context-guru": (9.4, 0.1), "pi": (0.2, -0.4),
    "fixed counts": (10.1, 2.0),
}  # fmt: skip


@needs_real
def test_the_published_table_comes_out_again() -> None:
    rows = read(REAL)
    grid = Grid(rows, episodes(rows))
    found = [grid.score(Cell(ttl, 0.1, ends), RIVALS) for ttl in ("5m", "1h") for ends in (0.0, 0.9)]
    for place, name in enumerate(TABLE):
        scores = [result.scores[place] for result in found]
        assert [score.policy for score in scores] == [name] * 4
        for score, published in zip(scores, TABLE[name], strict=True):
            assert score.ratio.value == pytest.approx(published, abs=0.006 if published < 20 else 0.06), name
        for score, share in zip(scores[::2], SAVED[name], strict=True):
            assert score.net_share.value is not None
            assert 100 * score.net_share.value == pytest.approx(share, abs=0.066), name


def agree(path: Path, grid: list[Cell]) -> int:
    """Checks both scorers' ratios in these cells; returns how many there were."""
    rows = read(path)
    scorer, waits = Grid(rows, episodes(rows)), reference_scorer.waits(path)
    compared = 0
    for cell in grid:
        assert cell.read is not None
        assert cell.ends is not None
        for score in scorer.score(cell, policies()).scores:
            expected = reference_scorer.ratio(score.policy, waits, cell.ttl, cell.read, cell.ends)
            assert (score.ratio.value is None) == (expected is None), (cell, score.policy)
            if expected is not None:
                assert score.ratio.value == pytest.approx(expected, rel=5e-4), (cell, score.policy)
                compared += 1
    return compared


@needs_real
def test_a_second_scorer_agrees_on_real_gaps() -> None:
    assert agree(REAL, cells()) == 24 * 11


GAPS = st.one_of(
    st.floats(0, 400), st.floats(200, 4_000), st.floats(3_000, 200_000), st.integers(0, 60).map(lambda k: 285.0 * k),
    st.integers(0, 30).map(lambda k: 285.0 * k + 300), st.integers(0, 30).map(lambda k: 3_540.0 * k + 3_600),
)  # fmt: skip
LINES = st.builds(
    line,
    session=st.integers(1, 4),
    kind=st.sampled_from(["user", "tool", "notification"]),
    request_to_request_seconds=GAPS.map(lambda seconds: f"{seconds:.3f}"),
    prefix_tokens=st.one_of(st.integers(0, 30_000), st.integers(30_000, 900_000)),
    next_cache_read=st.integers(0, 300_000),
    ttl_before=st.sampled_from(["5m", "1h", ""]),
    ttl_after=st.sampled_from(["5m", "1h", ""]),
    model_after=st.sampled_from(["opus", "opus", "opus", "sonnet"]),
    compacted=st.sampled_from([0, 0, 0, 1]),
    last_of_session=st.sampled_from([0, 0, 1]),
)


@given(st.lists(LINES, min_size=1, max_size=25), st.sampled_from(cells()))
@settings(deadline=None, max_examples=120)
def test_a_second_scorer_agrees_on_made_up_gaps(tmp_path_factory: Any, lines: list[dict[str, str]], cell: Cell) -> None:
    agree(write(tmp_path_factory.getbasetemp() / "made_up.csv", lines), [cell])
