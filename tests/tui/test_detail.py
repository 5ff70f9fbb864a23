"""The pane below the list: exactly its height, the worthiest rows first."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from store.models import SessionView, TurnView
from tests.tui import sample
from tests.tui.sample import NOW
from tui import detail
from tui.lines import text_of, width_of


def subject(session: SessionView = sample.API, turns: tuple[TurnView, ...] = (sample.TURN,)) -> detail.Subject:
    """A detail's subject at the sample's moment."""
    return detail.Subject(session, session.project, turns, NOW, UTC)


def drawn(width: int, height: int, hidden: int = 0) -> list[str]:
    """The pane as text."""
    return [text_of(line).rstrip() for line in detail.pane(subject(), width, height, hidden)]


def test_a_tall_pane_reads_as_drawn() -> None:
    assert drawn(36, 16) == [
        "",
        "─ turn 14 ─────────── 2m10 · $0.84 ─",
        " Answer by 14:32 or pay $2.41",
        "",
        " › split the store so that ingest…",
        " M store/ingest.py",
        " M tui/app.py",
        " A tests/store/test_ingest.py",
        " ✗ pytest -q tests/store     exit 1",
        "   The split is done. One test",
        "   still fails: the fixture needs a",
        "   path.",
        "",
        " cache  opus 5.5 · 386k          5m",
        " pings  3/3  session $0.58 of $0.75",
        "",
    ]


def test_six_rows_say_what_matters_and_count_what_the_list_hides() -> None:
    assert drawn(32, detail.MIN_ROWS, hidden=3) == [
        "",
        "─ turn 14 ─────── 3 more below ─",
        " Answer by 14:32 or pay $2.41",
        " › split the store so that in…",
        "   3 files changed",
        " ✗ pytest -q tests/sto…  exit 1",
    ]


def test_a_wide_pane_puts_files_in_one_line() -> None:
    text = drawn(60, 9)
    assert text[1] == "─ turn 14 ───────────────────── 2m10 · 38 requests · $0.84 ─"
    assert text[4] == " M store/ingest.py  M tui/app.py  +1"
    assert text[6:8] == ["   The split is done. One test still fails: the fixture", "   needs a path."]


@pytest.mark.parametrize("height", range(3, 30))
@pytest.mark.parametrize("width", [30, 36, 60])
def test_the_pane_has_exactly_its_height_and_no_line_is_too_wide(width: int, height: int) -> None:
    lines = detail.pane(subject(), width, height)
    assert len(lines) == height
    assert all(width_of(line) <= width for line in lines)


def test_a_session_without_turns_has_its_cache_and_pings() -> None:
    text = [text_of(line) for line in detail.pane(subject(turns=()), 36, 8)]
    assert text[1].startswith("─ api-refactor ──")
    assert any(line.startswith(" cache  opus 5.5") for line in text)


def test_a_promised_minimum_is_told_as_one() -> None:
    view = replace(sample.cache(20, ttl=None), ttl_seconds=1_800.0)
    assert text_of(detail.cache_line(sample.session("c", view, sample.keep("")), 36)).endswith(" 30m+")
    nothing = sample.session("c", sample.cache(ttl=None), sample.keep(""))
    assert text_of(detail.cache_line(nothing, 36)).endswith(" –")
