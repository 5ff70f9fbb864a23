"""Every line that holds foreign text is as wide as its place, whatever that text is made of, and nothing else.

Measured as the terminal library measures; store/plain_text.py takes out what terminals do not agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from store.history import Overview, SessionLine
from store.ledger_models import SpanLine
from store.models import BoardView, FailedCommand, FileChange, NextPing, SessionDetail, SessionView, TurnView
from store.search import Hit
from store.search_terms import parse
from store.snippets import ranges_of
from tests.tui import cache_sample, days_sample, history_sample, ledger_sample, sample
from tests.tui.foreign import texts
from tui import (
    board,
    chrome,
    day_view,
    detail,
    history_chrome,
    history_query,
    history_rows,
    history_view,
    row,
    session_view,
)
from tui.board_order import Section
from tui.copying import of_session, of_turn
from tui.detail import Subject
from tui.facts import names
from tui.format import clean
from tui.history_feed import OpenedSession
from tui.history_state import Results
from tui.lines import Line, Piece, text_of, width_of
from tui.screens import copy_menu

EDGE = Piece(" ")
Made = Iterable[Line]
Maker = Callable[[str, int], Made]


def _turn(text: str) -> TurnView:
    changed = tuple(FileChange(path=path, kind="M") for path in (text, f"/home/sam/{text}", "x" * 80))
    failed = (FailedCommand(command=text, exit_code=1),)
    return replace(
        sample.TURNS[0], prompt=text, answer=text, files_changed=changed, failed_commands=failed, memory=text
    )


def _session(text: str, base: str = "api-refactor") -> SessionView:
    of = {"project": text, "title": text, "cwd": f"/home/sam/{text}", "model": text, "agent": text}
    return replace(next(one for one in sample.BOARD_ENDED.sessions if one.id == base), **of)


def _view(text: str) -> BoardView:
    sessions = tuple(_session(text, one.id) for one in sample.BOARD.sessions)
    ended = tuple(replace(one, project=text, title=text) for one in sample.ENDED)
    return BoardView(sessions=sessions, ended_today=ended)


def _list(text: str, width: int) -> Made:
    view = _view(text)
    every = {one.id: one for one in (*view.sessions, *view.ended_today)}
    page = board.Page(every, names(view), width, sample.NOW, sample.ZONE, query=text[:3])
    for grouped in (False, True):
        for one in view.sessions:
            yield board.line(board.Entry("top", one.id, grouped=grouped), page, EDGE)
            yield board.line(board.Entry("bottom", one.id), page, EDGE)
    for one in view.ended_today:
        yield board.line(board.Entry("ended_top", one.id), page, EDGE)
        yield board.line(board.Entry("ended_bottom", one.id), page, EDGE)
    ping = NextPing(session_id="x", name=text, at=sample.NOW + 60, n=1, of=3, usd=0.1)
    yield board.line(board.Entry("ping", ping=ping), page, EDGE)
    yield row.broken(names(view)["api-refactor"], clean(text), width, EDGE)


def _labels(text: str, width: int) -> Made:
    section = Section("x", ("a",), 12, label=clean(text), place=clean(text), grouped=True)
    page = board.Page({}, {}, width, sample.NOW, sample.ZONE)
    for first in (False, True):
        yield board.line(board.Entry("label", section=section, first=first), page, EDGE)
        yield board.line(board.Entry("label", section=section, first=first), page._replace(roomy=False), EDGE)


def _pane(text: str, width: int) -> Made:
    view = _view(text)
    return detail.pane(
        Subject(view.sessions[0], names(view)["api-refactor"], (_turn(text),), sample.NOW, None), width, 20
    )


def _view_lines(text: str, width: int) -> Made:
    session = _session(text)
    subject = Subject(session, clean(text), (_turn(text), sample.TURNS[1]), sample.NOW, sample.ZONE)
    broke = replace(cache_sample.BREAK, name=text, field=text)
    moments = tuple(replace(one, broke=broke) for one in cache_sample.MOMENTS)
    history = replace(cache_sample.HISTORY, moments=moments)
    for tab in session_view.TABS:
        yield from session_view.session_view(subject, width, tab, history, ledger_sample.LEDGER)


def _around(text: str, width: int) -> Made:
    yield from chrome.empty(BoardView(past_sessions=3), width, (text, f"/home/{text}"))
    yield chrome.toast(text, width)
    yield history_chrome.opened_header(text, "3 of 214", width)
    query = history_query.read(
        text, Overview(sessions=4, turns=9, projects=(text,), agents=("claude",)), sample.NOW, None
    )
    yield history_chrome.filters(query, width)
    yield from history_chrome.status(Results(query), query, width, searching=False)
    yield from history_chrome.empty(Overview(sessions=4, turns=9, projects=(), agents=()), query, width)


def _rows(text: str, width: int) -> Made:
    line = SessionLine(id="x", agent=text, project=text, title=text, first_prompt=text, model=text, turns=3, usd=1.2)
    for chosen in (False, True):
        yield from history_rows.session_row(line, sample.NOW, width, sample.ZONE, chosen=chosen)
        snippet = clean(text)
        found = ranges_of(snippet, parse(text[:8]))
        hit = Hit(
            session="x", turn=3, at=sample.NOW, field="prompt", snippet=snippet, ranges=found, project=text, title=text,
            failed=True,
        )  # fmt: skip
        yield from history_rows.hit_row(hit, width, sample.ZONE, chosen=chosen)


def _read_turn(text: str, width: int) -> Made:
    before = history_sample.session("s0")
    of = {"project": text, "title": text, "agent": text, "model": text, "cwd": f"/home/sam/{text}"}
    turns = tuple(replace(_turn(text), n=n) for n in range(1, 4))
    detail_of: SessionDetail = replace(before.detail, **of, turns=turns)
    opened = OpenedSession(detail_of, before.cache, before.ledger)
    page = history_view.Page(width, sample.NOW, sample.ZONE)
    yield from history_view.preview(opened, 2, parse(text[:8]), page)
    yield from history_view.session(opened, 2, parse(text[:8]), page).lines


def _copies(text: str, width: int) -> Made:
    for item in (*of_session(_session(text)), *of_turn(_turn(text), f"/home/{text}")):
        yield copy_menu.item_line(item, width)


def _days(text: str, width: int) -> Made:
    billed = replace(
        days_sample.WEEK, by_project=tuple(SpanLine(key=text + end, pings=3, spent=1.0, saved=2.0) for end in "ab")
    )
    ledger = replace(days_sample.LEDGER, billed=billed)
    return day_view.page(ledger, day_view.SPANS[1], width, 40)


FULL: dict[str, Maker] = {"list": _list}
"""Whose lines fill their place: a cell too few would end the selected row's ground early."""
AT_MOST: dict[str, Maker] = {
    "labels": _labels,
    "pane": _pane,
    "session view": _view_lines,
    "around": _around,
    "history rows": _rows,
    "turn told whole": _read_turn,
    "copy menu": _copies,
    "days": _days,
}
"""Whose lines are filled up when they are painted."""
widths = st.integers(30, 120)


def _check(line: Line, width: int) -> None:
    said = text_of(line)
    assert width_of(line) <= width, (width_of(line), width, said)
    # Pieces are painted one after another: they may not be narrower together than each for itself.
    assert cell_len(said) == width_of(line), said
    assert said.isprintable() or not said, ascii(said)


@pytest.mark.parametrize("name", FULL)
@given(text=texts, width=widths)
@settings(max_examples=40, deadline=None)
def test_rows_fill_their_place(name: str, text: str, width: int) -> None:
    for line in FULL[name](text, width):
        _check(line, width)
        assert width_of(line) == width, (text_of(line), width)


@pytest.mark.parametrize("name", AT_MOST)
@given(text=texts, width=widths)
@settings(max_examples=40, deadline=None)
def test_no_line_is_wider_than_its_place(name: str, text: str, width: int) -> None:
    for line in AT_MOST[name](text, width):
        _check(line, width)


@pytest.mark.parametrize("name", [*FULL, *AT_MOST])
def test_a_text_of_many_megabytes_costs_no_more(name: str) -> None:
    # (What is copied is made harmless as a whole, up to what a terminal takes.)
    long = "日本 [red]\x1b[31m" * (70_000 if name == "copy menu" else 700_000)
    lines = list({**FULL, **AT_MOST}[name](long, 40))
    assert max(map(width_of, lines)) <= 40
