"""Areas in whole cells, told apart by shape; text of the same roles is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.coarse import EIGHTHS, coarse
from tui.lines import ROLES, Line, Piece, text_of, width_of


def test_text_is_left_alone() -> None:
    line: Line = (Piece("$1.31", "cold"), Piece(" ▂▄ ", "fg"), Piece("▄", "good"))
    assert coarse(line) == line


@pytest.mark.parametrize(
    ("piece", "drawn"),
    [
        (Piece("█", "read"), Piece("░", "read")),
        (Piece("▄", "read"), Piece("░", "read")),
        (Piece("▃", "read"), Piece(" ")),
        (Piece("█", "cold"), Piece("█", "cold")),
        (Piece("▇", "cold"), Piece("█", "cold")),
        (Piece("▁", "cold"), Piece(" ")),
        (Piece("▅", "stack"), Piece("░", "read")),
        (Piece("▂", "stack"), Piece("█", "cold")),
    ],
)
def test_a_cell_is_full_or_empty(piece: Piece, drawn: Piece) -> None:
    assert coarse((piece,)) == (drawn,)


@given(st.lists(st.builds(Piece, st.text(EIGHTHS + " abc░", max_size=5), st.sampled_from(ROLES))))
def test_nothing_moves_and_no_area_is_left_in_eighths(pieces: list[Piece]) -> None:
    line = coarse(tuple(pieces))
    assert width_of(line) == width_of(pieces)
    assert all(piece.role != "stack" or not set(piece.text) & set(EIGHTHS) for piece in line)
    assert all(piece.role not in ("read", "cold") or not set(piece.text) & set(EIGHTHS[:-1]) for piece in line)
    assert coarse(line) == line or text_of(coarse(line)) == text_of(line)
