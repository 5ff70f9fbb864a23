"""The lines around the history's list: header, what was found, what an empty list says. Pure."""

from __future__ import annotations

from rich.cells import cell_len

from store.history import Overview
from tui.format import clean, cut, plural, wrap
from tui.history_query import CALLED, Query
from tui.history_state import Results
from tui.lines import BLANK, Line, Piece, spread, width_of

FILTERS = ("project", "agent", "after", "before", "failed")
NO_VALUE = "…"
"""Of a filter that was begun: it waits for its value."""
COMPLAINT_LINES = 2
"""So many lines a complaint may take: it has the way out in it."""


def opened_header(name: str, place: str, width: int) -> Line:
    """Over a session that hides the list: its name, and its place in the list."""
    left: Line = (Piece(" ━╸", "warm"), Piece(" " + cut(clean(name), width - len(place) - 7), "strong"))
    return spread(left, (Piece(place, "dim"),), width - 1)


def header(overview: Overview, width: int, *, loaded: bool) -> Line:
    """The page's name, and how much is stored where there is room."""
    left: Line = (Piece(" ━╸", "warm"), Piece(" history", "strong"))
    if not loaded or not overview.sessions:
        return left
    counts = [f"{overview.sessions:,} session{'' if overview.sessions == 1 else 's'}"]
    counts.append(f"{overview.turns:,} turn{'' if overview.turns == 1 else 's'}")
    right = " · ".join(counts)
    if width_of(left) + len(right) + 3 > width:
        right = counts[0]
    return spread(left, (Piece(right, "dim"),), width - 1)


def filters(query: Query, width: int) -> Line:
    """Beside the field where there is room: the filters there are, those in use with their value."""
    told = {CALLED.get(name, name): value for name, value in query.told}
    pieces: list[Piece] = []
    for name in FILTERS:
        value = told.get(name)
        said = "any" if value is None else clean(value) or ("only" if name == "failed" else NO_VALUE)
        pieces += [Piece(f"   {name}: ", "dim"), Piece(cut(said, 16), "dim" if value is None else "strong")]
    return tuple(pieces) if width_of(pieces) <= width else ()


def filter_at(line: Line, x: int) -> str | None:
    """Which of the filters in that line stands at this cell."""
    ends = [width_of(line[: 2 * index + 2]) for index in range(len(line) // 2)]
    return next((name for name, end in zip(FILTERS, ends, strict=False) if x < end), None)


def status(results: Results, query: Query, width: int, *, searching: bool) -> tuple[Line, ...]:
    """Under the field: what is wrong with the query, or what it found."""
    if query.problem:
        role = "dim" if query.typing else "bad"
        lines = wrap(clean(query.problem), width - 2, COMPLAINT_LINES)
        return tuple((Piece(" " + text, "dim" if role == "dim" else "bad"),) for text in lines)
    if searching:
        return ((Piece(" searching …", "dim"),),)
    left, right = _found(results), "newest first" if results.complete else "only the newest were searched"
    hint = _hint(results, width - 4)
    if hint is not None:
        left, right = hint
    line: Line = (Piece(" " + cut(left, width - 2), "dim"),)
    return (spread(line, (Piece(right, "dim" if results.complete else "bad"),), width - 1),)


def _hint(results: Results, room: int) -> tuple[str, str] | None:
    """What was found, with what could have been meant, where both have room."""
    query, whole, hints = results.query, _found(results), tuple[str, ...]()
    if not results.complete:
        hints = ("only the newest: signs have no index, add a word", "no index of signs: add a word")[
            : 2 * query.of_signs
        ]
    elif len(results) and query.phrase:
        hints = (f'"{clean(query.phrase)}" finds the phrase', '"…" finds a phrase')
    elif not len(results) and any(name == "failed" and value not in ("", "any") for name, value in query.told):
        hints = ("failed: alone lists all that failed", "failed: lists all")
    both = [(left, right) for left in (whole, whole.partition(" in ")[0]) for right in hints]
    return next((one for one in both if cell_len(one[0]) + cell_len(one[1]) + 2 <= room), None)


def _found(results: Results) -> str:
    if not results.query.of_turns:
        return plural(f"{len(results):,}", "session")
    count = len(results)
    if not count:
        return "no turn found"
    number = f"{count:,}+ turns" if results.may_grow else plural(f"{count:,}", "turn")
    return f"{number} in {plural(len({hit.session for hit in results.hits}), 'session')}"


def typing_keys(width: int, enter: str, moves: str) -> Line:
    """The footer while somebody types: letters are letters, these keys still do something. `moves`: '' for none."""
    line: Line = ()
    for key, word in ((enter, "to the list"), ("esc", "back"), (moves, "move")):
        longer = (*line, Piece(f" {key}", "strong"), Piece(f" {word} ", "dim"))
        line = longer if key and width_of(longer) <= width else line
    return line


def empty(overview: Overview, query: Query, width: int, *, complete: bool = True) -> tuple[Line, ...]:
    """No row: nothing is stored yet, or nothing matches; each with a way to go on. `complete` is the search's."""
    if not overview.sessions:
        return _nothing_stored(width)
    looked_for = clean(query.text)
    lines: list[Line] = [(Piece(" " + cut(f"Nothing matches {looked_for}", width - 2), "strong"),), BLANK]
    if query.of_signs and not complete:
        lines += _said(
            "Signs have no index, so only the newest turns were searched. Add a word of the same turn.", width
        )
    elif query.words.strip():
        lines += _said("Every word must be in the same turn: its prompt, answer, files or failed commands.", width)
    if query.told:
        listed = " ".join(f"{name}:{clean(value)}" for name, value in query.told)
        lines += _said(f"Only where {listed} holds.", width)
    return (*lines, BLANK, (Piece(" esc", "strong"), Piece(" shows all sessions", "dim")))


def _nothing_stored(width: int) -> tuple[Line, ...]:
    lines: list[Line] = [(Piece(" No session is stored yet.", "strong"),), BLANK]
    lines += _said("Read what your agents have written on this machine:", width)
    lines += [(Piece(" $ ", "dim"), Piece("warmside import")), BLANK]
    return (*lines, *_said("Nothing leaves this machine. A running keeper reads new sessions by itself.", width))


def _said(text: str, width: int) -> list[Line]:
    return [(Piece(" " + line, "dim"),) for line in wrap(text, width - 2, 4)]
