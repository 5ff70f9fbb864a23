"""Sections, their order, and the list's lines."""

from __future__ import annotations

from datetime import UTC

from store.models import BoardView, Status
from tests.tui import sample
from tests.tui.sample import NOW
from tui import board
from tui.lines import Piece, text_of, width_of

EDGE = Piece(" ")


def page(view: BoardView, width: int = 36, *, roomy: bool = True) -> board.Page:
    """A drawing context over a view."""
    sessions = {session.id: session for session in (*view.sessions, *view.ended_today)}
    return board.Page(sessions, {one: one for one in sessions}, width, NOW, UTC, roomy=roomy)


def drawn(view: BoardView, width: int = 36, *, roomy: bool = True, unfolded: bool = False) -> list[str]:
    """The whole list as text."""
    entries = board.plan(
        board.arrange(view, NOW, unfolded=unfolded), roomy=roomy, unfolded=unfolded, next_pings=view.next_pings
    )
    return [text_of(board.line(entry, page(view, width, roomy=roomy), EDGE)).rstrip() for entry in entries]


def test_sections_are_sorted_by_need() -> None:
    sections = board.arrange(sample.BOARD_ENDED, NOW)
    assert [(section.key, section.ids, section.total) for section in sections] == [
        ("needs", ("api-refactor", "etl-nightly", "deploy-infra", "notes-app"), 4),
        ("running", ("web-tests", "search-index"), 2),
        ("cold", ("docs-site", "billing"), 2),
        ("ended", (), 3),
    ]


def test_what_goes_cold_moves_to_the_cold_ones() -> None:
    sections = {section.key: section.ids for section in board.arrange(sample.BOARD, NOW + 49)}
    assert "api-refactor" in sections["cold"]
    assert "api-refactor" not in sections["needs"]


def test_a_session_of_unknown_status_is_open_not_needy() -> None:
    quiet = sample.session("quiet", sample.cache(200), sample.keep(""), waiting=None, status=Status.UNKNOWN)
    assert board.section_of(quiet, NOW) == "open"


def test_a_filter_leaves_what_matches_and_unfolds() -> None:
    sections = board.arrange(sample.BOARD_ENDED, NOW, "o")
    ids = {section.key: section.ids for section in sections}
    assert ids["ended"] == ("old-report", "sandbox", "hotfix")
    assert board.arrange(sample.BOARD_ENDED, NOW, "nothing-like-it") == ()


def test_the_list_reads_as_drawn() -> None:
    text = drawn(sample.BOARD.model_copy(update={"next_pings": ()}))
    assert text[0] == " needs you 4        if cold    left"
    assert text[1] == " ● api-refactor       $2.41    0:48"
    assert text[8] == "   your turn · plugin off   ━━━━━──"
    assert text[9:11] == ["", " running 2"]


def test_a_low_screen_has_rules_instead_of_blank_lines() -> None:
    text = drawn(sample.BOARD, roomy=False)
    assert text[9] == " running 2 ────────────────────────"
    assert "" not in text[:15]


def test_next_pings_are_seen_before_they_are_paid() -> None:
    text = drawn(sample.BOARD_ENDED, 42)
    at = text.index(" next pings                  cost      in")
    assert text[at + 1].split() == ["↻", "deploy-infra", "2", "of", "3", "$0.07", "2:50"]
    assert text[-1] == " ended today 3                   ↵ unfold"


def test_unfolded_sessions_can_be_selected() -> None:
    sections = board.arrange(sample.BOARD_ENDED, NOW, unfolded=True)
    entries = board.plan(sections, roomy=True, unfolded=True)
    assert [entry.id for entry in entries if entry.kind == "ended_top"] == ["old-report", "sandbox", "hotfix"]
    assert [entry.hint for entry in entries if entry.kind == "fold"] == ["fold"]


def test_the_shape_changes_with_states_not_with_seconds() -> None:
    view = sample.BOARD
    assert board.shape(view, NOW, "", False) == board.shape(view, NOW + 40, "", False)
    assert board.shape(view, NOW, "", False) != board.shape(view, NOW + 49, "", False)


def test_a_row_that_cannot_be_built_stays_with_its_cause() -> None:
    bad = sample.ENDED[0].model_copy(update={"ended_at": -1e18})
    view = BoardView(ended_today=(bad,))
    text = drawn(view, unfolded=True)
    assert text[-2].startswith(" ✗ old-report: cannot show this")
    assert text[-1] == "   38 requests · $4.12"


def test_every_line_is_as_wide_as_the_list_or_blank() -> None:
    for width in (30, 36, 42, 60, 90):
        entries = board.plan(
            board.arrange(sample.BOARD_ENDED, NOW, unfolded=True),
            roomy=False,
            unfolded=True,
            next_pings=sample.BOARD.next_pings,
        )
        widths = {width_of(board.line(entry, page(sample.BOARD_ENDED, width, roomy=False), EDGE)) for entry in entries}
        assert widths <= {0, width}
