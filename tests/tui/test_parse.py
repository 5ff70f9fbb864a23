"""What is typed into the budget sheet."""

from __future__ import annotations

from datetime import UTC

import pytest

from tests.tui.sample import NOW, at
from tui import parse

DAY = 86400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("18:00", at(18, 0)),
        ("9:00", at(9, 0) + DAY),
        ("tomorrow 9:00", at(9, 0) + DAY),
        ("Tomorrow 18:00", at(18, 0) + DAY),
        ("2h", NOW + 7200),
        ("1h30m", NOW + 5400),
        ("45 min", NOW + 2700),
    ],
)
def test_until(text: str, expected: float | None) -> None:
    assert parse.until(text, NOW, UTC) == expected


@pytest.mark.parametrize("text", ["x", "18:0", "25:00", "18:61", "0h", "h", "next week", "today 9:00", "-2h"])
def test_a_refused_time_comes_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d:00"):
        parse.until(text, NOW, UTC)


def test_pings() -> None:
    assert (parse.pings("6"), parse.pings(" "), parse.pings("0")) == (6, None, 0)
    for text in ("-1", "1.5", "x", "1000", "٣"):
        with pytest.raises(ValueError, match="such as 3"):
            parse.pings(text)


def test_usd() -> None:
    assert (parse.usd("$1.50"), parse.usd("2"), parse.usd(".5"), parse.usd("")) == (1.5, 2.0, 0.5, None)
    for text in ("-1", "1,50", "nan", "inf", "1e3", "999999"):
        with pytest.raises(ValueError, match=r"such as 1\.50"):
            parse.usd(text)
