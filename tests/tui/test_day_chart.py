"""Bars on a line: heights, what was lost, labels, and never wider than the room."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.day_chart import EIGHTHS, HALVES, WHOLE, Bar, Drawing, days_from, plot, scale, shown
from tui.format import money
from tui.glyphs import ASCII
from tui.lines import Line, Piece, text_of, width_of

AMOUNTS = st.one_of(
    st.just(0.0), st.floats(0, 100), st.floats(0, 1e-9), st.floats(0, 1.7e308), st.floats(min_value=-5, max_value=0)
)
BARS = st.lists(
    st.builds(Bar, AMOUNTS, AMOUNTS, AMOUNTS, st.sampled_from(["", "7", "24"]), st.sampled_from(["", "1 Dec"])),
    max_size=120,
)


def drawn(bars: list[Bar], width: int = 60, rows: int = 7, drawing: Drawing = EIGHTHS) -> list[str]:
    return [text_of(line).rstrip() for line in plot(bars, width, rows, money, drawing)]


def lines(bars: list[Bar], width: int = 60, drawing: Drawing = EIGHTHS) -> list[Line]:
    return list(plot(bars, width, 7, money, drawing))


def test_saved_stands_and_spent_hangs_to_one_scale() -> None:
    assert drawn([Bar(3.0, 1.0, 0.0, "1"), Bar(), Bar(1.5, 0.5, 0.5, "3")], width=50, rows=4) == [
        " $3.00 █████                █ saved",
        "       █████       ▄▄▄▄▄",
        "       █████       █████",
        "     0 ─────────────────",
        " $1.00 █████       ▀▀▀▀▀    █ spent  █ lost",
        "       1           3",
    ]


def test_what_was_lost_is_at_the_far_end() -> None:
    def below(bar: Bar) -> list[Piece]:
        found = lines([bar])
        axis = next(n for n, line in enumerate(found) if "─" in text_of(line))
        return [line[1] for line in found[axis + 1 :] if line[0].role == "dim" and line[1].text in ("█████", "▀▀▀▀▀")]

    assert below(Bar(4.0, 4.0, 2.0)) == [Piece("█████", "dim"), Piece("█████", "bad"), Piece("▀▀▀▀▀", "bad")]
    assert {piece.role for piece in below(Bar(1.0, 1.0, 1.0))} == {"bad"}
    assert {piece.role for piece in below(Bar(1.0, 1.0, 0.0))} == {"dim"}


@pytest.mark.parametrize(
    ("up", "down", "rows", "unit", "heights"),
    [
        (1.6, 0.4, 6, 0.4, (4, 1)),
        (3.0, 0.0, 7, 0.5, (6, 1)),
        (0.0, 0.0, 7, 1.2e-07, (1, 1)),
        (0.0, 2.0, 5, 0.5, (1, 4)),
    ],
)
def test_the_scale_is_the_smallest_round_one(
    up: float, down: float, rows: int, unit: float, heights: tuple[int, int]
) -> None:
    found = scale(up, down, rows)
    assert (found.up, found.down) == heights
    if up or down:
        assert found.unit == pytest.approx(unit)


@given(st.floats(0, 1e15), st.floats(0, 1e15), st.integers(2, 20))
def test_both_directions_fit_the_scale(up: float, down: float, rows: int) -> None:
    found = scale(up, down, rows)
    assert found.up + found.down <= rows
    assert min(found.up, found.down) >= 1
    assert up <= found.up * found.unit * (1 + 1e-6)
    assert down <= found.down * found.unit * (1 + 1e-6)


@pytest.mark.parametrize(
    ("bars", "room", "expected"),
    [(7, 60, (7, 6)), (7, 27, (7, 4)), (30, 119, (30, 4)), (30, 90, (30, 3)), (30, 30, (30, 1)), (40, 30, (30, 1))],
)
def test_as_wide_as_there_is_room_for(bars: int, room: int, expected: tuple[int, int]) -> None:
    assert shown(bars, room) == expected


def test_the_newest_are_shown_and_it_says_so() -> None:
    found = drawn([Bar(float(n), label=str(n)) for n in range(90)], width=36)
    assert found[-1] == " the newest 27 of 90 days"
    assert found[-3].endswith("89")


def test_a_cell_is_drawn_in_eighths_or_in_halves() -> None:
    bars = [Bar(n / 8) for n in range(9)]

    def top(drawing: Drawing) -> str:
        return drawn(bars, 24, 2, drawing)[0][7:]

    assert top(EIGHTHS) == " ▁▂▃▄▅▆▇█"
    assert set(top(HALVES)) == set(" ▄█")
    assert set(top(WHOLE)) == set(" █")


def test_few_colours_tell_spent_from_lost_by_shape() -> None:
    text = "\n".join(drawn([Bar(1.0, 1.0, 0.0), Bar(1.0, 1.0, 1.0)], drawing=HALVES))
    assert "░ spent  ▒ lost" in text
    assert "░░░░░ ▒▒▒▒▒" in text


@pytest.mark.parametrize("width", [30, 60, 120])
def test_without_unicode_every_glyph_has_an_ascii_form(width: int) -> None:
    bars = days_from(date(2026, 10, 20), date(2026, 11, 24), {"2026-11-03": Bar(1.3, 0.9, 0.4)})
    assert "".join(drawn(bars, width, 7, WHOLE)).translate(ASCII).isascii()


def test_nothing_but_a_track_where_nothing_was() -> None:
    axis = next(line for line in lines([Bar(), Bar(1.0), Bar()]) if "─" in text_of(line))
    assert axis[1] == Piece("─" * 17, "faint")
    assert drawn([Bar(), Bar()]) == [
        "                    █ saved",
        "   0 ───────────",
        "                    █ spent",
    ]


def test_days_are_labelled_evenly_and_the_first_of_a_month_says_which() -> None:
    bars = days_from(date(2026, 11, 27), date(2026, 12, 4), {})
    assert (bars[0].label, bars[0].turn) == ("27", "27 Nov")
    assert "    27 Nov 28    29    30    1 Dec 2     3     4" in drawn(bars)
    month = days_from(date(2026, 10, 26), date(2026, 11, 24), {})
    said = " ".join(text_of(plotted(month, 70)).split())
    assert said == "28 Oct 31 3 Nov 6 9 12 15 18 21 24"


@given(st.integers(2, 60), st.integers(30, 160))
def test_labels_stand_at_one_distance(days: int, width: int) -> None:
    last = date(2026, 11, 24)
    labels = text_of(plotted(days_from(last - timedelta(days=days - 1), last, {}), width))
    starts = [found.start() for found in re.finditer(r"\d+( [A-Z][a-z]+)?", labels)]
    apart = [two - one for one, two in pairwise(starts)]
    assert starts
    # The first may begin a cell earlier, the last one where it still fits.
    assert all(one == apart[1] for one in apart[1:-1])


def plotted(bars: list[Bar], width: int) -> Line:
    """The line of the labels."""
    found = list(plot(bars, width, 7, money))
    axis = next(n for n, line in enumerate(found) if "─" in text_of(line))
    return next(line for line in found[axis + 1 :] if any(letter.isdigit() for letter in text_of(line)))


@given(BARS, st.integers(30, 160), st.integers(2, 12), st.sampled_from([EIGHTHS, HALVES, WHOLE]))
def test_it_never_leaves_its_room(bars: list[Bar], width: int, rows: int, drawing: Drawing) -> None:
    found = list(plot(bars, width, rows, money, drawing))
    assert all(width_of(line) <= width for line in found)
    assert all(isinstance(piece, Piece) for line in found for piece in line)
    axis = [n for n, line in enumerate(found) if text_of(line).strip().startswith("0")]
    assert axis
    assert axis[0] < len(found) - 1


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_the_higher_the_amount_the_higher_the_bar(amounts: list[float]) -> None:
    found = list(plot([Bar(amount) for amount in amounts], 160, 9, money, EIGHTHS))
    axis = next(n for n, line in enumerate(found) if "─" in text_of(line))
    start = text_of(found[axis]).index("─")
    step = shown(len(amounts), 160 - start - 1)[1]
    rows = [text_of(line).ljust(160) for line in reversed(found[:axis])]
    heights = [
        sum(" ▁▂▃▄▅▆▇█".index(row[start + n * step]) for row in rows if row[start + n * step] in " ▁▂▃▄▅▆▇█")
        for n in range(len(amounts))
    ]
    for first, second in zip(sorted(zip(amounts, heights, strict=True)), sorted(heights), strict=True):
        assert first[1] == second
