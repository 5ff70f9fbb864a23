"""The fortnight beside the sessions: what of it has room, and that no line leaves its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.ledger_models import DayLedger
from tests.tui.days_sample import EMPTY, LEDGER, PLAN, TODAY, day, line, span
from tui.board_days import FORTNIGHT, block, column
from tui.chrome import LEDGER_ROWS, LIST_CELLS
from tui.day_chart import EIGHTHS, HALVES, WHOLE
from tui.day_view import page
from tui.glyphs import ASCII
from tui.lines import Line, text_of, width_of

ON_PLAN = replace(EMPTY, plan=PLAN, ever=True)
LONG = replace(
    EMPTY, billed=span(tuple(line(day(n), pings=2, spent=0.2, saved=1.0, closed=1) for n in reversed(range(14))))
)


def texts(lines: tuple[Line, ...]) -> list[str]:
    return [text_of(one).rstrip() for one in lines]


def small(ledger: DayLedger | None = LEDGER, **more: Any) -> list[str]:
    return texts(block(ledger, LIST_CELLS, **more))


def beside(ledger: DayLedger | None = LEDGER, width: int = 46, height: int = 40, **more: Any) -> list[str]:
    return texts(column(ledger, width, height, key="L", **more))


def test_the_block_is_a_heading_and_the_bars_with_what_they_come_to() -> None:
    assert small() == [
        "",
        " 14 days                      +$10.50 net",
        "                           ▇",
        "               ▆ ▃         █ saved $12.40",
        " ───────────────────────────",
        "               ▔ ▔     ▔   ▔ spent  $1.90",
    ]


def test_the_net_is_what_the_amounts_below_it_leave() -> None:
    """Exactly it is +$0.55."""
    odd = replace(EMPTY, billed=span((line(day(0), pings=2, spent=0.0251, saved=0.5749, closed=1),)))
    found = small(odd)
    assert found[1].endswith(" +$0.54 net")
    assert [one.split()[-2:] for one in found if one.endswith(("0.57", "0.03"))] == [
        ["saved", "$0.57"],
        ["spent", "$0.03"],
    ]


def test_the_block_of_a_plan_has_pings() -> None:
    assert small(ON_PLAN)[1:] == [
        " 14 days                  5 pings on plan",
        "                     █       kept       2",
        " ───────────────────────────",
        "                     █     ▀ other      3",
    ]


def test_the_column_has_what_fits_of_the_page() -> None:
    whole = texts(page(LEDGER, FORTNIGHT, 46, 60))
    found = beside(height=60)
    assert found == [" ledger  all sessions", *whole]
    assert found[1:3] == [" +$10.50 net in 14 days", " Saved $12.40 with $1.90 of pings"]
    for height in range(1, 60):
        # Whole parts; of the table of days its newest lines.
        part = beside(height=height)
        if "shows the rest" in part[-1]:
            assert len(part) == height
            assert sum(one.startswith((" today", " Sun", " Mon", " Tue")) for one in part) >= 1
    assert beside(LONG, height=24)[-2:] == [" Wed 18 Nov           2  $0.20  $1.00  +$0.80", " L shows the rest"]


def test_what_was_never_sent_is_a_line_there_and_nothing_in_the_list() -> None:
    assert beside(EMPTY) == [" ledger  all sessions", " No ping sent in 14 days."]
    assert small(EMPTY) == []
    assert beside(None) == small(None) == []


def test_what_cannot_be_read_is_one_line_and_what_was_read_stays() -> None:
    said = "the store is locked by another\x1b[31m program"
    assert beside(None, failed=said) == [" ledger  the store is locked by another pro…"]
    assert len([one for one in small(None, failed=said) if one]) == 1
    assert len(small(None, failed=said)) == LEDGER_ROWS
    assert beside(failed=said)[1:] == beside()[1:]
    assert small(failed=said)[2:] == small()[2:]
    assert "\x1b" not in "".join([*beside(failed=said), *small(failed=said)])


@pytest.mark.parametrize("drawing", [HALVES, WHOLE])
def test_few_colours_tell_by_shape(drawing: Any) -> None:
    said = "\n".join(small(drawing=drawing))
    assert "░" in said
    assert "▒" not in said, "told apart on the page alone, which has a legend"
    if drawing is WHOLE:
        assert "".join([*small(drawing=WHOLE), *beside(drawing=WHOLE)]).translate(ASCII).isascii()


amounts = st.one_of(st.just(0.0), st.floats(0, 20), st.floats(0, 1e7))


@given(
    st.lists(st.tuples(st.integers(0, 13), amounts, amounts, amounts), max_size=14),
    st.integers(46, 80),
    st.integers(1, 70),
    st.sampled_from([EIGHTHS, HALVES, WHOLE]),
    st.sampled_from(["", "the store is locked 日本語" * 3]),
)
@settings(max_examples=60, deadline=None)
def test_it_keeps_to_its_place(
    days: list[tuple[int, float, float, float]], width: int, height: int, drawing: Any, failed: str
) -> None:
    lines = tuple(
        line(day(back), pings=2, spent=spent, lost=min(lost, spent), saved=saved, closed=1)
        for back, spent, saved, lost in sorted({one[0]: one for one in days}.values(), reverse=True)
    )
    ledger = replace(EMPTY, today=TODAY, billed=span(lines), hour_less_usd=3.0)
    found = column(ledger, width, height, drawing, failed=failed, key="L")
    assert all(width_of(one) <= width for one in found)
    head = len(column(ledger, width, 0, drawing))
    assert len(found) <= max(height, head)
    under = block(ledger, LIST_CELLS, drawing, failed=failed)
    assert len(under) <= LEDGER_ROWS
    assert all(width_of(one) <= LIST_CELLS for one in under)
