"""The formats that need no cells are the screen's own."""

from __future__ import annotations

import pytest

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
    ("usd", "less", "left"), [(0.674, 0.0166, 0.65), (0.671, 0.0149, 0.66), (0.11, 0.004, 0.11), (0.014, 0.0101, 0.0)]
)
def test_a_difference_is_that_of_the_amounts_as_they_read(usd: float, less: float, left: float) -> None:
    assert amounts.difference(usd, less) == format.difference(usd, less) == left
    assert amounts.difference(less, usd) == -left
