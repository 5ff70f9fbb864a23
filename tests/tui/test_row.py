"""A row's two lines: columns, forms, roles."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.models import CacheStateName, Evidence, SessionView
from tests.tui import sample
from tests.tui.sample import NOW
from tui import row
from tui.format import clean
from tui.lines import Line, Piece, text_of, width_of

EDGE = Piece(" ")


def lines(session: SessionView, width: int, now: float = NOW) -> tuple[str, str]:
    """Both lines as text, without the pad at the end."""
    first = row.top(session, session.project, width, now, EDGE)
    second = row.bottom(session, width, now, UTC, EDGE)
    return text_of(first).rstrip(), text_of(second).rstrip()


def role_of(line: Line, text: str) -> str:
    """Role of the piece that holds `text`."""
    return next(piece.role for piece in line if text in piece.text)


@pytest.mark.parametrize(
    ("width", "name", "cost_end", "left_end"), [(30, 11, 20, 28), (36, 17, 26, 34), (44, 25, 34, 42), (60, 24, 50, 58)]
)
def test_columns_stand_where_they_are_told(width: int, name: int, cost_end: int, left_end: int) -> None:
    assert row.name_cells(width) == name
    text = text_of(row.top(sample.ETL, "etl-nightly", width, NOW, EDGE))
    assert text[cost_end - 4 : cost_end + 1] == "$0.62"
    assert text[left_end - 3 : left_end + 1] == "2:20"


def test_wide_rows_have_size_and_keep() -> None:
    text = text_of(row.top(sample.DEPLOY, "deploy-infra", 60, NOW, EDGE))
    assert text[28:33] == " 142k"
    assert text[35:42] == "  ↻ 1/3"


@pytest.mark.parametrize("width", [30, 32, 36, 44, 60, 120])
@pytest.mark.parametrize("session", sample.BOARD.sessions, ids=lambda session: str(session.project))
def test_lines_are_exactly_as_wide_as_the_list(session: SessionView, width: int) -> None:
    assert width_of(row.top(session, session.project, width, NOW, EDGE)) == width
    assert width_of(row.bottom(session, width, NOW, UTC, EDGE)) == width
    assert width_of(row.heads("needs you 4", width)) == width
    assert text_of(row.heads("needs you 6", 28)) == " needs you 6   cold    left ", "not into the label"


def test_the_chip_is_the_one_filled_block() -> None:
    filled = [
        session.project
        for session in sample.BOARD.sessions
        if any(piece.role == "chip" for piece in row.top(session, session.project, 36, NOW, EDGE))
    ]
    assert filled == ["api-refactor"]
    line = row.top(sample.API, "api-refactor", 36, NOW, EDGE)
    assert line[-1] == Piece(" 0:48 ", "chip")
    assert text_of(line)[31:35] == "0:48"


def test_kept_and_working_countdowns_are_quiet_yours_are_not() -> None:
    assert role_of(row.top(sample.ETL, "e", 36, NOW, EDGE), "2:20") == "fg"
    assert role_of(row.top(sample.DEPLOY, "d", 36, NOW, EDGE), "3:05") == "dim"
    assert role_of(row.top(sample.WEB, "w", 36, NOW, EDGE), "4:12") == "dim"


def test_reasons_take_the_first_form_that_fits() -> None:
    assert lines(sample.API, 60)[1].startswith("   your turn · 3 of 3 pings spent")
    assert lines(sample.API, 36)[1] == "   your turn · pings spent  ━──────"
    assert lines(sample.API, 32)[1].startswith("   you · pings spent ")
    assert lines(sample.DEPLOY, 36)[1].startswith("   asks · ↻1/3 to 14:44     ━")
    assert lines(sample.DEPLOY, 32)[1].startswith("   asks · ↻1/3 to 14:44")


def test_an_age_stands_before_what_fits_beside_it() -> None:
    def said(session: SessionView, width: int, age: str) -> str:
        line = row.bottom(session, width, NOW, UTC, EDGE, age)
        assert width_of(line) == width
        return text_of(line)[3:].partition("━")[0].rstrip()

    assert said(sample.API, 60, "18m ago") == "18m ago · your turn · 3 of 3 pings spent"
    assert said(sample.API, 36, "18m ago") == "18m ago · pings spent"
    assert said(sample.API, 32, "18m ago") == "18m ago · your turn"
    assert said(sample.API, 30, "18m ago") == "18m ago · you"
    assert said(sample.API, 20, "18m ago") == "18m ago"
    missed = replace(sample.API, keepalive=sample.keep("missed", {"read_percent": 12}))
    pieces = row.bottom(missed, 60, NOW, UTC, EDGE, "18m ago")[2:4]
    assert [(piece.text.rstrip(), piece.role) for piece in pieces] == [("18m ago ·", "dim"), ("ping missed", "bad")]


def test_without_a_countdown_the_reason_runs_to_the_end() -> None:
    assert lines(sample.DOCS, 36)[1] == "   your turn · went cold 18m ago"
    assert lines(sample.BILLING, 36)[1] == "   tools changed · 121k to rewrite"


def test_an_expired_entry_turns_cold_on_the_tick() -> None:
    first, second = lines(sample.API, 36, NOW + 60)
    assert first.endswith("$2.41    cold")
    assert "━" not in second
    assert role_of(row.top(sample.API, "a", 36, NOW + 60, EDGE), "$2.41") == "cold"


def test_a_missed_ping_is_an_alarm() -> None:
    missed = replace(sample.ETL, keepalive=sample.keep("missed", {"read_percent": 12}))
    line = row.bottom(missed, 36, NOW, UTC, EDGE)
    assert text_of(line).startswith("   ping missed · stopped ")
    assert role_of(line, "ping missed") == "bad"
    assert row.keep(missed, NOW) == "stopped"


def test_likely_unknown_and_assumed_say_so() -> None:
    assert lines(sample.SEARCH, 36)[0].endswith("90%")
    assert "┅┅┅┅┅┅─" in lines(sample.SEARCH, 36)[1]
    unknown = sample.session("fresh", sample.cache(state=CacheStateName.UNKNOWN), sample.keep(""))
    assert lines(unknown, 36)[0].endswith("– unknown")
    assumed = sample.session("a", sample.cache(252, usd=1.0, evidence=Evidence.ASSUMED), sample.keep(""))
    assert lines(assumed, 36)[0].endswith("4:12?")


@pytest.mark.parametrize(
    ("session", "word"),
    [
        (sample.API, "3/3"),
        (sample.ETL, "paused"),
        (sample.DEPLOY, "↻ 1/3"),
        (sample.NOTES, "watch"),
        (sample.SEARCH, "none"),
        (sample.DOCS, "off"),
        (sample.BILLING, "stopped"),
    ],
)
def test_the_keep_column(session: SessionView, word: str) -> None:
    assert row.keep(session, NOW) == word


def test_hits_of_a_filter_are_marked() -> None:
    pieces = row.name_pieces("deploy-infra", 17, "strong", "inf DE")
    assert [(piece.text.strip(), piece.role) for piece in pieces] == [
        ("de", "hit"),
        ("ploy-", "strong"),
        ("inf", "hit"),
        ("ra", "strong"),
    ]


def test_ended_rows_say_when_and_what_it_cost() -> None:
    ended = sample.ENDED[0]
    assert text_of(row.ended_top(ended, "old-report", 36, NOW, UTC, EDGE)).rstrip().endswith("1h ago")
    assert "38 requests · $4.12" in text_of(row.ended_bottom(ended, 36, EDGE))


@given(st.text(), st.integers(30, 120))
def test_no_name_breaks_the_grid(name: str, width: int) -> None:
    name = clean(name)
    assert width_of(row.top(sample.API, name, width, NOW, EDGE, name[:3])) == width
    assert width_of(row.broken(name, name, width, EDGE)) == width


@pytest.mark.parametrize("width", [30, 36, 60])
def test_a_costly_cold_resume_is_marked(width: int) -> None:
    costly = replace(sample.API, cache=replace(sample.API.cache, costly=True))
    line = row.top(costly, "api-refactor", width, NOW, EDGE)
    plain = text_of(row.top(sample.API, "api-refactor", width, NOW, EDGE))
    at = plain.index("$2.41") - 2
    assert text_of(line) == plain[:at] + row.COSTLY + plain[at + 1 :]
    assert role_of(line, row.COSTLY) == "cold"
    over = replace(costly, status="ended", ended_at=NOW)
    assert row.COSTLY not in text_of(row.top(over, "api-refactor", width, NOW, EDGE))


def test_a_minimum_that_passed_is_likely_and_never_shouts() -> None:
    view = replace(sample.cache(20, ttl=None, usd=1.0, evidence=Evidence.ASSUMED), ttl_seconds=1_800.0)
    codex = sample.session("codex", view, sample.keep("watch_only"))
    assert lines(codex, 36)[0].endswith("0:20?")
    assert not any(piece.role == "chip" for piece in row.top(codex, "codex", 36, NOW, EDGE))
    assert lines(codex, 36, NOW + 20)[0].endswith("likely")
