"""The list's entries and lines."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from store.models import BoardView, Status, WaitingFor
from tests.tui import sample
from tests.tui.order_sample import PROJECTS, boards
from tests.tui.sample import NOW
from tui import board, facts
from tui.board_order import Order, Section, arrange
from tui.board_state import BoardState
from tui.lines import Piece, text_of, width_of

EDGE = Piece(" ")


def page(view: BoardView, width: int = 36, *, roomy: bool = True) -> board.Page:
    """A drawing context over a view."""
    sessions = {session.id: session for session in (*view.sessions, *view.ended_today)}
    return board.Page(sessions, facts.names(view), width, NOW, UTC, roomy=roomy)


def drawn(
    view: BoardView, width: int = 36, *, roomy: bool = True, unfolded: bool = False, order: Order = Order.NEED
) -> list[str]:
    """The whole list as text."""
    entries = board.plan(
        arrange(view, NOW, unfolded=unfolded, order=order), roomy=roomy, unfolded=unfolded, next_pings=view.next_pings
    )
    return [text_of(board.line(entry, page(view, width, roomy=roomy), EDGE)).rstrip() for entry in entries]


def test_the_list_reads_as_drawn() -> None:
    text = drawn(replace(sample.BOARD, next_pings=()))
    assert text[0] == " needs you 4        if cold    left"
    assert text[1] == " ● api-refactor       $2.41    0:48"
    assert text[6] == "   your turn · plugin off   ━━━━━──"
    assert text[9:11] == ["", " running 2"]


def test_a_heading_counts_the_rows_under_it_while_they_are_held() -> None:
    state = BoardState()
    state.load(BoardView(sessions=(sample.API, sample.WEB)), NOW, 100.0)
    state.key(100.0)
    turned = replace(sample.WEB, waiting_for=WaitingFor.YOU, status=Status.IDLE)
    state.load(BoardView(sessions=(sample.API, turned)), NOW, 101.0)
    context = page(state.view)
    entries = board.plan(state.sections, roomy=True, unfolded=False)
    text = [text_of(board.line(entry, context, EDGE)).rstrip() for entry in entries]
    assert text[0] == " needs you 1        if cold    left"
    assert text[3:5] == ["", " running 1"], "no row has moved"
    assert text[6].startswith("   your turn"), "its row says so"


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
    sections = arrange(sample.BOARD_ENDED, NOW, unfolded=True)
    entries = board.plan(sections, roomy=True, unfolded=True)
    assert [entry.id for entry in entries if entry.kind == "ended_top"] == ["old-report", "sandbox", "hotfix"]
    assert [entry.hint for entry in entries if entry.kind == "fold"] == ["fold"]


def test_a_row_that_cannot_be_built_stays_with_its_cause() -> None:
    bad = replace(sample.ENDED[0], ended_at=-1e18)
    view = BoardView(ended_today=(bad,))
    text = drawn(view, unfolded=True)
    assert text[-2].startswith(" ✗ old-report: cannot show this")
    assert text[-1] == "   38 requests · $4.12"


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("width", [30, 36, 60, 120])
def test_every_order_reads_as_drawn(width: int, order: Order, snapshot: SnapshotAssertion) -> None:
    """Two projects of one name, a hostile one, and the order in the heads' line; the narrowest on a low screen."""
    assert "\n".join(drawn(PROJECTS, width, roomy=width > 30, order=order)) == snapshot


def test_the_order_is_said_beside_the_heads_and_shortened_before_its_number() -> None:
    assert drawn(PROJECTS, 36, order=Order.AGE)[0] == " newest first 8     if cold    left"
    assert drawn(PROJECTS, 30, order=Order.AGE)[0] == " newest 8     if cold    left"


def test_sorted_by_age_each_row_says_how_old_it_is() -> None:
    second = [line[3:] for line in drawn(sample.BOARD, 36, order=Order.AGE)[2::2]]
    assert [line.partition(" · ")[0] for line in second[:8]] == ["now"] * 2 + ["1m ago"] * 4 + ["25m ago", "30m ago"]
    assert second[3] == "1m ago · ↻1/3 to 14:44   ━━━━╸──", "the reason in the form that still fits"
    assert not any("ago ·" in line for line in drawn(sample.BOARD, 36))
    assert drawn(PROJECTS, 30, order=Order.COST)[0] == " dearest 8    if cold    left"
    assert drawn(PROJECTS, 30, order=Order.PROJECT)[0] == " by project   if cold    left"


def test_a_projects_name_is_content_and_a_sections_is_a_word_of_ours() -> None:
    def roles(order: Order) -> list[tuple[str, str]]:
        entries = board.plan(arrange(PROJECTS, NOW, order=order), roomy=True, unfolded=False)
        label = [entry for entry in entries if entry.kind == "label"][1]
        return [(piece.text, piece.role) for piece in board.line(label, page(PROJECTS), EDGE)]

    assert roles(Order.PROJECT) == [(" etl-nightly", "fg"), (" 2", "dim")]
    assert roles(Order.NEED) == [(" running", "dim"), (" 2", "dim")]


def test_rows_of_a_project_do_not_say_it_again() -> None:
    text = drawn(PROJECTS, 36, order=Order.PROJECT)
    assert text[1] == " client-a/api 2"
    assert text[2].startswith(" ● split the store ")
    at = text.index(" etl-nightly 2")
    assert text[at + 3].startswith(" ▸ search-i "), "without a title, what tells it from its neighbours"
    assert text[text.index(" billing 1") + 1].startswith(" ○ billing ")


def test_what_is_long_is_cut_and_the_number_is_not() -> None:
    one = Section("p", (), 12, "warmside", place="customers-of-the-north", grouped=True)
    assert board.label_text(one, 40) == "customers-of-the-north/warmside 12"
    assert board.label_text(one, 28) == "customers-of-th…/warmside 12"
    assert board.label_text(one._replace(place=""), 9) == "warms… 12"


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 999), st.integers(8, 60))
def test_a_label_never_takes_more_than_its_room(label: str, place: str, total: int, room: int) -> None:
    text = board.label_text(Section("p", (), total, label, "short", place), room)
    assert cell_len(text) <= room
    assert text.endswith(f" {total}")


def test_text_of_a_project_is_data() -> None:
    text = "".join(drawn(PROJECTS, 120, order=Order.PROJECT))
    assert "[bold red]wide 日本語" in text
    assert text.isprintable()


@settings(max_examples=60, deadline=None)
@given(boards(), st.sampled_from(Order), st.sampled_from((30, 36, 42, 60, 90)))
def test_every_line_is_as_wide_as_the_list_or_blank(view: BoardView, order: Order, width: int) -> None:
    entries = board.plan(
        arrange(view, NOW, unfolded=True, order=order),
        roomy=False,
        unfolded=True,
        next_pings=sample.BOARD.next_pings,
    )
    widths = {width_of(board.line(entry, page(view, width, roomy=False), EDGE)) for entry in entries}
    assert widths <= {0, width}
