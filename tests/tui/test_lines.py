"""Putting pieces at the two ends of a line."""

from __future__ import annotations

from tui.lines import Piece, rule, spread, text_of, width_of


def test_spread_fills_the_width_or_leaves_the_right_out() -> None:
    left, right = (Piece("left"),), (Piece("right"),)
    assert text_of(spread(left, right, 12)) == "left   right"
    assert text_of(spread(left, right, 9)) == "left"


def test_rule_draws_a_faint_line_between() -> None:
    line = rule((Piece("a"),), (Piece("b"),), 8)
    assert text_of(line) == "a ──── b"
    assert line[2].role == "faint"
    assert text_of(rule((Piece("a"),), (), 5)) == "a ───"


def test_width_counts_cells() -> None:
    assert width_of((Piece("日本"), Piece("x"))) == 5
