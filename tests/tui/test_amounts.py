"""The formats that need no cells are the screen's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import amounts, format


def test_what_is_not_known() -> None:
    assert (amounts.tokens(None), amounts.money(None)) == (format.NOTHING, format.NOTHING)


@pytest.mark.parametrize("count", [0, 1, 2, "1", "?"])
def test_plural(count: int | str) -> None:
    assert amounts.plural(count, "ping") == format.plural(count, "ping")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (amounts.countdown(191.2), "3:12"),
        (amounts.countdown(-1), "0:00"),
        (amounts.age(59), "<1m"),
        (amounts.tokens(54_000), "54k"),
        (amounts.money(0.42), "$0.42"),
    ],
)
def test_examples(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(
    ("saved", "spent", "shown"),
    [
        (0.5732, 0.0339, "+$0.54"),
        (2.8482, 0.3449, "+$2.51"),
        (153.6, 34.2, "+$120"),
        (0.0, 0.0069, "-<1c"),
        (0.574, 0.0, "+$0.57"),
        (0.006, 0.0141, "-<1c"),
        (0.014, 0.0101, "$0.00"),
        (0.0, 0.0, "$0.00"),
    ],
)
def test_a_net_is_what_the_two_amounts_beside_it_leave(saved: float, spent: float, shown: str) -> None:
    assert format.net(amounts.net_of(saved, spent)) == shown


@given(st.integers(1, 9_000), st.integers(1, 9_000), st.floats(-0.0049, 0.0049), st.floats(-0.0049, 0.0049))
def test_cents_add_up_whatever_is_behind_them(saved: int, spent: int, more: float, less: float) -> None:
    up, down = max(0.01, saved / 100 + more), max(0.01, spent / 100 + less)
    read = float(amounts.money(up)[1:]) - float(amounts.money(down)[1:])
    assert amounts.money(amounts.net_of(up, down)) == amounts.money(round(read, 2))
