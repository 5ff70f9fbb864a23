"""The sheet's rows on screens of every size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.budget_layout import EDGE_CELLS, Layout, field_padding, inner_cells, input_cells, layout


def height(one: Layout) -> int:
    """Rows of the whole sheet, its border and the margin below it included."""
    return 8 + sum(one)


@given(st.integers(30, 89), st.integers(15, 80))
def test_the_row_that_it_is_about_stays_in_sight(width: int, rows: int) -> None:
    plan = layout(width, rows)
    assert not plan.wide
    assert height(plan) <= rows - 4, "header, label, row"
    assert plan.policy >= 1
    assert plan.consequence >= 2, "an error may take two lines"


def test_more_rows_show_more() -> None:
    assert layout(30, 15) == Layout(1, 2)
    assert [layout(36, rows).policy for rows in (15, 20, 24, 30)] == [1, 1, 4, 4]
    shown = [sum(layout(36, rows)) for rows in range(15, 60)]
    assert shown == sorted(shown)


@given(st.integers(90, 300), st.integers(17, 80))
def test_a_wide_screen_has_both_side_by_side(width: int, rows: int) -> None:
    plan = layout(width, rows)
    assert plan.wide
    assert plan.columns >= 1 + plan.policy + plan.between + plan.consequence
    assert plan.columns >= 2 + 2 + 2 + 3 + 1, "the mode, three fields of which one is wrong, the dearest ping"
    assert 3 + plan.top + plan.columns + plan.foot + plan.bottom <= rows


def test_a_wide_and_low_screen_has_one_column() -> None:
    assert not layout(120, 15).wide


@pytest.mark.parametrize(("width", "cells"), [(30, 8), (36, 14), (60, 18), (120, 18)])
def test_fields_grow_with_the_screen(width: int, cells: int) -> None:
    assert input_cells(width) == cells
    assert width < 36 or input_cells(width) - 2 * field_padding(width) >= len("tomorrow 9:00") + 1, "and the cursor"
    assert inner_cells(width) == min(width, 64) - EDGE_CELLS
