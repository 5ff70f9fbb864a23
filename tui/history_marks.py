"""Text with the words that were looked for set off: in one line, in a window of one line, wrapped. Pure.

Ranges are places of characters in a text that went through `clean` or `plain`; widths are cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from store.search_terms import Field, Term
from store.snippets import Range, ranges_of
from tui.lines import Line, Piece, Role, width_of

HIT: Role = "hit"


def cells(text: str) -> int:
    """Its width. The library keeps what it has measured, and of the parts that are tried here few come again: it is
    asked about those alone in which not every character takes one cell."""
    return len(text) if _single(text) else cell_len(text)


def _single(text: str) -> bool:
    return text.isascii() and text.isprintable()


def found_in(text: str, terms: Sequence[Term], field: Field) -> tuple[Range, ...]:
    """Where the terms are in a text of that field."""
    return ranges_of(text, [term for term in terms if term.looks_at(field)])


def marked(text: str, ranges: Sequence[Range], role: Role, start: int = 0, stop: int | None = None) -> Line:
    """A part of `text` (all of it by default) with the ranges in the role of a hit."""
    stop = len(text) if stop is None else stop
    pieces: list[Piece] = []
    at = start
    for first, end in ranges:
        first, end = max(first, start), min(end, stop)
        if first >= end:
            continue
        pieces += [Piece(text[at:first], role), Piece(text[first:end], HIT)]
        at = end
    return tuple(piece for piece in (*pieces, Piece(text[at:stop], role)) if piece.text)


def clipped(line: Line, width: int) -> Line:
    """At most `width` cells of a line, its end replaced by an ellipsis where it is cut."""
    if width_of(line) <= width:
        return line
    room, pieces = width - 1, list[Piece]()
    for piece in line:
        if room < 1:
            break
        text = piece.text if cells(piece.text) <= room else _fitted(piece.text, room)
        pieces.append(Piece(text, piece.role))
        room -= cells(text)
    return (*pieces, Piece("…", line[-1].role)) if width > 0 else ()


def _fitted(text: str, width: int) -> str:
    return text[:width] if _single(text) else set_cell_size(text, width)


def windowed(text: str, ranges: Sequence[Range], width: int, role: Role) -> Line:
    """One line of `width` cells in which the first hit can be seen: what stands far before it is left out."""
    start = 0
    if ranges and cells(text[: ranges[0][1]]) > width - 1:
        first, end = ranges[0]
        # A third of the line before it, and whatever else the text behind it leaves.
        behind, hit = cells(text[first:]), cells(text[first:end])
        before = max(0, min(max(width // 3, width - 1 - behind), width - 2 - hit))
        start = first
        while start > 0 and cells(text[start - 1 : first]) <= before:
            start -= 1
        gap = text.find(" ", start, first)
        if start and text[start - 1] != " " and gap != -1:
            start = gap + 1
    lead: Line = (Piece("…", role),) if start else ()
    return clipped((*lead, *marked(text, ranges, role, start)), width)


def wrapped(text: str, ranges: Sequence[Range], width: int, role: Role) -> list[Line]:
    """A line of text broken between words, a word longer than a line in the middle; nothing is left out."""
    return [marked(text, ranges, role, start, stop) for start, stop in _breaks(text, max(1, width))]


def _breaks(text: str, width: int) -> Iterator[Range]:
    start = 0
    while start < len(text):
        # A cell holds at least one character, but for the few of no width: they may make a line shorter.
        stop = min(len(text), start + width)
        while stop > start + 1 and cells(text[start:stop]) > width:
            stop -= 1
        if stop < len(text):
            gap = text.rfind(" ", start, stop + 1)
            stop = gap if text[start:gap].strip() and gap > start else stop
        yield start, stop
        start = stop + (text[stop : stop + 1] == " ")
