"""The board as data: which sessions stand in which section, in what order, and the lines of the list.

Pure functions of a `BoardView` and a moment. When the order may change is decided in board_state.py, how a role looks
in the theme, how a row reads in row.py.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Literal, NamedTuple

from store.models import BoardView, NextPing, SessionView
from tui import facts, row
from tui.format import clean, countdown, money, pad, pad_left
from tui.lines import BLANK, Line, Piece, rule, spread

SectionKey = Literal["needs", "open", "running", "cold", "ended"]
LABELS: dict[SectionKey, str] = {
    "needs": "needs you",
    "running": "running",
    "open": "open",
    "cold": "cold",
    "ended": "ended today",
}
FOLD_ID = "\0ended"
"""Stands for the folded section where a session id is expected; no client can use it as an id."""
MAX_NEXT_PINGS = 5


class Section(NamedTuple):
    """Session ids of one section, in order. A folded section counts its sessions but shows none."""

    key: SectionKey
    ids: tuple[str, ...]
    total: int


class Entry(NamedTuple):
    """One line of the list. `id` is the session's (or FOLD_ID) where the line can be selected."""

    kind: Literal["blank", "label", "top", "bottom", "ended_top", "ended_bottom", "fold", "pings", "ping"]
    id: str = ""
    label: str = ""
    first: bool = False
    """The first label carries the heads of the columns."""
    hint: str = ""
    """What enter does on the folded section."""
    ping: NextPing | None = None


def section_of(session: SessionView, now: float) -> SectionKey:
    """Where a session belongs now: needs before anything else, too late last."""
    if facts.is_ended(session):
        return "ended"
    if facts.works(session):
        return "running"
    if not facts.is_warm(session, now):
        return "cold"
    return "needs" if facts.waits_for_person(session) else "open"


def _need(session: SessionView, now: float) -> tuple[float, float, str]:
    """Order inside a section: what goes cold first, then the likely ones, then what was active last."""
    left = facts.seconds_left(session, now)
    active = session.ended_at or session.last_activity_at or session.cache.expires_at or 0.0
    return (float("inf") if left is None else left, -active, session.id)


def arrange(view: BoardView, now: float, query: str = "", unfolded: bool = False) -> tuple[Section, ...]:
    """All sections that have sessions matching `query`, in the order of need."""
    names = facts.names(view)
    found: dict[SectionKey, list[SessionView]] = {key: [] for key in LABELS}
    for session in (*view.sessions, *view.ended_today):
        if not query or facts.matches(session, names[session.id], query):
            found[section_of(session, now)].append(session)
    sections = []
    for key, sessions in found.items():
        sessions.sort(key=lambda session: _need(session, now))
        shown = () if key == "ended" and not (unfolded or query) else tuple(one.id for one in sessions)
        if sessions:
            sections.append(Section(key, shown, len(sessions)))
    return tuple(sections)


def shape(view: BoardView, now: float, query: str, unfolded: bool) -> tuple[object, ...]:
    """What the order depends on: as long as it is the same, nothing may move."""
    states = [
        (session.id, section_of(session, now), facts.state(session, now), session.waiting_for)
        for session in (*view.sessions, *view.ended_today)
    ]
    return (query, unfolded, *sorted(states, key=lambda state: state[0]))


def plan(
    sections: tuple[Section, ...], *, roomy: bool, unfolded: bool, next_pings: tuple[NextPing, ...] = ()
) -> tuple[Entry, ...]:
    """The list, one entry a line. `roomy` puts a blank line between sections."""
    entries: list[Entry] = []
    for section in sections:
        label = f"{LABELS[section.key]} {section.total}"
        if section.key == "ended":
            _add_pings(entries, next_pings)
        if entries and (roomy or section.key == "ended"):
            entries.append(Entry("blank"))
        if section.key == "ended":
            entries.append(Entry("fold", FOLD_ID, label, hint="fold" if unfolded else "unfold"))
            for one in section.ids:
                entries += [Entry("ended_top", one), Entry("ended_bottom", one)]
            continue
        entries.append(Entry("label", label=label, first=not entries))
        for one in section.ids:
            entries += [Entry("top", one), Entry("bottom", one)]
    if not any(section.key == "ended" for section in sections):
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
    if entry.kind == "label":
        return _label(entry, page)
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


def _label(entry: Entry, page: Page) -> Line:
    if entry.first:
        return row.heads(entry.label, page.width)
    label: Line = (Piece(" " + entry.label, "dim"),)
    return label if page.roomy else (*rule(label, (), page.width - 1), Piece(" "))


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
    try:
        if entry.kind == "top":
            return row.top(session, name, page.width, page.now, edge, page.query)
        if entry.kind == "bottom":
            return row.bottom(session, page.width, page.now, page.zone, edge)
        if entry.kind == "ended_top":
            return row.ended_top(session, name, page.width, page.now, page.zone, edge)
        return row.ended_bottom(session, page.width, edge)
    except (ArithmeticError, LookupError, ValueError, TypeError, OSError) as error:
        # One odd value (a time beyond the calendar, a number that is none) must not take the board with it.
        return row.broken(name, clean(str(error)) or type(error).__name__, page.width, edge)
