"""The tables of the ledger's page: fixed columns, whole columns go where room is short, and sums that add up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.ledger_models import RESULTS, DayLedger, SpanLine
from store.sessions import FORGOTTEN
from tests.tui.days_sample import HOURS, LEDGER, PLAN, WEEK, line, span
from tui import day_table
from tui.ledger_words import LABELS
from tui.lines import Line, text_of, width_of

WIDTHS = (30, 36, 44, 45, 52, 53, 60, 89)


def text(lines: list[Line]) -> list[str]:
    return [text_of(one).rstrip() for one in lines]


def slots(width: int, ledger: DayLedger = LEDGER) -> list[str]:
    return text(list(day_table.slots(ledger.billed, ledger, width, priced=True)))


def test_days_newest_first() -> None:
    assert slots(60) == [
        " day          pings  warm  spent  saved   lost     net",
        " " + "─" * 53,
        " today            3     3  $0.24  $7.60      –  +$7.36",
        " Sun 22 Nov       2     2  $0.16      –  $0.16  -$0.16",
        " Thu 19 Nov       9     8  $1.10  $1.60  $0.70  +$0.50",
        " Wed 18 Nov       4     4  $0.40  $3.20      –  +$2.80",
    ]


def test_columns_go_where_room_is_short() -> None:
    assert slots(36)[0] == " day    pings  spent  saved     net"
    assert slots(30)[0] == " day     spent  saved     net"
    assert slots(30)[3] == " 22 Nov  $0.16      –  -$0.16"


def test_a_net_is_what_the_amounts_beside_it_leave() -> None:
    """Exactly it is +$0.55."""
    odd = span((line("2026-11-24", pings=2, spent=0.0251, saved=0.5749, closed=1),))
    assert slots(36, replace(LEDGER, billed=odd))[2].split()[-3:] == ["$0.03", "$0.57", "+$0.54"]


def test_hours_and_years_are_told() -> None:

    assert slots(36, HOURS)[2].startswith(" 14:00 ")
    old = span((line("2024-12-31", pings=1, spent=0.02), line("2026-11-24", pings=1, spent=0.02)))
    ledger = replace(LEDGER, billed=old)
    assert [row.split()[0] for row in slots(36, ledger)[2:]] == ["today", "2024", "31"]


def test_a_plan_has_tokens() -> None:
    found = text(list(day_table.slots(PLAN, LEDGER, 60, priced=False)))
    assert found[0] == " day                  pings  warm   took   kept   lost"
    assert found[2:] == [
        " today                    1     1   100k      –      –",
        " Sat 21 Nov               4     4   400k    90k   200k",
    ]


def test_what_came_of_it_in_words() -> None:
    assert text(list(day_table.results(WEEK, 60, priced=True))) == [
        " what came of it                  times  spent   saved",
        " " + "─" * 53,
        " kept                                 7  $0.90  $12.40",
        " never back                           4  $0.86       –",
        " open                                 –  $0.14       –",
    ]
    assert text(list(day_table.results(WEEK, 30, priced=True)))[2:] == [
        " kept            $0.90 $12.40",
        " never back      $0.86      –",
        " open            $0.14      –",
    ]


def test_every_outcome_has_its_words_whole_wherever_there_is_a_table() -> None:
    dear = span((), by_result=tuple(line(key, spent=123.4, saved=1234.5, closed=3) for key in RESULTS))
    for width in (34, *WIDTHS[1:]):
        rows = text(list(day_table.results(dear, width, priced=True)))[2:]
        assert [row.split("  ")[0].strip() for row in rows] == [LABELS[key] for key in RESULTS], width


def test_long_amounts_stand_apart_and_the_tables_end_at_one_edge() -> None:
    for width in (38, 40, 44, 45, 53, 60, 120):
        tables = [
            text(
                list(
                    day_table.slots(
                        replace(WEEK, by_slot=(line("2026-11-22", pings=9, spent=0.9, saved=12.4),)),
                        LEDGER,
                        width,
                        priced=True,
                    )
                )
            ),
            text(list(day_table.results(WEEK, width, priced=True))),
            text(list(day_table.projects(WEEK, width, 5, priced=True))),
        ]
        assert len({len(table[1]) for table in tables}) == 1, width
        assert all(re.search(r"\d [+-]?\$", row) is None for table in tables for row in table), width


def test_dearest_projects_and_how_many_more() -> None:
    assert text(list(day_table.projects(WEEK, 60, 1, priced=True)))[2:] == [
        " api-refactor                15  $1.66  $11.00  +$9.34",
        " 1 more: warmside ledger",
    ]
    assert text(list(day_table.projects(WEEK, 30, 5, priced=True)))[2:] == [
        " api-refactor   $1.66  +$9.34",
        " docs-site      $0.24  +$1.16",
    ]


def test_what_was_forgotten_is_no_project() -> None:
    found = replace(WEEK, by_project=(line(FORGOTTEN, pings=1, spent=0.1), line("api", pings=1)))
    rows = list(day_table.projects(found, 60, 5, priced=True))[2:]
    assert [(row[0].text.strip(), row[0].role) for row in rows] == [(FORGOTTEN, "dim"), ("api", "fg")]


def test_only_the_net_has_a_hue() -> None:
    pieces = [piece for one in day_table.slots(WEEK, LEDGER, 60, priced=True) for piece in one]
    assert {piece.text.strip() for piece in pieces if piece.role == "good"} == {"+$7.36", "+$0.50", "+$2.80"}
    assert {piece.text.strip() for piece in pieces if piece.role == "bad"} == {"-$0.16"}


def test_a_project_is_data() -> None:
    evil = replace(WEEK, by_project=(line("\x1b[31m[b]red\x07", pings=1, spent=0.1),))
    (row,) = text(list(day_table.projects(evil, 60, 5, priced=True)))[2:]
    assert re.search(r"[\x00-\x1f\x7f-\x9f]", row) is None
    assert "[b]red" in row


CENTS = st.integers(0, 500_000).map(lambda cents: cents / 100)
LINES = st.lists(
    st.builds(
        lambda pings, spent, saved, lost: SpanLine(
            pings=pings, hits=pings, spent=spent, saved=saved, lost=min(lost, spent)
        ),
        st.integers(1, 9_999),
        CENTS.map(lambda usd: min(usd, 99.0)),
        CENTS.map(lambda usd: min(usd, 99.0)),
        CENTS,
    ),
    max_size=28,
)


@given(LINES, st.sampled_from(WIDTHS))
def test_what_is_shown_adds_up(lines: list[SpanLine], width: int) -> None:
    days = tuple(replace(one, key=f"2026-02-{n + 1:02}") for n, one in enumerate(lines))
    found = span(days)
    rows = list(day_table.slots(found, LEDGER, width, priced=True))
    heads = text_of(rows[0]).split()
    assert {width_of(one) for one in rows} == {width_of(rows[0])}
    assert width_of(rows[0]) < width
    shown: dict[str, float] = dict.fromkeys(heads[1:], 0.0)
    for row in rows[2:]:
        for head, piece in zip(heads[1:], row[1:], strict=True):
            shown[head] += float(piece.text.strip().replace("$", "").replace("–", "0"))
    total = found.total
    assert shown["spent"] == pytest.approx(total.spent, abs=0.006)
    assert shown["saved"] == pytest.approx(total.saved, abs=0.006)
    assert shown["net"] == pytest.approx(total.net, abs=0.006)
    if "pings" in heads:
        assert shown["pings"] == total.pings


HUGE = st.one_of(st.just(0.0), st.floats(0, 1e300), st.floats(0, 0.02))


@given(HUGE, HUGE, HUGE, st.integers(0, 10**12), st.integers(30, 160), st.booleans())
def test_no_line_leaves_its_room(spent: float, saved: float, lost: float, pings: int, width: int, priced: bool) -> None:
    day = line("2026-11-24", pings=pings, hits=pings, spent=spent, saved=saved, lost=lost, closed=pings)
    found = span(
        (day,),
        by_project=(replace(day, key="a" * 200), replace(day, key="漢字" * 30)),
        by_result=tuple(replace(day, key=key) for key in RESULTS),
    )
    lines = [
        *day_table.slots(found, LEDGER, width, priced=priced),
        *day_table.results(found, width, priced=priced),
        *day_table.projects(found, width, 1, priced=priced),
    ]
    assert all(width_of(one) < width for one in lines)
