"""Cells of the grid: counts, sums, prices of models' own."""

from __future__ import annotations

import pytest

from keepalive.simulate.episodes import episodes
from keepalive.simulate.gaps import read
from keepalive.simulate.grid import Grid, policies
from keepalive.simulate.policies import OURS
from keepalive.simulate.results import CellResult, Score
from keepalive.simulate.rivals import CONTEXT_GURU, NEVER, RIVALS
from keepalive.simulate.terms import Cell, Terms, cells
from store.idle_gaps import IdleGap
from store.words import TTLClass
from tests.keepalive.simulate.made_gaps import REAL, gap, needs_real
from tests.keepalive.simulate.made_results import results, rows

FREE = Cell("5m", 0.1, 0.0)


def scored(made: list[IdleGap], cell: Cell = FREE) -> CellResult:
    return Grid(made, episodes(made)).score(cell, [NEVER, RIVALS[1]])


def by_name(result: CellResult) -> dict[str, Score]:
    return {score.policy: score for score in result.scores}


def test_ours_is_among_them_and_no_name_comes_twice() -> None:
    names = [policy.name for policy in policies()]
    assert names[0] == OURS
    assert len(names) == len(set(names)) == 11


def test_counts_and_sums_by_hand() -> None:
    made = [
        gap(seconds=10.0),
        gap(seconds=500.0, prefix_tokens=20_000),  # one ping keeps it
        gap(seconds=5_000.0, ttl_before="1h"),  # another class
        gap(seconds=20.0, last_of_session=True, read=30_000, written=0, uncached=0),
    ]
    result = scored(made)
    assert (result.periods, result.sessions, result.lapses, result.ends, result.unpriced) == (4, 1, 1, 1, 0)
    assert (result.write, result.ends_known) == (1.25, 0.0)
    assert result.clairvoyant == pytest.approx(2_000)
    assert result.input_cost == pytest.approx(3 * (5_000 + 1_250 + 10) + 3_000)
    never, one = result.scores
    assert [never.cost, one.cost] == pytest.approx([23_000, 2_000 + 3_000])
    assert (never.lapses_left, never.pings) == (1, 0)
    assert (one.lapses_avoided, one.lapses_left, one.pings) == (1, 0, 2)
    assert [never.ratio.value, one.ratio.value] == pytest.approx([11.5, 2.5])
    assert one.net == pytest.approx(18_000)
    assert one.net_share.value == pytest.approx(18_000 / result.input_cost)
    assert one.avoided_share.value == 1
    assert one.pings_per_100 == 50
    assert one.ratio.interval is None  # of one session


def test_the_worst_day_is_the_day_that_lost_most() -> None:
    day = 86_400.0
    made = [
        gap(at=day, last_of_session=True),
        gap(at=2 * day, last_of_session=True, read=90_000),
        gap(at=3 * day + 600, seconds=500.0),
    ]
    never, one = scored(made).scores
    assert never.worst_day is None
    assert one.worst_day is not None
    assert one.worst_day.date == "1970-01-03"
    assert one.worst_day.net == pytest.approx(-9_101)


def test_nothing_of_a_class_is_nothing() -> None:
    result = scored([gap()], Cell("1h", 0.1, 0.0))
    assert (result.periods, result.clairvoyant, result.best) == (0, 0, None)
    assert result.scores[0].ratio.value is result.scores[0].net_share.value is None


def own(model: str, at: float, tokens: int, ttl: TTLClass) -> Terms | None:
    return {"opus": Terms(0.1, 1.25, 5e-6), "mythos": Terms(0.025, 1.25, 1e-5)}.get(model)


def test_at_models_own_prices_costs_are_dollars_and_the_unpriced_are_left_out() -> None:
    made = [
        gap(seconds=400.0, model_before=model, model_after=model, prefix_tokens=100_000)
        for model in ("opus", "mythos", "unheard")
    ]
    result = Grid(made, episodes(made), own).score(Cell("5m", None, None), [NEVER, RIVALS[1]])
    assert (result.periods, result.unpriced, result.write) == (2, 1, None)
    never, one = result.scores
    assert never.cost == pytest.approx(1.15 * 0.5 + 1.225 * 1.0)
    assert one.cost == pytest.approx(0.1 * 0.5 + 0.025 * 1.0)


def test_without_prices_of_its_own_a_history_has_none() -> None:
    with pytest.raises(ValueError, match="no prices"):
        Grid([gap()], episodes([gap()])).score(Cell("5m", None, 0.0), [NEVER])


def test_ends_known_is_the_share_reported_before_a_ping_was_due() -> None:
    made = [gap(last_of_session=True, ended_after=after) for after in (3.0, 284.0, 285.0, None)]
    result = Grid(made, episodes(made), own).score(Cell("5m", None, None), [RIVALS[1]])
    assert result.ends_known == 0.5
    assert result.scores[0].pings == 2


def test_signalled_ends_never_make_anybody_dearer() -> None:
    for result, more in zip(results(), results()[1:], strict=False):
        if result.cell.read == more.cell.read and result.cell.ttl == more.cell.ttl:
            before, after = by_name(result), by_name(more)
            assert all(after[rival.name].cost <= before[rival.name].cost for rival in RIVALS)


def test_nobody_beats_the_clairvoyant_but_for_a_rhythm_of_his_own() -> None:
    for result in results():
        for score in result.scores:
            assert score.ratio.value is not None
            assert score.ratio.value >= (0.9 if score.policy.startswith("cache-warm") else 1 - 1e-9)
            assert score.net == pytest.approx(by_name(result)["never"].cost - score.cost)
            assert score.lapses_avoided + score.lapses_left == result.lapses


def test_the_order_of_rows_does_not_matter() -> None:
    made = rows()
    there, back = (Grid(one, episodes(one)).score(FREE, RIVALS) for one in (made, made[::-1]))
    for first, second in zip(there.scores, back.scores, strict=True):
        assert first.cost == pytest.approx(second.cost)
        assert first.ratio.interval == pytest.approx(second.ratio.interval)


@needs_real
@pytest.mark.parametrize("ends", [0.0, 0.9])
def test_ours_on_real_gaps(ends: float) -> None:
    made = read(REAL)
    grid = Grid(made, episodes(made))
    for cell in cells(ends=(ends,)):
        scores = by_name(grid.score(cell, policies()))
        ours, guru = scores[OURS].cost, scores[CONTEXT_GURU.name].cost
        assert ours <= scores["never"].cost
        assert ours <= guru * (1.02 if ends == 0 else 1.0), cell
