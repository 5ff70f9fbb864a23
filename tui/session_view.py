"""The whole session, wide beside the list or opened over it: head, sentence, what keeps it, then one of its tabs: the
last turns, its cache, its ledger, or its budget. Pure.

It may be longer than the screen: its widget scrolls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rich.cells import cell_len

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import TurnView, WaitingFor
from tui import facts, turn
from tui.budget_in_force import InForce
from tui.budget_tab import KEYS, budget_tab
from tui.cache_tab import cache_tab
from tui.detail import Subject, cache_line, compaction_line, cost_line, pings_line
from tui.format import clean, cut, cut_left, money, wrap
from tui.ledger_tab import ledger_tab
from tui.lines import BLANK, Line, Piece, rule, width_of
from tui.reasons import odds, words
from tui.row import WIDE_ROW
from tui.sentence import sentence

MAX_FILES, MAX_ANSWER = 6, 8
NORMAL_VIEW = 45
"""From here on the folder stands beside the name."""
Tab = Literal["turns", "cache", "ledger", "budget"]
TURNS: Tab = "turns"
CACHE: Tab = "cache"
LEDGER: Tab = "ledger"
BUDGET: Tab = "budget"
TABS: tuple[Tab, ...] = (TURNS, CACHE, LEDGER, BUDGET)
"""In the order of their names on the screen."""


def why_lines(subject: Subject, width: int) -> tuple[Line, ...]:
    """The full reason, in one line or two: why a ping is or is not sent, and for a cold entry what let it go."""
    session = subject.session
    code, text = facts.reason(session, subject.now, subject.zone)
    said = text.full
    if code == "no_keeper" and subject.starts:
        said += f", {subject.starts} starts it"
    if code == "expired" and session.keepalive.why not in ("", "expired"):
        said += f": {words(session.keepalive.why, session.keepalive.why_args, subject.now, subject.zone).full}"
    found = wrap(said, width - 9, 2) if code else []
    return tuple((Piece("        " if n else " why    ", "dim"), Piece(text)) for n, text in enumerate(found))


def odds_lines(subject: Subject, width: int) -> tuple[Line, ...]:
    """The bet behind the reason, where there was one: in one line or as many as it takes."""
    keep = subject.session.keepalive
    clauses = odds(keep.why_args, subject.session.waiting_for is WaitingFor.YOU)
    joined = " · ".join(clauses)
    said = (joined,) if clauses and len(joined) <= width - 9 else clauses
    indent = 8 if all(len(clause) <= width - 9 for clause in said) else 1
    return tuple(
        (Piece(" " * indent + text, "dim"),) for clause in said for text in wrap(clause, width - indent - 1, 2)
    )


def session_view(
    subject: Subject,
    width: int,
    tab: Tab = TURNS,
    history: CacheHistory | None = None,
    ledger: SessionLedger | None = None,
    budget: InForce | None = None,
    keys: Mapping[str, str] = KEYS,
) -> tuple[Line, ...]:
    """The whole session: head, sentence, what keeps it, and the tab's content; as long as it is.

    The head is the same on every tab, so that the tabs stay where they are. `history` is the Cache tab's, `ledger`
    the Ledger tab's, `budget` and the `keys` of its actions the Budget tab's.
    """
    session = subject.session
    # (A blank at both edges, two after the name.)
    room = width - 4 - cell_len(subject.name)
    head: Line = (Piece(" " + cut(subject.name, width - 2), "strong"),)
    where: list[Line] = []
    if width >= NORMAL_VIEW and room >= 12:
        folder = cut_left(home(session.cwd), room)
        head = (*head, Piece(f"  {folder}", "dim"))
    else:
        where = [(Piece(" " + cut_left(home(session.cwd), width - 2), "dim"),)]
    lines: list[Line] = [head, *where, (Piece(" "), *sentence(session, subject.now, subject.zone, width - 2))]
    lines += [BLANK, *why_lines(subject, width), *odds_lines(subject, width)]
    lines += [pings_line(session, width), cache_line(session, width)]
    lines += [line for line in (cost_line(session, width), compaction_line(subject, width)) if line]
    lines += [BLANK, *_tab_lines(tab, width)]
    if tab == CACHE:
        return (*lines, BLANK, *cache_tab(session, history, subject.now, subject.zone, width))
    if tab == LEDGER:
        return (*lines, BLANK, *ledger_tab(session, ledger, subject.now, subject.zone, width))
    if tab == BUDGET:
        return (*lines, BLANK, *budget_tab(session, budget, subject.now, subject.zone, width, keys))
    if not subject.turns:
        lines += [BLANK, (Piece(" No turn seen yet.", "dim"),)]
    for index, one in enumerate(subject.turns):
        lines.append(BLANK)
        lines += _card(one, subject, width, newest=index == 0)
    return tuple(lines)


def _tab_lines(active: Tab, width: int) -> tuple[Line, Line]:
    """The tabs' names, the active one bold over a thick line."""
    names: list[Piece] = []
    under: list[Piece] = []
    between = 3 if 1 + sum(len(tab) + 3 for tab in TABS) - 3 < width else 2
    for tab in TABS:
        word, is_active = tab.capitalize(), tab == active
        gap = 1 if not names else between
        names += [Piece(" " * gap), Piece(word, "strong" if is_active else "dim")]
        # Not under the gap at the edge.
        under.append(Piece(" " if len(names) == 2 else "─" * gap, "faint"))
        under.append(Piece(("━" if is_active else "─") * len(word), "warm" if is_active else "faint"))
    rest = max(0, width - 1 - width_of(under))
    return tuple(names), (*under, Piece("─" * rest, "faint"), Piece(" "))


def _card(one: TurnView, subject: Subject, width: int, *, newest: bool) -> list[Line]:
    if width >= WIDE_ROW:
        return turn.card(one, width, subject.now, subject.zone, newest=newest)
    right = " · ".join(part for part in (turn.length(one), money(one.usd)) if part)
    lines = [rule((Piece(f" turn {one.n}", "strong" if newest else "dim"),), (Piece(right, "dim"),), width - 1)]
    lines.append((Piece(" › ", "dim"), *turn.prompt(one, width - 5)))
    lines += [(Piece(" "), *line) for line in turn.files_listed(one, width - 3, MAX_FILES)]
    lines += [(Piece(" ✗ ", "bad"), *turn.failed(failed, width - 4)) for failed in one.failed_commands]
    lines += [(Piece("   " + text, "dim"),) for text in wrap(clean(one.answer), width - 4, MAX_ANSWER)]
    if one.cache_event is not None:
        glyph, said = turn.event(one.cache_event, width - 4)
        lines.append((Piece(" "), glyph, Piece(" "), *said))
    return lines


def home(path: str) -> str:
    """A folder as people write it, the home folder as a tilde."""
    parts = clean(path).split("/")
    if len(parts) > 2 and parts[0] == "" and parts[1] in ("home", "Users"):
        return "/".join(["~", *parts[3:]])
    return clean(path)
