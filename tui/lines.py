"""Lines of text as data: what the pure view code returns and the widgets paint.

A piece is text plus a role; what a role looks like is the theme's business. Nothing here knows a colour, a widget
or the terminal, so every screen can be tested as plain tuples.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from rich.cells import cell_len

Role = Literal["fg", "strong", "dim", "faint", "warm", "cold", "bad", "good", "chip", "hit", "choice", "read", "stack"]
ROLES: tuple[Role, ...] = get_args(Role)


class Piece(NamedTuple):
    """Some text in one role."""

    text: str
    role: Role = "fg"


Line = tuple[Piece, ...]
BLANK: Line = ()


def width_of(line: Iterable[Piece]) -> int:
    """Width of a line in cells."""
    return sum(cell_len(piece.text) for piece in line)


def text_of(line: Iterable[Piece]) -> str:
    """The line as plain text."""
    return "".join(piece.text for piece in line)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; right is left out where both do not fit."""
    gap = width - width_of(left) - width_of(right)
    if not right or gap < 1:
        return left
    return (*left, Piece(" " * gap), *right)


def rule(left: Line, right: Line, width: int) -> Line:
    """Like `spread`, with a faint rule instead of the gap."""
    gap = width - width_of(left) - width_of(right) - (2 if right else 1)
    if gap < 1:
        return spread(left, right, width)
    tail: Line = (Piece(" "), *right) if right else ()
    return (*left, Piece(" "), Piece("─" * gap, "faint"), *tail)
