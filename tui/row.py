"""A session's two lines in the list: which column says what, at any width.

Pure: a session and a moment in, two lines out. Every number has a fixed right-aligned column; text is cut, numbers
never. Column 0 is the edge of the selected row, the last column is empty but for the chip.
"""

from __future__ import annotations

from datetime import tzinfo

from rich.cells import cell_len

from store.models import CacheStateName, Evidence, SessionView, WaitingFor
from tui import facts
from tui.format import bar, clean, countdown, cut, money, pad, pad_left, past, plural, tokens
from tui.lines import Line, Piece, Role

WIDE_ROW = 56
"""From here on a row has the columns size and keep."""
LEFT_CELLS, COST_CELLS, SIZE_CELLS, KEEP_CELLS = 7, 6, 5, 7
SPENT_CODES = frozenset({"money_spent", "until_over", "day_cap", "paused", "limited"})
STOPPED_CODES = frozenset({"missed", "refused", "provider", "dead", "ended", "replaced", "compacted", "cleared"})
ALARM_CODES = frozenset({"missed", "refused", "provider"})
"""Reasons that something went wrong on our side: shown in red, before who waits."""

_WHO: dict[WaitingFor, tuple[str, str, str]] = {
    WaitingFor.YOU: ("your turn", "your turn", "you"),
    WaitingFor.PERMISSION: ("asks permission", "permission", "asks"),
    WaitingFor.TOOL: ("runs a tool", "runs a tool", "tool"),
    WaitingFor.BACKGROUND: ("in background", "background", "bg"),
}


def name_cells(width: int) -> int:
    """Cells for the name in a row of `width` cells."""
    return max(1, width - (36 if width >= WIDE_ROW else 19))


def heads(label: str, width: int) -> Line:
    """The first section's label with the heads of the columns, right-aligned over their numbers."""
    cost = "if cold" if cell_len(label) + COST_CELLS + LEFT_CELLS + 4 < width else "cold"
    columns = f"{pad_left(cost, COST_CELLS + 1)} {pad_left('left', LEFT_CELLS)}"
    if width >= WIDE_ROW:
        columns = f"{pad_left('size', SIZE_CELLS)}{pad_left('keep', KEEP_CELLS + 2)}  {columns}"
    return (Piece(" " + pad(label, width - len(columns) - 2) + columns + " ", "dim"),)


def glyph(session: SessionView, now: float) -> Piece:
    """Filled: act. Hollow: too late, or nothing known. A triangle: it runs."""
    if facts.works(session):
        return Piece("▸", "dim")
    if not facts.is_warm(session, now) or not facts.waits_for_person(session):
        return Piece("○", "dim")
    mark = "◆" if session.waiting_for is WaitingFor.PERMISSION else "●"
    return Piece(mark, "warm" if facts.expires_soon(session, now) else "fg")


def _left(session: SessionView, now: float) -> Line:
    """The countdown column: the one place where a state is said in a word or a number."""
    current = facts.state(session, now)
    if current is CacheStateName.WARM:
        left = facts.seconds_left(session, now)
        if left is None:
            return (Piece(pad_left("warm", LEFT_CELLS) + " ", "dim"),)
        text = countdown(left) + ("?" if session.cache.evidence is Evidence.ASSUMED else "")
        if facts.expires_soon(session, now):
            return (Piece(" " * (LEFT_CELLS - len(text) - 1)), Piece(f" {text} ", "chip"))
        calm = facts.is_kept(session) or not facts.waits_for_person(session)
        return (Piece(pad_left(text, LEFT_CELLS) + " ", "dim" if calm else "fg"),)
    if current is CacheStateName.LIKELY:
        chance = session.cache.probability
        return (Piece(pad_left("likely" if chance is None else f"{chance:.0%}", LEFT_CELLS) + " ", "dim"),)
    said: dict[CacheStateName, tuple[str, Role]] = {
        CacheStateName.EXPIRED: ("cold", "cold"),
        CacheStateName.CHANGED: ("changed", "bad"),
        CacheStateName.UNKNOWN: ("unknown", "dim"),
    }
    text, role = said[current]
    return (Piece(pad_left(text, LEFT_CELLS) + " ", role),)


def _bar(session: SessionView, now: float) -> Line:
    """The countdown bar; empty where there is no countdown."""
    current = facts.state(session, now)
    if current is CacheStateName.LIKELY:
        filled, track = bar(session.cache.probability or 0.0, likely=True)
        return (Piece(filled, "warm"), Piece(track, "faint"))
    left, ttl = facts.seconds_left(session, now), facts.ttl_seconds(session)
    if left is None or ttl is None:
        return ()
    filled, track = bar(left / ttl)
    return (Piece(filled, "warm"), Piece(track, "faint"))


COSTLY = "▲"
"""Stands before the price of a cold resume above the person's threshold."""


def _cost_role(session: SessionView, now: float) -> Role:
    if facts.state(session, now) in (CacheStateName.EXPIRED, CacheStateName.CHANGED):
        return "cold"
    return "strong" if facts.expires_soon(session, now) else "dim"


def keep(session: SessionView, now: float) -> str:
    """The keep column: what keep-alive is doing, in a word."""
    view = session.keepalive
    why = "in_flight" if view.in_flight else view.why
    if facts.state(session, now) is CacheStateName.CHANGED or why in STOPPED_CODES:
        return "stopped"
    if facts.is_held(session, now):
        return "held"
    if why in facts.KEPT_CODES:
        return f"↻ {view.idle_pings}" + ("" if view.idle_max_pings is None else f"/{view.idle_max_pings}")
    if why == "pings_spent":
        return f"{view.idle_pings}/{view.idle_max_pings or view.idle_pings}"
    if why in SPENT_CODES:
        return "paused"
    if why == "off" or view.mode == "off":
        return "off"
    return "watch" if why in ("watch_only", "plan_login", "no_consent") else "none"


def who(session: SessionView) -> tuple[str, str, str]:
    """Who is to move next, from long to short; empty when nobody knows."""
    if session.waiting_for is not None:
        return _WHO[session.waiting_for]
    if facts.works(session):
        return ("working", "working", "")
    return _WHO[WaitingFor.YOU] if facts.waits_for_person(session) else ("", "", "")


def reason_forms(session: SessionView, now: float, zone: tzinfo | None) -> list[tuple[str, bool]]:
    """The second line's wordings from long to short, each with whether its first part is an alarm."""
    code, text = facts.reason(session, now, zone)
    alarm = code in ALARM_CODES
    if alarm or facts.state(session, now) is CacheStateName.CHANGED:
        parted = text.full.replace(", ", " · ")
        return [(parted, alarm), (parted.partition(" (")[0], alarm), (text.short, alarm)]
    long, middle, short = who(session)
    forms = [(long, text.full), (middle, text.full), (middle, text.short), (short, text.short), ("", text.short)]
    joined = [" · ".join(dict.fromkeys(part for part in form if part)) for form in forms]
    return [(form, False) for form in joined]


def _reason(session: SessionView, now: float, zone: tzinfo | None, width: int, age: str) -> Line:
    forms = reason_forms(session, now, zone)
    if age:
        front = Piece(f"{age} · ", "dim")
        room = width - cell_len(front.text)
        # Rather who is to move alone than half a reason: the detail has it whole.
        fitting = [
            form for form in [*forms, *((form, False) for form in who(session)[1:])] if 0 < cell_len(form[0]) <= room
        ]
        if not fitting:
            return (Piece(pad(age, width), "dim"),)
        return (front, *_worded(*fitting[0], room))
    text, alarm = next((form for form in forms if cell_len(form[0]) <= width), forms[-1])
    return _worded(text, alarm, width)


def _worded(text: str, alarm: bool, width: int) -> Line:
    text = pad(text, width)
    if not alarm:
        return (Piece(text, "dim"),)
    head, _, _ = text.partition(" · ")
    return (Piece(head, "bad"), Piece(text[len(head) :], "dim"))


def name_pieces(name: str, width: int, role: Role, query: str) -> Line:
    """A name in `width` cells, the first hit of each word of a filter marked."""
    text = pad(name, width)
    marks = [False] * len(text)
    folded = text.lower()
    for word in query.lower().split() if len(folded) == len(text) else ():
        at = folded.find(word)
        if at >= 0:
            marks[at : at + len(word)] = [True] * len(word)
    pieces: list[Piece] = []
    for letter, hit in zip(text, marks, strict=True):
        piece_role: Role = "hit" if hit else role
        if pieces and pieces[-1].role == piece_role:
            pieces[-1] = Piece(pieces[-1].text + letter, piece_role)
        else:
            pieces.append(Piece(letter, piece_role))
    return tuple(pieces)


def top(session: SessionView, name: str, width: int, now: float, edge: Piece, query: str = "") -> Line:
    """First line: glyph, name, (size, keep,) what a cold resume costs, time left."""
    role: Role = "fg" if facts.works(session) else "strong"
    if not facts.is_warm(session, now) and not facts.works(session):
        role = "dim"
    mark = Piece(COSTLY, "cold") if facts.is_costly(session) else Piece(" ")
    columns: Line = (mark, Piece(pad_left(facts.cold_cost(session), COST_CELLS) + " ", _cost_role(session, now)))
    if width >= WIDE_ROW:
        size = pad_left(tokens(session.context_tokens), SIZE_CELLS)
        columns = (Piece(f" {size}  {pad_left(keep(session, now), KEEP_CELLS)}  ", "dim"), *columns)
    named = name_pieces(name, name_cells(width), role, query)
    return (edge, glyph(session, now), Piece(" "), *named, *columns, *_left(session, now))


def bottom(session: SessionView, width: int, now: float, zone: tzinfo | None, edge: Piece, age: str = "") -> Line:
    """Second line: its age where the list is sorted by it, who is to move and why a ping is (not) sent, the bar."""
    drawn = _bar(session, now)
    room = max(1, width - (12 if drawn else 4))
    head = (edge, Piece("  "), *_reason(session, now, zone, room, age))
    return (*head, Piece(" "), *drawn, Piece(" ")) if drawn else (*head, Piece(" "))


def ended_top(session: SessionView, name: str, width: int, now: float, zone: tzinfo | None, edge: Piece) -> Line:
    """First line of a session that is over: its name and when it ended."""
    at = session.ended_at or session.last_activity_at
    when = "" if at is None else past(at, now, zone)
    return (edge, Piece("○ " + pad(name, width - 12) + " " + pad_left(when, LEFT_CELLS) + " ", "dim"))


def ended_bottom(session: SessionView, width: int, edge: Piece) -> Line:
    """Second line of a session that is over: what it cost."""
    text = f"{plural(session.totals.requests, 'request')} · {money(session.totals.usd)}"
    title = clean(session.title)
    return (edge, Piece("  " + pad(cut(f"{text} · {title}" if title else text, width - 4), width - 3), "dim"))


def broken(name: str, cause: str, width: int, edge: Piece) -> Line:
    """A line that could not be built: the session stays on the board, with the cause."""
    return (edge, Piece(pad(cut(f"✗ {name}: cannot show this, {cause}", width - 2), width - 1), "bad"))
