"""The figures as text for people."""

from __future__ import annotations

from dataclasses import replace

from keepalive.simulate.report import Source, ends_words, read_words, text
from keepalive.simulate.resampling import Interval
from keepalive.simulate.results import Figure, WorstDay
from keepalive.simulate.terms import Cell
from tests.keepalive.simulate.made_results import SOURCE, results


def test_the_whole_grid_is_a_close_look_at_each_class_and_an_overview() -> None:
    lines = text(SOURCE, results()).splitlines()
    assert lines[0] == "gaps.csv: 240 requests of 8 sessions, 248 idle periods with a prefix worth keeping"
    assert sum(line.startswith("Entries that live") for line in lines) == 2
    assert sum(line.startswith("Cost over the best possible, entries") for line in lines) == 2
    assert max(map(len, lines)) <= 110
    assert lines == [line.rstrip() for line in lines]


def test_one_cell_is_one_table_cheapest_first_ours_and_the_best_marked() -> None:
    result = results()[0]
    lines = text(SOURCE, [result]).splitlines()
    assert lines[2] == "Entries that live 5 minutes, a cache read at 0.1 of the input price, no end signalled"
    assert lines[3].startswith(f"{result.periods} idle periods of 8 sessions: {result.lapses} lapses without a ping, ")
    rows = lines[8:19]
    ratios = [float(row[16:22].strip().rstrip("*")) for row in rows]
    assert ratios == sorted(ratios)
    assert [row[2:].startswith("warmside ") for row in rows] == [row.startswith(">") for row in rows]
    assert sum(row.startswith(">") for row in rows) == 1
    assert ["*" in row for row in rows] == [result.best is not None and row[2:].startswith(result.best) for row in rows]
    assert "Cost over the best possible, entries" not in "\n".join(lines)


def test_a_row_has_figures_ranges_and_the_worst_day() -> None:
    score = replace(
        results()[0].scores[0],
        cost=0.0,
        ratio=Figure(1.8, Interval(1.66, 2.04)),
        net_share=Figure(0.101, Interval(-0.071, 0.13)),
        lapses_avoided=92,
        avoided_share=Figure(0.69, None),
        pings_per_100=9.93,
        worst_day=WorstDay("2026-01-28", -88_786.0),
    )
    result = replace(results()[0], lapses=134, scores=[score])
    assert text(SOURCE, [result]).splitlines()[8] == (
        "> warmside       1.80* 1.66 to 2.04   +10.1 % -7.1 to +13.0    92 of 134   69 %   9.9       -0.09 26-01-28"
    )
    dollars = replace(SOURCE, own_prices=True)
    score = replace(score, net=-1.5, worst_day=WorstDay("2026-01-28", -2.5), pings=3.2, ratio=Figure(123.4, None))
    lines = text(dollars, [replace(result, input_cost=1_234.5, scores=[score])]).splitlines()
    assert lines[4] == (
        "warmside would have lost $1.50 of $1,234.50 that all input cost: 92 lapses avoided with 3 pings"
    )
    assert "  123* " in lines[9]
    assert lines[9].endswith("-2.50 26-01-28")
    assert "in dollars" in lines[-1]


def test_few_are_called_few_and_very_few_prove_nothing() -> None:
    result = results()[0]
    few = "! 8 sessions and 60 lapses are few: differences inside the ranges are chance"
    assert few in text(SOURCE, [replace(result, lapses=60)])
    assert "! 75 sessions and 1 lapse are few" in text(SOURCE, [replace(result, sessions=75, lapses=1)])
    assert "!" not in text(SOURCE, [replace(result, sessions=75, lapses=134)])
    assert "1 session and 9 lapses are very few sessions: no ranges, and nothing to conclude" in text(
        SOURCE, [replace(result, sessions=1, lapses=9)]
    )


def test_nothing_to_compare_and_nobody_left_out_in_silence() -> None:
    result = replace(results()[0], clairvoyant=0.0, unpriced=1_200)
    shown = text(SOURCE, [result])
    assert "there is nothing to compare" in shown
    assert "; 1,200 more left out, their model's price is not known" in shown
    assert "policy" not in shown


def test_the_cell_in_words() -> None:
    result = results()[0]
    assert ends_words(replace(result, cell=Cell("5m", 0.1, 0.9))) == "90 % of ends signalled at once"
    own = replace(result, cell=Cell("5m", None, None), ends_known=0.25)
    assert ends_words(own) == "ends known when the client said so (25 % before a ping was due)"
    assert read_words(own) == "each model's own prices"
    assert text(Source("your history", 1, 1, 1, True), [own]).startswith("your history: 1 request of 1 session, 1 idle")


def test_five_cells_are_an_overview_of_what_was_asked() -> None:
    own = [replace(one, cell=replace(one.cell, read=None, ends=None)) for one in results()[:5]]
    shown = text(SOURCE, own)
    assert "own prices" in shown
    assert "as said" in shown
