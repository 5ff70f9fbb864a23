"""The grid and its prices."""

from __future__ import annotations

import pytest

from keepalive.simulate.terms import Cell, Terms, at_read_price, cells


def test_the_grid_has_every_price_class_and_share() -> None:
    grid = cells()
    assert len(grid) == len(set(grid)) == 24
    assert grid[0] == Cell("5m", 0.1, 0.0)
    assert [cell.ttl for cell in grid[:12]] == ["5m"] * 12


def test_it_can_be_narrowed() -> None:
    assert cells((None,), ("1h",), (None,)) == [Cell("1h", None, None)]


def test_every_model_pays_the_same_in_the_grid() -> None:
    terms = at_read_price(0.05)
    assert terms("opus", 1.0, 10, "5m") == terms("gpt", 2.0, 99, "5m") == Terms(0.05, 1.25, 1.0)
    long = terms("", 0.0, 0, "1h")
    assert long is not None
    assert long.lapse == pytest.approx(1.95)
