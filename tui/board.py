"""The board as lines: the list of the sections, one entry a line, and how each line reads at a width.

Pure functions of the sections and a moment. Which session stands where is decided in board_order.py, when the order may
change in board_state.py, how a role looks in the theme, how a row reads in row.py.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Literal, NamedTuple

from rich.cells import cell_len

from store.models import NextPing, SessionView
from tui import facts, row
from tui.board_order import AGE, ENDED, Section, idle_since
from tui.format import clean, countdown, cut, money, pad, pad_left, past
from tui.lines import BLANK, Line, Piece, rule, spread

FOLD_ID = "\0ended"
"""Stands for the folded section where a session id is expected; no client can use it as an id."""
BY_PROJECT = "by project"
MAX_NEXT_PINGS = 5


class Entry(NamedTuple):
    """One line of the list. `id` is the session's (or FOLD_ID) where the line can be selected."""

    kind: Literal["blank", "heads", "label", "top", "bottom", "ended_top", "ended_bottom", "fold", "pings", "ping"]
    id: str = ""
    label: str = ""
    section: Section | None = None
    """Of a label: what it heads."""
    first: bool = False
    """The first label carries the heads of the columns, unless they have a line of their own."""
    grouped: bool = False
    """Of a row: it stands under its project's label."""
    aged: bool = False
    """Of a row: it stands where its age has put it, and says so."""
    hint: str = ""
    """What enter does on the folded section."""
    ping: NextPing | None = None


def plan(
    sections: tuple[Section, ...], *, roomy: bool, unfolded: bool, next_pings: tuple[NextPing, ...] = ()
) -> tuple[Entry, ...]:
    """The list, one entry a line. `roomy` puts a blank line between sections."""
    entries: list[Entry] = []
    if sections and sections[0].grouped:
        # A line of its own: the heads stay where they are when another project comes first.
        entries.append(Entry("heads", label=BY_PROJECT))
    for section in sections:
        if section.key == ENDED:
            _add_pings(entries, next_pings)
        if len(entries) > section.grouped and (roomy or section.key == ENDED):
            entries.append(Entry("blank"))
        if section.key == ENDED:
            label = f"{section.label} {section.total}"
            entries.append(Entry("fold", FOLD_ID, label, hint="fold" if unfolded else "unfold"))
            for one in section.ids:
                entries += [Entry("ended_top", one), Entry("ended_bottom", one)]
            continue
        entries.append(Entry("label", section=section, first=not entries))
        for one in section.ids:
            entries += [Entry("top", one, grouped=section.grouped), Entry("bottom", one, aged=section.key == AGE)]
    if not any(section.key == ENDED for section in sections):
        _add_pings(entries, next_pings)
    return tuple(entries)


def _add_pings(entries: list[Entry], next_pings: tuple[NextPing, ...]) -> None:
    if next_pings:
        entries += [Entry("blank"), Entry("pings", label="next pings")]
        entries += [Entry("ping", ping=ping) for ping in next_pings[:MAX_NEXT_PINGS]]


class Page(NamedTuple):
    """What a line needs besides its entry."""

    sessions: dict[str, SessionView]
    names: dict[str, str]
    width: int
    now: float
    zone: tzinfo | None
    roomy: bool = True
    query: str = ""
    enter: str = "↵"
    """How the enter key is written."""


def line(entry: Entry, page: Page, edge: Piece) -> Line:
    """One line of the list, exactly `page.width` cells wide or blank."""
    width = page.width
    if entry.kind == "blank":
        return BLANK
    if entry.kind == "heads":
        return row.heads(entry.label, width)
    if entry.section is not None:
        return _label(entry.section, page, first=entry.first)
    if entry.kind == "fold":
        hint = Piece(f"{page.enter} {entry.hint} ", "dim")
        return spread((edge, Piece(entry.label, "dim")), (hint,), width)
    if entry.kind == "pings":
        cells = width - row.COST_CELLS - row.LEFT_CELLS - 4
        heads = f" {pad(entry.label, cells)} {pad_left('cost', row.COST_CELLS)} {pad_left('in', row.LEFT_CELLS)} "
        return (Piece(heads, "dim"),)
    if entry.ping is not None:
        return _ping(entry.ping, page)
    return _session_line(entry, page, edge)


def _label(section: Section, page: Page, *, first: bool) -> Line:
    # Beside the heads there is as much room as a row has for glyph and name; a rule needs two cells of its own.
    room = row.name_cells(page.width) + 2 if first else page.width - (2 if page.roomy else 4)
    text = label_text(section, room)
    if first:
        return row.heads(text, page.width)
    # The name of a project is content; other sections' names are words of ours.
    name, _, count = text.rpartition(" ")
    label: Line = (Piece(f" {name}", "fg" if section.grouped else "dim"), Piece(f" {count}", "dim"))
    return label if page.roomy else (*rule(label, (), page.width - 1), Piece(" "))


def label_text(section: Section, room: int) -> str:
    """A section's label in at most `room` cells: words are cut, the number never."""
    count = f" {section.total}"
    room = max(1, room - len(count))
    text = section.label
    if section.place:
        # Both parts keep their beginnings: a project is known by its name, and told apart by the first folder.
        name = min(cell_len(text), max(room // 2, room - 1 - cell_len(section.place)))
        text = f"{cut(section.place, room - 1 - name)}/{cut(text, name)}"
    elif section.short and cell_len(text) > room:
        text = section.short
    return cut(text, room) + count


def _ping(ping: NextPing, page: Page) -> Line:
    of = f"{ping.n} of {ping.of}" if ping.of is not None else f"no. {ping.n}"
    cells = page.width - row.COST_CELLS - row.LEFT_CELLS - 6
    name = pad(clean(ping.name), cells - len(of) - 2)
    due = ping.at - page.now
    when = countdown(due) if due > 0 else "now"
    return (
        Piece(" "),
        Piece("↻", "warm"),
        Piece(f" {name}  "),
        Piece(f"{of} {pad_left(money(ping.usd), row.COST_CELLS)} {pad_left(when, row.LEFT_CELLS)} ", "dim"),
    )


def _session_line(entry: Entry, page: Page, edge: Piece) -> Line:
    session, name = page.sessions[entry.id], page.names[entry.id]
    if entry.grouped:
        name = facts.name_in_project(session, name)
    try:
        if entry.kind == "top":
            return row.top(session, name, page.width, page.now, edge, page.query)
        if entry.kind == "bottom":
            age = _age(session, page) if entry.aged else ""
            return row.bottom(session, page.width, page.now, page.zone, edge, age)
        if entry.kind == "ended_top":
            return row.ended_top(session, name, page.width, page.now, page.zone, edge)
        return row.ended_bottom(session, page.width, edge)
    except (ArithmeticError, LookupError, ValueError, TypeError, OSError) as error:
        # One odd value (a time beyond the calendar, a number that is none) must not take the board with it.
        return row.broken(name, clean(str(error)) or type(error).__name__, page.width, edge)


def _age(session: SessionView, page: Page) -> str:
    at = idle_since(session, page.now)
    if at is None:
        return ""
    return "now" if at == page.now else past(at, page.now, page.zone)
