"""The ledger's page: what stands on it at four widths, what it says in every case, and that it keeps to its room."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.ledger_models import RESULTS, DayLedger, SpanLine
from tests.tui.days_sample import EMPTY, HOURS, LEDGER, PLAN, TODAY, WEEK, day, line, span
from tui.day_chart import EIGHTHS, HALVES, WHOLE, Drawing
from tui.day_view import SETTING, SPANS, Span, page
from tui.glyphs import ASCII
from tui.lines import Line, text_of, width_of

TODAY_SPAN, WEEK_SPAN, MONTH, ALL = SPANS


def drawn(
    ledger: DayLedger = LEDGER, width: int = 60, height: int = 24, of: Span = WEEK_SPAN, drawing: Drawing = EIGHTHS
) -> list[str]:
    return [text_of(one).rstrip() for one in page(ledger, of, width, height, drawing)]


def billed(*lines: SpanLine, **more: Any) -> DayLedger:
    return replace(EMPTY, billed=span(lines), ever=True, **more)


def test_at_60() -> None:
    assert drawn()[:22] == [
        " +$10.50 net   Saved $12.40 with $1.90 of pings in 7 days",
        " 18 pings · 17 found it warm · $0.86 lost",
        "",
        " $9.00                                     ▁▁▁▁▁",
        "                                           █████",
        "                                           █████",
        "       ▁▁▁▁▁                               █████",
        "       █████ ▁▁▁▁▁                         █████",
        "       █████ █████                         █████",
        "     0 ─────────────────────────────────────────",
        " $1.50 ▔▔▔▔▔ ▀▀▀▀▀             ▔▔▔▔▔       ▔▔▔▔▔",
        "      18 Nov 19    20    21    22    23    24",
        " █ saved  █ spent  █ lost",
        "",
        " tip  One-hour writes and no pings would have cost $0.61",
        "      less in 7 days:",
        "      ENABLE_PROMPT_CACHING_1H=1",
        "",
        " day          pings  warm  spent  saved   lost     net",
        " ─────────────────────────────────────────────────────",
        " today            3     3  $0.24  $7.60      –  +$7.36",
        " Sun 22 Nov       2     2  $0.16      –  $0.16  -$0.16",
    ]


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (30, [" +$10.50 net in 7 days", " Saved $12.40, spent $1.90", " 18 pings · $0.86 lost"]),
        (36, [" +$10.50 net in 7 days", " Saved $12.40 with $1.90 of pings", " 18 pings · $0.86 lost"]),
        (
            120,
            [" +$10.50 net   Saved $12.40 with $1.90 of pings in 7 days", " 18 pings · 17 found it warm · $0.86 lost"],
        ),
    ],
)
def test_the_net_comes_first(width: int, head: list[str]) -> None:
    assert drawn(width=width)[: len(head)] == head


def test_wide_has_what_came_of_it_beside_the_days() -> None:
    lines = drawn(width=120, height=40)
    start = next(n for n, one in enumerate(lines) if one.startswith(" day "))
    assert lines[start + 2] == (
        " today            3     3  $0.24  $7.60      –  +$7.36    "
        " kept                                 7  $0.90  $12.40"
    )
    assert lines[-1].strip() == SETTING
    assert lines[-1].index(SETTING) > 53
    assert lines[3].endswith("█ saved")


@pytest.mark.parametrize(("height", "rows"), [(15, 5), (24, 7), (40, 9)])
def test_bars_are_as_high_as_the_screen_allows(height: int, rows: int) -> None:
    lines = drawn(height=height)
    assert lines.index(" █ saved  █ spent  █ lost") - lines.index("") - 3 in (rows, rows - 1)  # round amounts


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (line(day(0), pings=2, spent=0.2, saved=0.5, closed=1), "+$0.30 net   Saved $0.50 with $0.20 of pings so far"),
        (
            line(day(0), pings=2, spent=0.0251, saved=0.5749, closed=1),
            "+$0.54 net   Saved $0.57 with $0.03 of pings so far",  # as they read, not +$0.55
        ),
        (line(day(0), pings=2, spent=0.5, saved=0.2, closed=1), "-$0.30 net   Saved $0.20 with $0.50 of pings so far"),
        (line(day(0), pings=2, spent=0.2), "-$0.20 net   Spent $0.20 on pings so far, nothing saved yet"),
        (
            line(day(0), pings=2, spent=0.2, lost=0.2, closed=1),
            "-$0.20 net   Spent $0.20 on pings so far, nothing saved",
        ),
        (line(day(0), saved=0.5, closed=1), "+$0.50 net   Saved $0.50 so far, by earlier pings"),
        (line(day(0), closed=1), "$0.00 net   Saved nothing so far, no ping sent"),
        (line(day(0), pings=1), "$0.00 net   Spent $0.00 on pings so far, nothing saved yet"),
    ],
)
def test_every_case_has_its_sentence(total: SpanLine, said: str) -> None:
    assert drawn(billed(total), 80, of=ALL)[0].strip() == said


def roles(ledger: DayLedger) -> list[Line]:
    return list(page(ledger, ALL, 80, 24))


@pytest.mark.parametrize(("saved", "role"), [(0.5, "good"), (0.1, "bad"), (0.2, "strong")])
def test_the_nets_hue(saved: float, role: str) -> None:
    assert roles(billed(line(day(0), pings=1, spent=0.2, saved=saved, closed=1)))[0][1].role == role


def test_today_goes_by_hours() -> None:
    lines = drawn(HOURS, of=TODAY_SPAN)
    assert lines[0] == " +$7.36 net   Saved $7.60 with $0.24 of pings today"
    assert "       0:00        6:00        12:00       18:00" in lines
    assert any(one.startswith(" 14:00 ") for one in lines)


def test_days_without_anything_have_their_place() -> None:
    month = drawn(of=MONTH, width=120)
    assert next(one for one in month if one.startswith("     0 "))[7:] == "─" * 89
    assert next(one for one in month if "Nov" in one and "Oct" in one).split()[:2] == ["27", "Oct"]
    old = billed(line("2026-11-20", pings=1, spent=0.1), line(day(0), pings=1, spent=0.1))
    assert next(one for one in drawn(old, of=ALL) if one.startswith("     0 "))[7:] == "─" * 29, "from the first one on"


class TestPlan:
    """Nobody is billed by token."""

    def test_alone_it_has_no_money(self) -> None:
        lines = drawn(replace(EMPTY, plan=PLAN, ever=True))
        assert lines[:4] == [
            " 5 pings in 7 days under a plan login",
            " They took 500k tokens, and once a prefix was read after",
            " its expiry: 90k tokens not written again. Nobody is billed",
            " by token there: the bars are of pings.",
        ]
        assert not [one for one in lines if "$" in one or "net" in one]
        assert "█ kept  █ open  █ lost" in "\n".join(lines)

    def test_beside_money_it_is_told_apart(self) -> None:
        lines = drawn(replace(LEDGER, plan=PLAN))
        assert lines[0].startswith(" +$10.50 net")
        start = lines.index(" under a plan login 5 pings, not billed by token")
        assert lines[start + 1].startswith(" They took 500k tokens")

    def test_nothing_kept_yet(self) -> None:
        plan = span((line(day(0), pings=1, spent=100_000),), by_result=(line("open", pings=1, spent=100_000),))
        text = " ".join(drawn(replace(EMPTY, plan=plan), 90))
        assert "They took 100k tokens and have kept nothing past its expiry yet." in text


class TestTip:
    """Only where the numbers say so."""

    @pytest.mark.parametrize(
        ("less", "spent", "told"),
        [
            (0.61, 1.9, True),
            (None, 1.9, False),
            (-0.5, 1.9, False),
            (0.0, 0.0, False),
            (0.04, 0.1, False),
            (0.05, 0.5, True),
            (0.18, 1.9, False),
            (0.19, 1.9, True),
        ],
    )
    def test_it_pays(self, less: float | None, spent: float, told: bool) -> None:
        ledger = billed(line(day(0), pings=1, spent=spent), hour_less_usd=less)
        for width in (36, 120):
            assert any(SETTING in one for one in drawn(ledger, width)) is told

    def test_none_for_a_plan(self) -> None:
        assert SETTING not in "".join(drawn(replace(EMPTY, plan=PLAN)))


class TestNothing:
    """No ping in the span: what to do next."""

    def test_never(self) -> None:
        lines = drawn(EMPTY, 36)
        assert lines[0] == " No ping sent in 7 days."
        assert {" $ warmside run -- claude", " $ warmside demo", " b in the list"} <= set(lines)

    def test_not_lately(self) -> None:
        lines = drawn(replace(EMPTY, ever=True), 36, of=TODAY_SPAN)
        assert lines[0] == " No ping sent today."
        assert lines[-1] == " ] shows more days"
        assert not any("warmside" in one for one in lines)


AMOUNT = st.one_of(st.just(0.0), st.floats(0, 50), st.floats(0, 1e200))


@st.composite
def ledgers(draw: st.DrawFn) -> DayLedger:
    backs = sorted(draw(st.sets(st.integers(0, 400), max_size=12)), reverse=True)

    def lines() -> tuple[SpanLine, ...]:
        return tuple(
            line(
                day(back),
                pings=draw(st.integers(0, 99_999)),
                hits=draw(st.integers(0, 99_999)),
                kept_pings=draw(st.integers(0, 99)),
                lost_pings=draw(st.integers(0, 99)),
                spent=(spent := draw(AMOUNT)),
                lost=min(spent, draw(AMOUNT)),
                saved=draw(AMOUNT),
                closed=draw(st.integers(0, 9)),
            )
            for back in backs
        )

    names = draw(
        st.lists(st.sampled_from(["api", "漢字漢字漢字漢字", "\x1b[31mred", "x" * 90]), max_size=3, unique=True)
    )
    groups: dict[str, Any] = {
        "by_project": tuple(line(name, pings=3, spent=draw(AMOUNT)) for name in names),
        "by_result": tuple(line(key, pings=3, spent=draw(AMOUNT), saved=draw(AMOUNT)) for key in RESULTS),
    }
    return DayLedger(
        since=0.0,
        today=TODAY,
        slot="day",
        billed=span(lines(), **groups),
        plan=span(lines(), **groups),
        ever=draw(st.booleans()),
        hour_less_usd=draw(st.one_of(st.none(), st.floats(-5, 1e9))),
    )


@settings(max_examples=60, deadline=None)
@given(
    ledgers(),
    st.sampled_from(SPANS[1:]),
    st.integers(30, 160),
    st.integers(10, 60),
    st.sampled_from([EIGHTHS, HALVES, WHOLE]),
)
def test_no_line_leaves_its_room(ledger: DayLedger, of: Span, width: int, height: int, drawing: Drawing) -> None:
    lines = page(ledger, of, width, height, drawing)
    assert lines
    assert max(map(width_of, lines)) <= width
    text = "\n".join(map(text_of, lines))
    assert "\x1b" not in text
    if drawing is WHOLE:
        assert text.replace("漢", "").replace("字", "").translate(ASCII).isascii()


def test_a_week_is_what_the_sample_says() -> None:
    assert (WEEK.total.pings, round(WEEK.total.net, 2)) == (18, 10.5)
