"""The Ledger tab in lines: totals, one line or two for a period, and never wider than the view."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.ledger_models import RESULTS, Result, SessionLedger
from store.models import SessionView, WaitingFor
from tests.tui import sample
from tests.tui.ledger_sample import LEDGER, ledger_of, period
from tests.tui.sample import NOW
from tui.ledger_tab import TABLE_CELLS, ledger_tab
from tui.lines import Line, text_of, width_of


def drawn(ledger: SessionLedger | None = LEDGER, width: int = 77, session: SessionView = sample.API) -> list[Line]:
    return ledger_tab(session, ledger, NOW, UTC, width)


def text(ledger: SessionLedger | None = LEDGER, width: int = 77, session: SessionView = sample.API) -> list[str]:
    return [text_of(line).rstrip() for line in drawn(ledger, width, session)]


def test_wide_is_a_table_under_the_totals() -> None:
    assert text()[:9] == [
        " -$0.18 net  saved $3.80  spent $3.98 on 14 pings  of it lost $2.79",
        "",
        " from           idle  waited for   pings  spent  what came of it",
        " " + "─" * 75,
        " today 14:14   17m12  you              3  $0.51  open",
        " today 13:35   12m06  you              2  $0.34  saved $1.94",
        " today 12:16   18m42  you              1  $0.17  back too late",
        " today 11:02    4m06  tool             1  $0.17  back early",
        " 23 Nov 18:12      –  you              2  $0.34  never back",
    ]
    assert " 23 Nov 15:58  57m12  you          2 (1)  $2.11  other prefix" in text()


def test_the_net_is_what_the_amounts_beside_it_leave() -> None:
    """Exactly it is +$0.55."""
    total = replace(LEDGER.total, spent_usd=0.0251, saved_usd=0.5749, net_usd=0.5498)
    assert text(replace(LEDGER, total=total))[0].startswith(" +$0.54 net  saved $0.57  spent $0.03 on ")


def test_narrow_is_two_lines_a_period() -> None:
    lines = text(width=36)
    assert lines[:3] == [" -$0.18 net  saved $3.80", " spent $3.98 on 14 pings", " of it lost $2.79"]
    start = lines.index(" today 13:35  12m06       ↻2  $0.34")
    assert lines[start + 1] == "   saved $1.94                  you"
    assert " 23 Nov 15:58  57m12  ↻2 (1)  $2.11" in lines


@pytest.mark.parametrize("width", [36, 77])
def test_only_money_has_a_colour(width: int) -> None:
    pieces = [piece for line in drawn(width=width) for piece in line]
    assert {piece.text.strip() for piece in pieces if piece.role == "good"} == {"saved $1.94", "saved $1.86"}
    lost = {piece.text.strip() for piece in pieces if piece.role == "bad"}
    assert lost == {"-$0.18", "$0.17", "$0.34", "$2.11", "<1c"}
    (won,) = [line for line in drawn(ledger_of(period("kept")), width) if text_of(line).startswith(" +$1.60")]
    assert won[1].role == "good"


@pytest.mark.parametrize("width", [30, 36, 77])
def test_no_ping_yet_says_what_will_be_here(width: int) -> None:
    said = text(SessionLedger(), width)
    assert said[:2] == [" No ping sent in this session.", ""]
    assert "counts only when the next message came after" in " ".join(line.strip() for line in said)


def test_nothing_read_yet_is_nothing() -> None:
    assert text(None) == []


def test_a_plan_login_sees_no_money() -> None:
    for width in (36, 77):
        lines = text(session=sample.NOTES, width=width)
        assert not any("$" in line or "<1c" in line for line in lines)
        assert lines[0] == " 14 pings, 12 hits · kept 2 times"
        assert any("kept 338k" in line for line in lines)


def test_a_saving_without_a_known_price_is_told_in_tokens() -> None:
    assert any(line.endswith("kept 338k") for line in text(ledger_of(period("kept", saved_usd=None))))


def test_what_is_not_listed_is_counted() -> None:
    cut_off = replace(LEDGER, periods=LEDGER.periods[:3])
    assert text(cut_off)[-1] == " 5 earlier ones: warmside ledger --periods"
    assert "earlier" not in "".join(text())


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(30, 140),
    results=st.lists(st.sampled_from(RESULTS), max_size=8),
    waiting=st.sampled_from([None, *WaitingFor]),
    ago=st.floats(0, 40_000_000),
    minutes=st.floats(0, 6_000),
    pings=st.integers(1, 99),
    spent=st.floats(0, 99_999),
    session=st.sampled_from([sample.API, sample.NOTES]),
)
def test_no_line_is_wider_than_the_view(
    width: int,
    results: list[Result],
    waiting: WaitingFor | None,
    ago: float,
    minutes: float,
    pings: int,
    spent: float,
    session: SessionView,
) -> None:
    made = [
        period(result, NOW - ago, minutes, waiting_for=waiting, pings=pings, hits=0, spent_usd=spent)
        for result in results
    ]
    lines = drawn(ledger_of(*made), width, session)
    assert max(width_of(line) for line in lines) <= width
    if width >= TABLE_CELLS and made:
        assert len(lines) == 4 + len(made)
