"""Beside the list the turn, opened the session at the turn."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from store.search_terms import parse
from tests.tui import history_sample
from tests.tui.history_sample import HOSTILE
from tests.tui.sample import NOW
from tui import history_view
from tui.history_feed import OpenedSession
from tui.history_view import AROUND, Page, same_place
from tui.lines import Piece, text_of, width_of

PAGE = Page(60, NOW, UTC)


def texts(number: int | None, turns: int = 6, page: Page = PAGE) -> tuple[list[str], int]:
    opened = history_view.session(history_sample.session("s0", turns), number, parse("lock"), page)
    return [text_of(line).rstrip() for line in opened.lines], opened.start


def test_the_preview_is_the_turn_under_its_sessions_name() -> None:
    lines = history_view.preview(history_sample.session("s0"), 5, parse("lock"), PAGE)
    shown = [text_of(line).rstrip() for line in lines]
    assert shown[:5] == [
        " api-refactor  turn 5 of 6                            14:19",
        " ~/src/x · claude · opus 5.5 · 121k",
        " title of s0",
        "",
        " › why does ingest hold the lock in turn 5?",
    ]
    assert " M store/ingest.py" in shown, "told from the session's folder"


def test_without_a_turn_the_preview_is_the_session() -> None:
    shown = [text_of(line) for line in history_view.preview(history_sample.session("s0"), None, (), PAGE)]
    assert any("Turns" in line and "Cache" in line for line in shown)
    assert sum("why does ingest" in line for line in shown) == 6


@pytest.mark.parametrize("number", [1, 2, 5, 6])
@pytest.mark.parametrize("width", [30, 36, 60, 120])
def test_opened_the_chosen_turn_is_whole_between_its_neighbours(number: int, width: int) -> None:
    lines, start = texts(number, page=PAGE._replace(width=width))
    assert lines[start].startswith(f" turn {number} of 6 ─")
    assert lines[start + 1].startswith(" › why does ingest")
    whole = [line.strip() for line in lines]
    assert whole.count("The lock is held for 40 ms.") == 1 + (width < 60) * 0 or width < 60
    asked = sum("why does ingest" in line for line in lines)
    assert asked == 6, "each turn once"


def test_of_a_long_session_the_turns_around_it_are_shown() -> None:
    lines, start = texts(100, turns=200)
    assert lines[start].startswith(" turn 100 of 200 ─")
    assert f" … {100 - AROUND} newer turns" in lines
    assert f" … {99 - AROUND} older turns" in lines
    assert sum("why does ingest" in line for line in lines) == 2 * AROUND + 1


def test_another_tab_or_a_turn_that_is_gone_begins_at_the_top() -> None:
    session = history_sample.session("s0")
    assert history_view.session(session, 99, (), PAGE).start == 0
    ledger = history_view.session(session, 5, (), PAGE, "ledger")
    assert ledger.start == 0
    assert not any("turn 5 of" in text_of(line) for line in ledger.lines)


def test_hostile_names_are_only_text() -> None:
    session = history_sample.session("s0")
    detail = replace(session.detail, **dict.fromkeys(("project", "title", "agent", "model", "cwd"), HOSTILE))
    hostile = OpenedSession(detail, session.cache, session.ledger)
    for lines in (
        history_view.preview(hostile, 5, (), PAGE),
        history_view.session(hostile, 5, (), PAGE).lines,
    ):
        assert all(text_of(line).isprintable() or not line for line in lines)
        assert all(width_of(line) <= 60 for line in lines)


def test_what_was_read_is_found_again_below_what_came_above_it() -> None:
    line = {text: (Piece(text),) for text in "abcdefghx"}
    before = [line[text] for text in "abcdefgh"]
    assert same_place(before, [line[text] for text in "axxbcdefgh"], 3) == 5
    assert same_place(before, [line[text] for text in "axbcdefghcdefgh"], 2) == 9, "the nearer one of two"
    assert same_place(before, [line[text] for text in "xxabcdefgh"], 0) == 0, "the beginning stays the beginning"
    assert same_place(before, [line["x"]], 3) == 3
    assert same_place((), before, 3) == 3
