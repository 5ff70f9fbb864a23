"""The pane below the list: the selected session's sentence and latest turn, in the rows that the list leaves. Pure.

It has a few levels of generosity and shows the first that fits, so that nothing is ever cut in half.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from store.models import SessionView, TurnView
from tui import turn
from tui.facts import on_plan
from tui.format import NOTHING, clean, clock_time, cut, model_name, money, plural, tokens, wrap
from tui.lines import BLANK, Line, Piece, rule, spread
from tui.row import WIDE_ROW
from tui.sentence import sentence

MIN_ROWS = 6
"""The least the pane is worth showing in, its blank line above included."""


class Subject(NamedTuple):
    """What a detail is about."""

    session: SessionView
    name: str
    turns: tuple[TurnView, ...]
    """Newest first; the pane shows only the first."""
    now: float
    zone: tzinfo | None
    starts: str = ""
    """The key that starts a keeper, where one can be started."""


def _title(subject: Subject, width: int, hidden: int) -> Line:
    """The rule above the pane: which turn, what it took; or how many rows the list had to hide."""
    last = subject.turns[0] if subject.turns else None
    label = f" turn {last.n}" if last else " " + cut(subject.name, width // 2)
    facts_of = []
    if hidden:
        facts_of = [f"{hidden} more below"]
    elif last is not None:
        asked = plural(last.requests, "request") if width >= WIDE_ROW else ""
        facts_of = [part for part in (turn.length(last), asked, money(last.usd)) if part]
    right: Line = (Piece(" · ".join(facts_of), "dim"),) if facts_of else ()
    body = rule((Piece("─", "faint"), Piece(label, "strong")), right, width - (2 if right else 1))
    return (*body, Piece(" ─" if right else "─", "faint"))


def cache_line(session: SessionView, width: int) -> Line:
    """`cache  opus 5.5 · 386k        5m`."""
    what = cut(f"{model_name(session.model)} · {tokens(session.context_tokens)}", width - 12)
    left = (Piece(" cache  ", "dim"), Piece(what))
    return spread(left, (Piece(_lifetime(session), "dim"),), width - 1)


def _lifetime(session: SessionView) -> str:
    """`5m`, or `30m+` where the provider promises only a minimum."""
    cache = session.cache
    if cache.ttl is None and cache.ttl_seconds is not None:
        return f"{cache.ttl_seconds / 60:.0f}m+"
    return cache.ttl or NOTHING


def cost_line(session: SessionView, width: int) -> Line:
    """`resume $2.41 cold, $0.12 warm   6 s later`: what the next prompt costs, and how much later a cold one begins."""
    cache = session.cache
    if cache.cold_usd is None or cache.warm_usd is None or on_plan(session):
        return ()
    left = (Piece(" resume ", "dim"), Piece(f"{money(cache.cold_usd)} cold, {money(cache.warm_usd)} warm"))
    extra = cache.cold_extra_seconds
    return spread(left, () if extra is None or extra < 1 else (Piece(f"{extra:.0f} s later", "dim"),), width - 1)


def compaction_line(subject: Subject, width: int) -> Line:
    """`will compact itself at 14:54`: what the client does with a large idle conversation."""
    at = subject.session.cache.compacts_at
    if at is None or at + 60 < subject.now:
        return ()
    said = f"will compact itself at {clock_time(at, subject.now, subject.zone)}"
    return (Piece(" client ", "dim"), Piece(cut(said, width - 9)))


def pings_line(session: SessionView, width: int) -> Line:
    """`pings  3 of 3 this idle period    session $0.58 of $0.75`: two scopes, both told where there is room; the
    count is of forks where the client is asked."""
    keep = session.keepalive
    sent = str(keep.idle_pings) + ("" if keep.idle_max_pings is None else f" of {keep.idle_max_pings}")
    spent = money(keep.usd) + ("" if keep.max_usd is None else f" of {money(keep.max_usd)}")
    what = " forks  " if keep.warmer == "fork" else " pings  "
    forms = (
        (f"{sent} this idle period", "session "),
        (sent, "session "),
        (sent.replace(" of ", "/"), "session "),
        (sent, ""),
    )
    for count, of in forms:
        line = spread((Piece(what, "dim"), Piece(count)), (Piece(of + spent, "dim"),), width - 1)
        if len(line) > 2:
            break
    return line


class Level(NamedTuple):
    """How generous a pane is: rows for files, failed commands and answer, whether the cache lines are there, and
    which gaps are: after the sentence (s), before the cache lines (c), at the end (e). One file row means a count.
    """

    files: int
    failed: int
    answer: int
    foot: bool = False
    gaps: str = ""


LEVELS = (
    Level(6, 3, 8, True, "sce"),
    Level(6, 3, 3, True, "sce"),
    Level(6, 3, 3, True, "ce"),
    Level(6, 3, 3, True, "c"),
    Level(6, 3, 3, True),
    Level(3, 3, 2, True),
    Level(3, 1, 1, True),
    Level(1, 1, 1, True),
    Level(1, 1, 1),
    Level(1, 1, 0),
    Level(0, 1, 0),
    Level(0, 0, 0),
)
"""From the fullest to the leanest; the first that fits is shown."""
WIDE_LEVELS = (
    *LEVELS[:4],
    Level(1, 3, 8, False, "e"),
    Level(1, 3, 2, False, "e"),
    Level(1, 3, 2),
    *LEVELS[-4:],
)
"""A wide row says size and pings itself, so that here the answer comes before the cache lines."""


def pane(subject: Subject, width: int, height: int, hidden: int = 0) -> tuple[Line, ...]:
    """The pane in exactly `height` lines. `hidden` rows of the list are counted in its rule."""
    said: Line = (Piece(" "), *sentence(subject.session, subject.now, subject.zone, width - 2))
    head: list[Line] = [BLANK, _title(subject, width, hidden), said]
    lines: list[Line] = []
    for level in WIDE_LEVELS if width >= WIDE_ROW else LEVELS:
        lines = head + _below(subject, width, level)
        if len(lines) <= height:
            break
    return tuple((lines + [BLANK] * height)[:height])


def _below(subject: Subject, width: int, level: Level) -> list[Line]:
    """What stands under the sentence at one level of generosity."""
    lines: list[Line] = []
    if subject.turns:
        lines += [BLANK] if "s" in level.gaps else []
        lines += _turn(subject.turns[0], width, level)
    if level.foot:
        lines += [BLANK] if "c" in level.gaps else []
        lines += [cache_line(subject.session, width), pings_line(subject.session, width)]
    return lines + ([BLANK] if "e" in level.gaps else [])


def _turn(last: TurnView, width: int, level: Level) -> list[Line]:
    lines: list[Line] = [(Piece(" › ", "dim"), *turn.prompt(last, width - 5))]
    if last.files_changed and level.files:
        lines += _files(last, width, level.files)
    lines += [(Piece(" ✗ ", "bad"), *turn.failed(one, width - 4)) for one in last.failed_commands[: level.failed]]
    answer = wrap(clean(last.answer), width - 4, level.answer)
    return lines + [(Piece("   " + text, "dim"),) for text in answer]


def _files(last: TurnView, width: int, rows: int) -> list[Line]:
    """Changed files in one line where the pane is wide, else listed, or just counted."""
    count = len(last.files_changed)
    if width >= WIDE_ROW:
        return [(Piece(" "), *turn.files_inline(last, width - 2))]
    if rows == 1 and count > 1:
        return [(Piece(f"   {plural(count, 'file')} changed", "dim"),)]
    return [(Piece(" "), *line) for line in turn.files_listed(last, width - 3, rows)]
