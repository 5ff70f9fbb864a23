"""The history's rows as lines: a session, or a turn that was found, in two lines. Pure.

First line: time, project, then what is counted, at the right end in fixed columns. Second line: what it was about.
Every text comes from a transcript, so every text passes `clean` (a snippet comes clean from the search).
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from rich.cells import cell_len

from store.history import SessionLine
from store.search import Hit
from tui.format import clean, cut, model_name, money, pad_left
from tui.history_marks import windowed
from tui.lines import BLANK, Line, Piece, Role, rule, spread

ROOMY_ROW = 45
"""From this width on the time stands apart and the agent has room."""
COST_CELLS, TURNS_CELLS, NUMBER_CELLS = 6, 5, 6


def text_column(width: int) -> int:
    """Where the text begins; the edge is column 0."""
    return 9 if width >= ROOMY_ROW else 7


def label(name: str, width: int, *, heads: bool, roomy: bool) -> Line:
    """A day's name, over the first day of sessions with the heads of the columns; a rule stands for a blank line."""
    left: Line = (Piece(" " + name, "dim"),)
    text = f"{'turns':>{TURNS_CELLS}} {'cost':>{COST_CELLS}}" if heads else ""
    right: Line = (Piece(text, "dim"),) if text else ()
    return spread(left, right, width - 1) if roomy else rule(left, right, width - 1)


def session_row(
    line: SessionLine | None, at: float | None, width: int, zone: tzinfo | None, *, chosen: bool
) -> tuple[Line, Line]:
    """A session; while it has not been read (None) its time alone."""
    when = _when(at, width, zone)
    if line is None:
        return (Piece(" "), *when), BLANK
    counts = f"{line.turns:>{TURNS_CELLS}} {pad_left(money(line.usd), COST_CELLS)}"
    room = width - 1 - text_column(width) - len(counts) - 1
    name: Role = "strong" if chosen else "fg"
    called = clean(line.project) or clean(line.id)[:8]
    names = _names(called, _agent(line, room - cell_len(called) - 2), room, name)
    first = _first_line(when, names, counts, width)
    about = clean(line.title) or clean(line.first_prompt) or "(no prompt)"
    return first, (_indent(width), Piece(cut(about, width - 1 - text_column(width)), "dim"))


def hit_row(hit: Hit, width: int, zone: tzinfo | None, *, chosen: bool) -> tuple[Line, Line]:
    """A turn that was found: its second line is the snippet with the hits set off."""
    failed: Line = (Piece("✗ " if hit.failed else "  ", "bad"),)
    number = f"#{hit.turn}".rjust(NUMBER_CELLS - 2)
    room = width - 1 - text_column(width) - NUMBER_CELLS - 1
    name: Role = "strong" if chosen else "fg"
    names = _names(clean(hit.project) or clean(hit.session)[:8], clean(hit.title), room, name)
    left: Line = (Piece(" "), *_when(hit.at, width, zone), *names)
    first = spread(left, (*failed, Piece(number, "dim")), width - 1)
    return first, (_indent(width), *windowed(hit.snippet, hit.ranges, width - 1 - text_column(width), "dim"))


def _agent(line: SessionLine, room: int) -> str:
    """Agent and model, each whole or not there."""
    agent, model = clean(line.agent), model_name(line.model) if line.model else ""
    both = " · ".join(part for part in (agent, model) if part)
    return next((form for form in (both, agent) if cell_len(form) <= room), "")


def _first_line(when: Line, names: Line, counts: str, width: int) -> Line:
    return spread((Piece(" "), *when, *names), (Piece(counts, "dim"),), width - 1)


def _names(name: str, more: str, room: int, role: Role) -> Line:
    """The name, and what else there is room for: whole where it is short, never less than a word of it."""
    first = Piece(cut(name, room), role)
    left = room - cell_len(first.text) - 2
    if not more or left < min(8, cell_len(more)):
        return (first,)
    return (first, Piece("  " + cut(more, left), "dim"))


def _when(at: float | None, width: int, zone: tzinfo | None) -> Line:
    time = "" if at is None else f"{datetime.fromtimestamp(at, zone):%H:%M}"
    return (Piece(time.rjust(text_column(width) - (3 if width >= ROOMY_ROW else 2)), "dim"), _gap(width))


def _gap(width: int) -> Piece:
    return Piece("  " if width >= ROOMY_ROW else " ")


def _indent(width: int) -> Piece:
    return Piece(" " * text_column(width))


def with_edge(line: Line, edge: Piece) -> Line:
    """The line with its first cell, which is blank, exchanged for the edge."""
    if not line:
        return (edge,)
    first = line[0]
    return (edge, Piece(first.text[1:], first.role), *line[1:])
