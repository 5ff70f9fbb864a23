"""The opened session: head, sentence, reason, cards."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from tests.tui import cache_sample, ledger_sample, sample
from tests.tui.budget_sample import IN_FORCE
from tests.tui.sample import NOW
from tui.detail import Subject
from tui.lines import text_of, width_of
from tui.session_view import BUDGET, CACHE, LEDGER, TABS, Tab, session_view

SUBJECT = Subject(sample.API, "api-refactor", sample.TURNS, NOW, UTC)


def test_wide_head_sentence_and_reason() -> None:
    text = [text_of(line).rstrip() for line in session_view(SUBJECT, 77)]
    assert text[0] == " api-refactor  ~/src/api-refactor"
    assert text[1] == " Answer by 14:32 or pay $2.41"
    assert " why    3 of 3 pings spent" in text
    assert sum(line.startswith("  1") for line in text) == 4
    assert sum("opus 5.5" in line for line in text) == 1, "model and size stand in the cache's line alone"


@pytest.mark.parametrize("width", [36, 47, 48, 56, 77, 117])
def test_a_long_place_leaves_the_last_cell_empty(width: int) -> None:
    deep = replace(sample.API, cwd="/srv/" + "deep/" * 40 + "api-refactor")
    head = [text_of(line) for line in session_view(SUBJECT._replace(session=deep), width)[:2]]
    at = next(line for line in head if "…" in line)
    assert at.endswith("/api-refactor")
    assert len(at) < width


def test_narrow_puts_the_place_under_the_name() -> None:
    text = [text_of(line).rstrip() for line in session_view(SUBJECT, 36)]
    assert text[:3] == [" api-refactor", " ~/src/api-refactor", " Answer by 14:32 or pay $2.41"]
    assert " turn 13 ──────────── 24m05 · $0.61" in text
    assert " ↻ pings kept 338k warm saved $1.93" in text


@pytest.mark.parametrize("width", [30, 36, 55, 56, 77])
def test_no_line_is_wider_than_the_view(width: int) -> None:
    assert all(width_of(line) <= width for line in session_view(SUBJECT, width))


@pytest.mark.parametrize("width", [30, 36, 55, 56, 77])
@pytest.mark.parametrize(("tab", "shown"), [(CACHE, "62 requests"), (LEDGER, "-$0.18 net"), (BUDGET, "$0.41 of $3.00")])
def test_the_other_tabs_under_the_same_head(width: int, tab: Tab, shown: str) -> None:
    turns = [text_of(line).rstrip() for line in session_view(SUBJECT, width)]
    lines = session_view(SUBJECT, width, tab, cache_sample.HISTORY, ledger_sample.LEDGER, IN_FORCE)
    text = [text_of(line).rstrip() for line in lines]
    names = " Turns   Cache   Ledger   Budget" if width > 32 else " Turns  Cache  Ledger  Budget"
    tabs = text.index(names)
    assert text[: tabs + 1] == turns[: tabs + 1]
    assert turns[tabs + 1].startswith(" ━━━━━──────")
    start = names.index(tab.capitalize())
    assert text[tabs + 1].startswith(f" {'─' * (start - 1)}{'━' * len(tab)}" + "─" * (tab != TABS[-1]))
    assert [piece.text for piece in lines[tabs] if piece.role == "strong"] == [tab.capitalize()]
    assert any(shown in line for line in text[tabs:])
    assert not any(line.startswith(" turn 13") for line in text)
    assert all(width_of(line) <= width for line in lines)


def test_no_turn_is_said() -> None:
    empty = SUBJECT._replace(turns=())
    assert " No turn seen yet." in [text_of(line) for line in session_view(empty, 36)]


def test_a_cold_session_says_what_let_it_go() -> None:
    cold = SUBJECT._replace(session=sample.API, now=NOW + 48 + 18 * 60)
    assert " why    went cold 18m ago: 3 of 3 pings spent" in [
        text_of(line).rstrip() for line in session_view(cold, 77)
    ]


def test_what_a_resume_costs_and_when_the_client_compacts() -> None:
    told = {"warm_usd": 0.08, "cold_extra_seconds": 6.2, "compacts_at": NOW + 120}
    session = replace(sample.API, cache=replace(sample.API.cache, **told))
    text = [text_of(line).rstrip() for line in session_view(SUBJECT._replace(session=session), 60)]
    assert " resume $2.41 cold, $0.08 warm" in [line[:30] for line in text if line.endswith("   6 s later")]
    assert " client will compact itself at 14:33" in text
    later = [text_of(line) for line in session_view(SUBJECT._replace(session=session, now=NOW + 300), 60)]
    assert not any("compact itself" in line for line in later)
    plain = [text_of(line) for line in session_view(SUBJECT, 60)]
    assert not any(line.startswith((" resume", " client")) for line in plain)


def test_the_bet_is_said_under_its_reason() -> None:
    bet = {"n": 2, "until": NOW + 900, "chance": 0.2307, "price": 0.087, "seconds": 300.0}
    keep = replace(sample.API.keepalive, why="kept", why_args=bet)
    subject = SUBJECT._replace(session=replace(sample.API, keepalive=keep))
    wide = [text_of(line) for line in session_view(subject, 100)]
    first = next(n for n, line in enumerate(wide) if line.startswith(" why    kept to "))
    assert wide[first + 1] == "        23% chance you are back within 5m · a ping pays from 8.7% on"
    for width in (44, 36):
        narrow = [text_of(line) for line in session_view(subject, width)]
        first = next(n for n, line in enumerate(narrow) if line.startswith(" why    kept to "))
        assert narrow[first + 1].strip() == "23% chance you are back within 5m"
        assert narrow[first + 2].strip() == "a ping pays from 8.7% on"
    least = session_view(subject, 30)
    assert all(width_of(line) <= 30 for line in least)
    assert not any("…" in text_of(line) for line in least[:12]), "no word of it is cut"


def test_a_long_reason_goes_on_in_the_next_line() -> None:
    keep = replace(sample.API.keepalive, why="nobody_has_told_us_yet_why_there_is_none", why_args={})
    subject = SUBJECT._replace(session=replace(sample.API, keepalive=keep))
    text = [text_of(line).rstrip() for line in session_view(subject, 36)]
    first = text.index(" why    nobody has told us yet why")
    assert text[first + 1] == "        there is none"
