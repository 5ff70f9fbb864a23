"""The strip: a column a request, its parts by shape, marks under what paid."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.cache_strip import CacheHistory, StripCell
from tests.tui import cache_sample
from tests.tui.cache_sample import HISTORY
from tests.tui.sample import NOW
from tui.cache_chart import ROWS, SCALE_CELLS, strip
from tui.coarse import coarse
from tui.lines import Piece, text_of, width_of


def cells(history: CacheHistory, width: int = 77) -> list[list[Piece]]:
    """The strip's columns from the ground up, without the empty cells."""
    lines = list(strip(history, NOW, UTC, width))
    first = next(n for n, line in enumerate(lines) if line[0].text.strip()[:1].isdigit() and len(line[0].text) == 8)
    drawn = [
        [Piece(letter, piece.role) for piece in line[1:] for letter in piece.text] for line in lines[first:][:ROWS]
    ]
    return [[one for one in column if one.text != " "] for column in zip(*reversed(drawn), strict=True)]


NAMED = {"read": "r", "cold": "w", "dim": "i", "stack": "s"}


def columns(history: CacheHistory, width: int = 77) -> list[str]:
    """The same, a letter a cell: read, written, written on read, input."""
    return ["".join(NAMED[one.role] for one in column) for column in cells(history, width)]


def one(read: int = 0, written: int = 0, new: int = 0) -> StripCell:
    return StripCell(at=NOW - 10, read=read, written=written, input=new)


@pytest.mark.parametrize(
    ("cell", "drawn"),
    [
        (one(read=100), "rrrrrr"),
        (one(written=100), "wwwwww"),
        (one(read=50, written=50), "rrrwww"),
        (one(read=98, written=2), "rrrrrr"),
        (one(read=95, written=5), "rrrrrs"),
        (one(read=60, written=40), "rrrsww"),
        (one(read=34, written=33, new=33), "rrwwii"),
        (one(new=100), "iiiiii"),
    ],
)
def test_a_column_shows_what_was_read_and_written(cell: StripCell, drawn: str) -> None:
    assert columns(CacheHistory(strip=(cell,), requests=1)) == [drawn]


def test_columns_are_as_high_as_their_tokens_in_eighths() -> None:
    strip_of = (one(read=4800), one(read=2400), one(read=2500), one(read=1), one())
    drawn = cells(CacheHistory(strip=strip_of, requests=5))
    assert [len(column) for column in drawn] == [6, 3, 4, 1, 0]
    assert ["".join(piece.text for piece in column) for column in drawn] == ["██████", "███", "███▁", "▄", ""]


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=1, max_size=9), st.integers(30, 120))
def test_no_column_is_higher_than_the_strip_and_none_has_a_hole(
    amounts: list[tuple[int, int, int]], width: int
) -> None:
    history = CacheHistory(strip=tuple(one(*each) for each in amounts), requests=len(amounts))
    for line in strip(history, NOW, UTC, width):
        assert width_of(line) <= width
    top = max(1, *(sum(each) for each in amounts))
    for each, column in zip(amounts, cells(history, width), strict=True):
        height = max(4, round(48 * sum(each) / top)) if sum(each) else 0
        assert len(column) in ((height + 7) // 8, height // 8)
        assert all(piece.text in "█▒" or piece.role == "stack" for piece in column[:-1])


def test_lapse_and_break_are_whole_columns_with_their_mark_below() -> None:
    lines = [text_of(line)[SCALE_CELLS + 2 :] for line in strip(HISTORY, NOW, UTC, 77)]
    marks = next(line for line in lines if "╳" in line)
    assert {n: letter for n, letter in enumerate(marks) if letter != " "} == {
        cache_sample.BROKE: "╳",
        cache_sample.LAPSED: "▼",
        cache_sample.KEPT: "↻",
        cache_sample.COMPACTED: "c",
    }
    drawn = columns(HISTORY)
    assert set(drawn[cache_sample.BROKE]) == set(drawn[cache_sample.LAPSED]) == {"w"}
    assert set(drawn[cache_sample.BROKE - 1]) == {"r"}


def test_title_times_and_legend() -> None:
    lines = [text_of(line).rstrip() for line in strip(HISTORY, NOW, UTC, 77)]
    assert lines[0] == " 62 requests since 13:09"
    assert lines[-2].split() == ["13:09", "14:30"]
    assert lines[-1] == "        █ read  █ written  ╳ broke  ▼ went cold  ↻ kept  c compacted"


def test_a_narrow_strip_shows_the_newest() -> None:
    lines = [text_of(line).rstrip() for line in strip(HISTORY, NOW, UTC, 36)]
    assert lines[0] == " last 27 of 62 requests since 13:55"
    assert lines[-2:] == ["        █ read  █ written", "        ↻ kept  c compacted"]
    assert len(columns(HISTORY, 36)) == 27
    assert columns(HISTORY, 36) == columns(HISTORY)[-27:] or len(columns(HISTORY)[-27:]) == 27


def test_the_legend_tells_the_two_apart_by_colour_and_coarsely_by_shape() -> None:
    *_, legend = strip(HISTORY, NOW, UTC, 77)
    assert [piece.role for piece in legend if piece.text == "█"] == ["read", "cold"]
    assert text_of(coarse(legend)).split()[:4] == ["░", "read", "█", "written"]


def test_no_sample_of_an_area_stands_on_the_strips_peak() -> None:
    for width in (30, 45, 60, 77, 120):
        title, peak, *_ = strip(HISTORY, NOW, UTC, width)
        assert not any(piece.role in ("read", "cold") for piece in title)
        assert any(piece.role in ("read", "stack") for piece in peak)
