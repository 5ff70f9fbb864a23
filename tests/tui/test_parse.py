"""What is typed into the budget sheet."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.sample import NOW, at
from tui import parse

DAY = 86400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        (" None ", None),
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
    assert (parse.pings("6"), parse.pings(" "), parse.pings("none"), parse.pings("0")) == (6, None, None, 0)
    for text in ("-1", "1.5", "x", "1000", "٣"):
        with pytest.raises(ValueError, match="such as 3"):
            parse.pings(text)


def test_usd() -> None:
    assert (parse.usd("$1.50"), parse.usd("2"), parse.usd(".5"), parse.usd("")) == (1.5, 2.0, 0.5, None)
    assert (parse.usd("none"), parse.usd("0")) == (None, 0.0)
    for text in ("-1", "1,50", "nan", "inf", "1e3", "999999"):
        with pytest.raises(ValueError, match=r"such as 1\.50"):
            parse.usd(text)


@given(st.integers(0, 10_000 * 10_000).map(lambda n: n / 10_000))
def test_an_amount_is_written_so_that_it_reads_back(amount: float) -> None:
    text = parse.usd_text(amount)
    assert parse.usd(text) == amount
    assert len(text.partition(".")[2]) >= 2


def test_a_pause_has_an_end() -> None:
    assert parse.pause("today", NOW, UTC) == at(0, 0) + DAY
    assert parse.pause("18:00", NOW, UTC) == at(18, 0)
    for text in ("", "none", "yesterday", "today 9:00"):
        with pytest.raises(ValueError, match=r"try .*\d:00"):
            parse.pause(text, NOW, UTC)


def test_a_day_is_paused_to_midnight_also_when_the_clocks_change() -> None:
    zone = ZoneInfo("Europe/Berlin")
    noon = datetime(2026, 10, 25, 1, 0, tzinfo=zone)
    assert parse.pause("today", noon.timestamp(), zone) == datetime(2026, 10, 26, tzinfo=zone).timestamp()
