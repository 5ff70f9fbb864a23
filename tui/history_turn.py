"""One turn told whole, the words that were looked for set off: prompt, files, failures, answer, what it took. Pure.

The board cuts a turn to a card; somebody who looked for it wants to read it, so nothing is cut here but what would take
longer to wrap than anybody reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from store.models import TurnView
from store.plain_text import one_line, plain
from store.search_terms import Field, Term
from tui import turn
from tui.format import clean, cut_left, money, plural, tokens
from tui.history_days import day_name
from tui.history_marks import HIT, found_in, marked, windowed, wrapped
from tui.lines import BLANK, Line, Piece, Role, spread

TEXT_CHARACTERS = 20_000
"""Longer prompts and answers are shown to here; the export has the rest."""
FILES = 40


def when(at: float | None, now: float, zone: tzinfo | None) -> str:
    """`18:03` of today, else with its day: `Thu 19 Nov 18:03`."""
    if at is None:
        return ""
    time = f"{datetime.fromtimestamp(at, zone):%H:%M}"
    name = day_name(at, now, zone)
    return time if name == "today" else f"{name} {time}"


def told(one: TurnView, terms: Sequence[Term], width: int) -> list[Line]:
    """The turn in lines of `width` cells; the first column and the last one stay free."""
    lines = _text(one.prompt or "(no prompt)", terms, "prompt", width, "strong", Piece(" › ", "dim"))
    left = [*_files(one, terms, width), *_failures(one, terms, width)]
    if left:
        lines += [BLANK, *left]
    if one.answer:
        lines += [BLANK, *_text(one.answer, terms, "answer", width, "fg", Piece("   "))]
    return [*lines, BLANK, *_facts(one, width)]


def first_hit(lines: Sequence[Line], start: int = 0) -> int | None:
    """The first line from `start` on that holds a hit."""
    return next((y for y in range(start, len(lines)) if any(piece.role == HIT for piece in lines[y])), None)


def _text(text: str, terms: Sequence[Term], field: Field, width: int, role: Role, lead: Piece) -> list[Line]:
    lines: list[Line] = []
    for index, line in enumerate(plain(text[:TEXT_CHARACTERS]).strip("\n").split("\n")):
        part = _printable(line)
        role = role if index == 0 else "fg"  # a whole page of bold is nobody's heading
        lines += wrapped(part, found_in(part, terms, field), width - 4, role) or [BLANK]
    if len(text) > TEXT_CHARACTERS:
        lines.append((Piece("… the export has the rest", "dim"),))
    indent = Piece("   ")
    return [
        (lead if index == 0 else indent, *line) if line or index == 0 else BLANK for index, line in enumerate(lines)
    ]


def _printable(line: str) -> str:
    """One line of a text, its indentation kept: in code it means something."""
    text = one_line(line)
    return " " * min(20, len(line) - len(line.lstrip(" "))) + text if text else ""


def _files(one: TurnView, terms: Sequence[Term], width: int) -> list[Line]:
    lines: list[Line] = []
    for change in one.files_changed[:FILES]:
        path = cut_left(clean(change.path), width - 4)
        lines.append((Piece(f" {change.kind} ", "dim"), *marked(path, found_in(path, terms, "files"), "fg")))
    if len(one.files_changed) > FILES:
        lines.append((Piece(f"   +{len(one.files_changed) - FILES} more files", "dim"),))
    return lines


def _failures(one: TurnView, terms: Sequence[Term], width: int) -> list[Line]:
    lines: list[Line] = []
    for failed in one.failed_commands:
        code = f"exit {failed.exit_code}"
        text = clean(failed.command)
        shown = windowed(text, found_in(text, terms, "commands"), width - 4 - len(code) - 2, "fg")
        lines.append((Piece(" ✗ ", "bad"), *spread(shown, (Piece(code, "bad"),), width - 4)))
    return lines


def fitting(forms: Iterable[str], room: int) -> str:
    """The first form that fits, or nothing."""
    return next((form for form in forms if len(form) <= room), "")


def _facts(one: TurnView, width: int) -> list[Line]:
    asked = plural(one.requests, "request")
    # Numbers are never cut: what says least goes.
    forms = ((turn.length(one), asked, money(one.usd)), (turn.length(one), money(one.usd)), (money(one.usd),))
    told = (" · ".join(part for part in parts if part) for parts in forms)
    lines: list[Line] = [(Piece(" took   ", "dim"), Piece(fitting(told, width - 9)))]
    if one.requests:
        read, wrote = f"read {tokens(one.usage.cache_read)}", f"wrote {tokens(one.usage.cache_write)}"
        lines.append((Piece(" cache  ", "dim"), Piece(fitting((f"{read} · {wrote}", read), width - 9))))
    if one.cache_event is not None:
        glyph, said = turn.event(one.cache_event, width - 9)
        lines.append((Piece("      "), glyph, Piece(" "), *said))
    return lines
