"""Header, footer and the empty board."""

from __future__ import annotations

import pytest

from store.models import BoardView, LedgerLine
from tests.tui import sample
from tests.tui.sample import NOW
from tui import chrome
from tui.actions import Moment
from tui.lines import text_of, width_of

MOMENT = Moment(sample.BOARD, sample.API, NOW)


def header(width: int, view: BoardView = sample.BOARD) -> str:
    """The header's first line."""
    return text_of(chrome.header(view, NOW, width)[0])


def test_header_by_width() -> None:
    assert header(30) == " ━╸ warmside   5 warm  +$2.84"
    assert header(36) == " ━╸ warmside   5 warm  today +$2.84"
    assert header(60).endswith("5 of 8 warm  today +$2.84")
    assert header(120).endswith("today spent $0.41  saved $3.25  net +$2.84")
    assert header(120).index("5 of 8 warm") + 11 == 41


def test_header_says_when_no_keeper_runs() -> None:
    off = sample.BOARD.model_copy(update={"keeper": None})
    assert header(36, off).endswith("5 warm  keeper off")
    assert "keeper off" in header(120, off)
    assert header(36, BoardView()).endswith("keeper off")
    assert header(36, BoardView(keeper=sample.BOARD.keeper)).endswith("keeper on")


def test_header_of_a_day_under_a_plan_has_no_money() -> None:
    plan = {"today": LedgerLine(key=""), "today_on_plan": LedgerLine(key="", pings=3, spent_usd=0.2)}
    view = sample.BOARD.model_copy(update=plan)
    assert header(36, view).endswith("today 3 forks on plan")
    assert header(120, view).endswith("today 3 forks on plan")
    both = sample.BOARD.model_copy(update={"today_on_plan": plan["today_on_plan"]})
    assert (header(36, both), header(120, both)) == (header(36), header(120))


def test_header_carries_a_banner_and_waits_for_data() -> None:
    lines = chrome.header(sample.BOARD, NOW, 36, ["a demo", "no money"])
    assert [text_of(line) for line in lines[1:]] == [" a demo", " no money"]
    assert text_of(chrome.header(BoardView(), NOW, 36, loaded=False)[0]) == " ━╸ warmside"


def test_footer_has_as_many_keys_as_fit_and_help_always() -> None:
    assert text_of(chrome.footer(MOMENT, 36)) == " ↵ open  b budget  p ping  ? more"
    assert text_of(chrome.footer(MOMENT, 30)) == " ↵ open  b budget  ? more"
    assert text_of(chrome.footer(MOMENT, 36, "enter")) == " enter open  b budget  ? more"
    assert text_of(chrome.footer(MOMENT, 120)).endswith("q quit" + " " * 57 + "? help")


@pytest.mark.parametrize("width", range(20, 121))
def test_no_line_is_too_wide(width: int) -> None:
    assert width_of(chrome.footer(MOMENT, width)) <= width
    assert all(width_of(line) <= width for line in chrome.header(sample.BOARD, NOW, width))
    assert width_of(chrome.toast("x" * 200, width)) <= width


def test_footer_shows_only_what_applies() -> None:
    assert "ping" not in text_of(chrome.footer(Moment(sample.BOARD, sample.DOCS, NOW), 120))


def test_the_empty_board_says_where_it_looked_and_how_to_go_on() -> None:
    lines = [text_of(line) for line in chrome.empty(BoardView(past_sessions=214), 36, ("~/.claude/sessions",))]
    assert " No agent session is open." in lines
    assert " ~/.claude/sessions" in lines
    assert " 214 past sessions known" in lines
    assert [line.strip() for line in lines if "$" in line] == [
        "$ warmside run -- claude",
        "$ warmside demo      no key needed",
    ]
