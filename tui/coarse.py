"""Areas where colours are few or none: whole cells, and shape tells what colour cannot. Pure.

An area is drawn in eighths of a cell, what was read in one colour and what was written in another. In sixteen colours
there is none for an area that stays calm, so what was read becomes a shade and what was written stays full.
"""

from __future__ import annotations

from collections.abc import Iterator

from tui.lines import Line, Piece, Role

EIGHTHS = "▁▂▃▄▅▆▇█"
FULL, SHADE = "█", "░"
_HALF = 4
_AREAS: tuple[Role, ...] = ("read", "stack", "cold")
"""`stack` is a cell in which written stands on read; `cold` is text, too, which is left alone."""


def coarse(line: Line) -> Line:
    """The line with its areas in whole cells."""
    if not any(piece.role in _AREAS for piece in line):
        return line
    return tuple(part for piece in line for part in _parts(piece))


def _parts(piece: Piece) -> Iterator[Piece]:
    if piece.role not in _AREAS or not any(letter in EIGHTHS for letter in piece.text):
        yield piece
        return
    for letter in piece.text:
        level = EIGHTHS.find(letter) + 1
        if not level:
            yield Piece(letter, piece.role)
        elif piece.role == "stack":
            yield Piece(SHADE, "read") if level >= _HALF else Piece(FULL, "cold")
        elif level < _HALF:
            yield Piece(" ")
        else:
            yield Piece(SHADE if piece.role == "read" else FULL, piece.role)
