"""Formats, and that foreign text stays data at every width."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.sample import NOW
from tui import format as fmt


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.2, "0:01"),
        (48, "0:48"),
        (599, "9:59"),
        (600, "10m"),
        (2465, "41m"),
        (3720, "1h02"),
        (-5, "0:00"),
    ],
)
def test_countdown(seconds: float, text: str) -> None:
    assert fmt.countdown(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "–"),
        (950, "950"),
        (9_100, "9.1k"),
        (9_960, "10k"),
        (88_000, "88k"),
        (999_600, "1.0M"),
        (2_100_000, "2.1M"),
    ],
)
def test_tokens(count: float | None, text: str) -> None:
    assert fmt.tokens(count) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [(None, "–"), (0, "$0.00"), (0.004, "<1c"), (0.07, "$0.07"), (12.4, "$12.40"), (99.996, "$100"), (124, "$124")],
)
def test_money(usd: float | None, text: str) -> None:
    assert fmt.money(usd) == text


def test_only_net_money_has_a_sign() -> None:
    assert [fmt.net(usd) for usd in (2.84, 0.0, -0.41)] == ["+$2.84", "$0.00", "-$0.41"]


@given(st.floats(0, 9e6))
def test_money_fits_its_column(usd: float) -> None:
    assert len(fmt.money(usd)) <= 6


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (3, "3s"), (48, "48s"), (59.6, "1m00"), (130, "2m10"), (1445, "24m05"), (4800, "1h20")],
)
def test_duration(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_past_and_clock_times() -> None:
    assert fmt.past(NOW - 18 * 60 - 10, NOW, UTC) == "18m ago"
    assert fmt.past(NOW - 3 * 3600, NOW, UTC) == "3h ago"
    assert fmt.past(NOW - 4 * 86400, NOW, UTC) == "20 Nov"
    assert fmt.age(5) == "<1m"
    assert fmt.clock_time(NOW + 60, NOW, UTC) == "14:32"
    assert fmt.clock_time(datetime(2026, 11, 25, 9, 0, tzinfo=UTC).timestamp(), NOW, UTC) == "Wed 9:00"


@pytest.mark.parametrize(
    ("share", "filled"), [(1.0, "━━━━━━━"), (0.5, "━━━╸"), (0.16, "━"), (0.0001, "╸"), (7.0, "━━━━━━━")]
)
def test_bar_in_half_cells(share: float, filled: str) -> None:
    drawn, track = fmt.bar(share)
    assert drawn == filled
    assert len(drawn + track) == fmt.BAR_CELLS


def test_likely_bar_shows_the_chance() -> None:
    assert fmt.bar(0.9, likely=True) == ("┅" * 6, "─")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-5-5-20260901", "opus 5.5"),
        ("claude-haiku-4-5-20251001", "haiku 4.5"),
        ("claude-sonnet-6", "sonnet 6"),
        ("gpt-6-1", "gpt 6.1"),
        ("claude", "claude"),
        (None, "–"),
    ],
)
def test_model_names(model: str | None, name: str) -> None:
    assert fmt.model_name(model) == name


def test_paths_are_cut_left_at_a_separator_and_text_right() -> None:
    assert fmt.cut_left("/home/sam/src/store/ingest.py", 14) == "…/ingest.py"
    assert fmt.cut_left("averyveryverylongname.py", 10) == "…ngname.py"
    assert fmt.cut("split the store so that", 10) == "split the…"
    assert fmt.cut("short", 10) == "short"


def test_wide_letters_are_never_halved() -> None:
    assert fmt.cut("日本語テスト", 6) == "日本…"
    assert fmt.pad("日本語テスト", 6) == "日本… "
    assert fmt.cut_left("日本語テスト", 6) == "…スト"


def test_wrap_says_when_there_is_more() -> None:
    assert fmt.wrap("one two three four", 9, 2) == ["one two", "three fo…"]
    assert fmt.wrap("one two", 9, 3) == ["one two"]
    assert fmt.wrap("", 9, 3) == []


def test_escape_sequences_are_removed_as_a_whole() -> None:
    text = "\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x1b\\ \x1b]0;title\x07\x9b2Jbell\x07\tend\r\nline"
    assert fmt.clean(text) == "red link bell end line"


def test_markup_stays_as_it_was_written() -> None:
    assert fmt.clean("[bold]not bold[/bold] [@click=app.quit]x[/]") == "[bold]not bold[/bold] [@click=app.quit]x[/]"


FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.text())
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    cleaned = fmt.clean(text)
    assert not [ch for ch in cleaned if unicodedata.category(ch) in FORBIDDEN]
    assert "\ufe0f" not in cleaned
    assert fmt.clean(cleaned) == cleaned


@given(st.text(), st.integers(0, 60))
def test_cuts_and_pads_keep_their_width(text: str, width: int) -> None:
    text = fmt.clean(text)
    assert cell_len(fmt.cut(text, width)) <= width
    assert cell_len(fmt.cut_left(text, width)) <= width
    assert cell_len(fmt.pad(text, width)) == width
    assert cell_len(fmt.pad_left(text, width)) == width
    assert all(cell_len(line) <= width for line in fmt.wrap(text, width, 3))
