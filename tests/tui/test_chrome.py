"""Header, footer and the empty board."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from store.models import BoardView, LedgerLine
from tests.tui import sample
from tests.tui.sample import NOW
from tui import chrome
from tui.lines import text_of, width_of
from tui.moment import Moment

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


def test_the_net_is_what_the_amounts_beside_it_leave() -> None:
    """Exactly it is +$0.55."""
    today = LedgerLine(key="2026-11-24", pings=2, spent_usd=0.0251, saved_usd=0.5749, net_usd=0.5498)
    assert header(120, replace(sample.BOARD, today=today)).endswith("spent $0.03  saved $0.57  net +$0.54")


def test_header_says_when_no_keeper_runs() -> None:
    off = sample.NO_KEEPER
    assert header(36, off).endswith("5 warm  keeper off")
    assert "keeper off" in header(120, off)
    assert header(36, BoardView()).endswith("keeper off")
    assert "starts it" not in header(120, off)


def test_header_names_the_key_that_starts_one_where_there_is_room() -> None:
    def off(width: int, view: BoardView = sample.NO_KEEPER) -> str:
        return text_of(chrome.header(view, NOW, width, starts="K")[0])

    assert off(36).endswith("5 warm  keeper off"), "the footer says it"
    assert off(60).endswith("  keeper off, K starts it  today +$2.84")
    assert off(90).split("  ")[-1] == "today +$2.84"
    assert "5 of 8 warm   keeper off, K starts it  " in off(90)
    assert off(120).endswith("  today spent $0.41  saved $3.25  net +$2.84")
    assert off(60, BoardView()).endswith("  keeper off, K starts it")


def test_a_keeper_that_nobody_restarts_is_told_as_long_as_the_footer_has_its_key() -> None:
    alone = replace(sample.BOARD, keeper=replace(sample.KEEPER, supervised=False))

    def told(width: int, view: BoardView = alone) -> str:
        return text_of(chrome.header(view, NOW, width, starts="K")[0])

    assert told(36).endswith("5 warm  keeper alone")
    assert told(60).endswith("  keeper alone, K restarts it  today +$2.84")
    assert "5 of 8 warm   keeper alone, K restarts it  " in told(90)
    assert told(60, BoardView(keeper=alone.keeper)).endswith("  keeper alone, K restarts it")
    assert "K keeper" in text_of(chrome.footer(MOMENT._replace(board=alone), 60))


def test_header_says_that_one_runs_where_there_is_nothing_else_to_say() -> None:
    assert header(36, BoardView(keeper=sample.BOARD.keeper)).endswith("keeper on")


def test_header_of_a_day_under_a_plan_has_no_money() -> None:
    plan = {"today": LedgerLine(key=""), "today_on_plan": LedgerLine(key="", pings=3, spent_usd=0.2)}
    view = replace(sample.BOARD, **plan)
    assert header(36, view).endswith("today 3 forks on plan")
    assert header(120, view).endswith("today 3 forks on plan")
    both = replace(sample.BOARD, today_on_plan=plan["today_on_plan"])
    assert (header(36, both), header(120, both)) == (header(36), header(120))


def test_header_carries_a_banner_and_waits_for_data() -> None:
    lines = chrome.header(sample.BOARD, NOW, 36, ["a demo", "no money"])
    assert [text_of(line) for line in lines[1:]] == [" a demo", " no money"]
    assert text_of(chrome.header(BoardView(), NOW, 36, loaded=False)[0]) == " ━╸ warmside"


def test_footer_has_as_many_keys_as_fit_and_help_always() -> None:
    assert text_of(chrome.footer(MOMENT, 36)) == " ↵ open  b budget  p ping  ? more"
    assert text_of(chrome.footer(MOMENT, 30)) == " ↵ open  b budget  ? more"
    told = {"open": "enter", "budget": "b", "help": "f1"}
    assert text_of(chrome.footer(MOMENT._replace(keys=told), 36)) == " enter open  b budget  f1 more"
    full = text_of(chrome.footer(MOMENT._replace(has_history=True, has_days=True), 120))
    assert full.split("  ")[:4] == [" ↵ open", "b budget", "p ping", "g pane"]
    assert "  H history  L ledger  s sort  y copy  o off  " in full
    assert "  H history  " in text_of(chrome.footer(MOMENT._replace(has_history=True, has_days=True), 90))
    assert full.endswith("  ^p palette  ? help")


@pytest.mark.parametrize("viewed", [False, True])
@pytest.mark.parametrize("width", [56, 60, 90, 99, 100, 110, 120, 160])
def test_the_footers_end_stands_apart_and_from_a_hundred_columns_on_has_the_palette(width: int, viewed: bool) -> None:
    moment = MOMENT._replace(viewed=viewed, has_history=True, has_days=True)
    line = text_of(chrome.footer(moment, width))
    end = "  ^p palette  ? help" if width >= 100 else "  ? help"
    assert line.endswith(end)
    assert len(line) == width - 1
    start = line.index("? help")
    assert chrome.footer_action(moment, width, start) == "help"
    if width >= 100:
        assert chrome.footer_action(moment, width, line.index("^p palette")) == "palette"
        assert line.count("palette") == 1
    unbound = {"open": "enter", "help": "?"}
    assert "palette" not in text_of(chrome.footer(moment._replace(keys=unbound), width))


def test_footer_gives_a_new_keeper_the_second_place() -> None:
    moment = Moment(sample.NO_KEEPER, sample.API, NOW)
    assert text_of(chrome.footer(moment, 36)) == " ↵ open  K keeper  b budget  ? more"
    assert "keeper" not in text_of(chrome.footer(moment._replace(no_start="opened with --no-keeper"), 120))


def test_footer_of_an_opened_session_begins_with_the_way_back() -> None:
    moment = MOMENT._replace(opened=True, viewed=True, leaves=True)
    assert text_of(chrome.footer(moment, 36)) == " esc back  tab next tab  ? more"


def test_footer_keeps_its_keys_where_they_are_as_the_screen_widens() -> None:
    narrow = text_of(chrome.footer(MOMENT, 36)).removesuffix("  ? more")
    assert text_of(chrome.footer(MOMENT, 120)).startswith(narrow)


@pytest.mark.parametrize("width", range(20, 121))
def test_no_line_is_too_wide(width: int) -> None:
    assert width_of(chrome.footer(MOMENT, width)) <= width
    for view in (sample.BOARD, sample.NO_KEEPER, BoardView()):
        assert all(width_of(line) <= width for line in chrome.header(view, NOW, width, starts="K"))
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
        "$ warmside install claude no proxy",
    ]


def test_the_empty_board_names_the_key_that_starts_a_keeper() -> None:
    def said(view: BoardView, starts: str) -> list[str]:
        return [text_of(line) for line in chrome.empty(view, 30, (), starts)]

    lines = said(BoardView(), "^k")
    at = lines.index(" No keeper runs")
    assert lines[at + 1] == " ^k starts it"
    assert " No keeper runs" not in said(BoardView(), "")
    assert " No keeper runs" not in said(BoardView(keeper=sample.KEEPER), "^k")


@pytest.mark.parametrize("width", [30, 36, 60, 120])
def test_every_key_of_the_footer_is_a_button(width: int) -> None:
    line = text_of(chrome.footer(MOMENT, width))
    for name, shown in (("open", "↵ open"), ("budget", "b budget"), ("ping", "p ping"), ("help", "?")):
        if shown in line:
            start = line.index(shown)
            assert {chrome.footer_action(MOMENT, width, start + n) for n in range(len(shown))} == {name}
    gap = line.index("  b budget")
    assert chrome.footer_action(MOMENT, width, gap) is None
    assert chrome.footer_action(MOMENT, width, 0) is None
    assert chrome.footer_action(MOMENT, width, width - 1) in (None, "help")
