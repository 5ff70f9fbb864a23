"""What is typed into the budget sheet."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
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
        ("2h30", NOW + 9000),
        ("1d", NOW + DAY),
        ("1d 2h", NOW + DAY + 7200),
        ("6pm", at(18, 0)),
        ("6:15 PM", at(18, 15)),
        ("12am", at(0, 0) + DAY),
        ("fri 9:00", at(9, 0) + 3 * DAY),
        ("Tue 9:00", at(9, 0) + 7 * DAY),
        ("tuesday 18:00", at(18, 0)),
    ],
)
def test_until(text: str, expected: float | None) -> None:
    assert parse.until(text, NOW, UTC) == expected


@pytest.mark.parametrize(
    "text",
    ["x", "18:0", "25:00", "18:61", "0h", "h", "next week", "today 9:00", "-2h", "13pm", "0am", "9", "frid 9:00"],
)
def test_a_refused_time_comes_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"\d:00"):
        parse.until(text, NOW, UTC)


def test_an_end_may_be_the_next_prompt() -> None:
    assert parse.end(" Back ", NOW, UTC) == (NOW + 24 * 3600, True)
    assert parse.end("2h", NOW, UTC) == (NOW + 7200, False)
    assert parse.end("", NOW, UTC) == (None, False)
    with pytest.raises(ValueError, match=r"not a time, try 18:00, 2h, tomorrow 9:00, back"):
        parse.end("bac", NOW, UTC)
    with pytest.raises(ValueError, match=r"that time is over, try tomorrow 9:00"):
        parse.end("today 9:00", NOW, UTC)


BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [UTC, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
"""Lord Howe turns its clocks by half an hour."""


def outcome(text: str, now: float, zone: tzinfo) -> parse.End | str:
    """An end, or why it is refused."""
    try:
        return parse.end(text, now, zone)
    except ValueError as error:
        return str(error)


@given(st.floats(1.7e9, 1.9e9), st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59))
def test_a_clock_time_is_the_next_moment_that_clocks_read_it(now: float, zone: tzinfo, hour: int, minute: int) -> None:
    at = parse.until(f"{hour}:{minute:02}", now, zone)
    assert at is not None
    assert now < at <= now + 25 * 3600 + 1
    read = datetime.fromtimestamp(at, zone)
    reads_so = (read.hour, read.minute) == (hour, minute)
    assert reads_so or (read - datetime.combine(read.date(), time(hour, minute), zone) <= timedelta(hours=1)), "skipped"
    # No earlier minute of that name is left between now and then.
    before = [datetime.fromtimestamp(at - back, zone) for back in (1800, 3600) if at - back > now]
    assert not any((one.hour, one.minute) == (hour, minute) for one in before)


@given(st.floats(1.7e9, 1.9e9), st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59))
def test_today_and_tomorrow_name_the_day(now: float, zone: tzinfo, hour: int, minute: int) -> None:
    today = datetime.fromtimestamp(now, zone).date()
    at = parse.until(f"tomorrow {hour}:{minute:02}", now, zone)
    assert at is not None
    assert datetime.fromtimestamp(at, zone).date() == today + timedelta(days=1)
    end = outcome(f"today {hour}:{minute:02}", now, zone)
    if isinstance(end, str):
        assert "over" in end
    else:
        assert end.at is not None
        assert end.at > now
        assert datetime.fromtimestamp(end.at, zone).date() == today


@given(st.floats(1.7e9, 1.9e9), st.sampled_from(ZONES), st.integers(0, 999), st.integers(0, 9999))
def test_a_span_is_a_span_whatever_clocks_do(now: float, zone: tzinfo, hours: int, minutes: int) -> None:
    if hours or minutes:
        assert parse.until(f"{hours}h{minutes}m", now, zone) == now + 3600 * hours + 60 * minutes


def test_where_clocks_read_it_twice_the_first_of_what_is_left_counts() -> None:
    """25 October 2026: at 3:00 it is 2:00 again."""

    def moment(hour: int, minute: int, fold: int) -> float:
        return datetime(2026, 10, 25, hour, minute, fold=fold, tzinfo=BERLIN).timestamp()

    assert parse.until("2:30", moment(2, 10, 0), BERLIN) == moment(2, 30, 0)
    assert parse.until("2:30", moment(2, 45, 0), BERLIN) == moment(2, 30, 1)
    assert parse.until("2:30", moment(2, 10, 1), BERLIN) == moment(2, 30, 1)
    assert parse.until("2:30", moment(2, 45, 1), BERLIN) == datetime(2026, 10, 26, 2, 30, tzinfo=BERLIN).timestamp()


def test_a_time_that_clocks_skip_is_when_it_would_have_been() -> None:
    """29 March 2026: after 1:59 comes 3:00."""
    now = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN).timestamp()
    assert parse.until("2:15", now, BERLIN) == now + 45 * 60
    assert parse.until("tomorrow 2:15", now, BERLIN) == datetime(2026, 3, 30, 2, 15, tzinfo=BERLIN).timestamp()


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_time_to_come_or_refused_with_an_example(text: str) -> None:
    end = outcome(text, NOW, UTC)
    if isinstance(end, str):
        assert "9:00" in end
    else:
        assert end.at is None or end.at > NOW


def test_pings() -> None:
    assert (parse.pings("6"), parse.pings(" "), parse.pings("none"), parse.pings("0")) == (6, None, None, 0)
    for text in ("-1", "1.5", "x", "٣"):
        with pytest.raises(ValueError, match="a whole number, such as 3"):
            parse.pings(text)
    with pytest.raises(ValueError, match="999 at most"):
        parse.pings("1000")


def test_usd() -> None:
    assert (parse.usd("$1.50"), parse.usd("2"), parse.usd(".5"), parse.usd("")) == (1.5, 2.0, 0.5, None)
    assert (parse.usd("none"), parse.usd("0")) == (None, 0.0)
    assert (parse.usd("0,50"), parse.usd("1,5"), parse.usd(",5")) == (0.5, 1.5, 0.5)
    for text in ("-1", "1,500", "nan", "inf", "1e3", ","):
        with pytest.raises(ValueError, match=r"such as 1\.50"):
            parse.usd(text)
    with pytest.raises(ValueError, match=r"\$10,000 at most"):
        parse.usd("99999999999")


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
