"""The formats that need no cells are the screen's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import amounts, format

SAME: tuple[tuple[Callable[[float], str], Callable[[float], str]], ...] = (
    (amounts.countdown, format.countdown),
    (amounts.age, format.age),
    (amounts.tokens, format.tokens),
    (amounts.money, format.money),
)


@pytest.mark.parametrize(("ours", "theirs"), SAME)
@given(st.floats(-1e7, 1e12))
def test_a_number_reads_the_same_in_the_status_line_and_in_the_sidebar(
    ours: Callable[[float], str], theirs: Callable[[float], str], number: float
) -> None:
    assert ours(number) == theirs(number)


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
