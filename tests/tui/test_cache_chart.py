"""The strip: a column a request, its parts by shape, marks under what paid."""

from __future__ import annotations

from datetime import UTC

import pytest

from store.cache_strip import CacheHistory, StripCell
from tests.tui import cache_sample
from tests.tui.cache_sample import HISTORY
from tests.tui.sample import NOW
from tui.cache_chart import ROWS, SCALE_CELLS, strip
from tui.lines import text_of


def columns(history: CacheHistory, width: int = 77) -> list[str]:
    """The strip's columns from the ground up."""
    lines = [text_of(line) for line in strip(history, NOW, UTC, width)]
    top = next(
        n for n, line in enumerate(lines) if line[SCALE_CELLS + 2 :].strip(" ░▒█") == "" and line.strip()[0].isdigit()
    )
    drawn = [line[SCALE_CELLS + 2 :] for line in lines[top : top + ROWS]]
    return ["".join(letters).strip() for letters in zip(*reversed(drawn), strict=True)]


def one(read: int = 0, written: int = 0, new: int = 0) -> StripCell:
    return StripCell(at=NOW - 10, read=read, written=written, input=new)


@pytest.mark.parametrize(
    ("cell", "drawn"),
    [
        (one(read=100), "░░░░░░"),
        (one(written=100), "██████"),
        (one(read=50, written=50), "░░░███"),
        (one(read=98, written=2), "░░░░░░"),
        (one(read=34, written=33, new=33), "░░██▒▒"),
        (one(new=100), "▒▒▒▒▒▒"),
        (one(read=42, written=43, new=15), "░░░██▒"),
    ],
)
def test_a_column_shows_what_was_read_and_written(cell: StripCell, drawn: str) -> None:
    assert columns(CacheHistory(strip=(cell,), requests=1)) == [drawn]


def test_columns_are_as_high_as_their_tokens() -> None:
    cells = (one(read=600), one(read=300), one(read=1), one())
    assert [len(column) for column in columns(CacheHistory(strip=cells, requests=4))] == [6, 3, 1, 0]


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
    assert set(drawn[cache_sample.BROKE]) == set(drawn[cache_sample.LAPSED]) == {"█"}
    assert drawn[cache_sample.BROKE - 1].startswith("░")


def test_title_legend_and_times() -> None:
    lines = [text_of(line).rstrip() for line in strip(HISTORY, NOW, UTC, 77)]
    assert lines[0].startswith(" 62 requests since 13:09 ")
    assert lines[0].endswith("░ read  █ written")
    assert lines[-2].split() == ["13:09", "14:30"]
    assert lines[-1].split("  ")[-1] == "c compacted"


def test_a_narrow_strip_shows_the_newest() -> None:
    lines = [text_of(line).rstrip() for line in strip(HISTORY, NOW, UTC, 36)]
    assert lines[0] == " last 27 of 62 requests since 13:55"
    assert lines[1] == " ░ read  █ written"
    assert len(columns(HISTORY, 36)) == 27
    assert columns(HISTORY, 36) == columns(HISTORY)[-27:] or len(columns(HISTORY)[-27:]) == 27


def test_roles_differ_where_shapes_do() -> None:
    shapes = {letter: piece.role for line in strip(HISTORY, NOW, UTC, 77) for piece in line for letter in piece.text}
    assert (shapes["░"], shapes["█"]) == ("warm", "cold")
