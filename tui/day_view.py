"""The ledger's page: what keep-alive cost and saved in a span, in a sentence, as bars and by day. Pure.

Dollars where somebody is billed by token. Under a plan's login nobody is, so tokens are told instead and nothing is
netted: a token read and a token written do not weigh the same there, and how they weigh is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from store.ledger_models import DayLedger, SpanLedger, SpanLine
from tui import day_table
from tui.amounts import net_of
from tui.day_chart import EIGHTHS, MONEY, Bar, Drawing, days_from, plot
from tui.format import cut, money, net, plural, tokens, wrap
from tui.lines import BLANK, Line, Piece, Role, width_of

WIDE, NORMAL = 90, 45
LEFT_CELLS = day_table.FULL_CELLS
"""Of the days on a wide page; what came of them stands beside."""
BESIDE_GAP = 4
MOST_PROJECTS = 5
LEAST_TIP_USD, LEAST_TIP_SHARE = 0.05, 0.1
"""A setting is proposed only from so many dollars on, and from such a share of what the pings cost."""
PINGS = ("kept", "open", "lost")
"""What bars are of where nobody is billed by token."""
SETTING = "ENABLE_PROMPT_CACHING_1H=1"


class Span(NamedTuple):
    """`days`: local days with today; None is all time."""

    name: str
    days: int | None
    within: str
    """`Spent $1 in 7 days`."""


SPANS = (
    Span("today", 1, "today"),
    Span("7 days", 7, "in 7 days"),
    Span("30 days", 30, "in 30 days"),
    Span("all", None, "so far"),
)


class Parts(NamedTuple):
    """What stands on the page, each part without the blank line around it; in the order of a narrow one."""

    head: tuple[Line, ...]
    bars: tuple[Line, ...]
    tip: tuple[Line, ...]
    """A long table must not hide it."""
    days: tuple[Line, ...]
    results: tuple[Line, ...]
    projects: tuple[Line, ...]
    beside_plan: tuple[Line, ...]


def page(ledger: DayLedger, span: Span, width: int, height: int, drawing: Drawing = EIGHTHS) -> tuple[Line, ...]:
    """All lines, none wider than `width`; `height` decides how high the bars may be."""
    if is_empty(ledger):
        return tuple(_nothing(ledger, span, width))
    if width < WIDE:
        return tuple(_apart(parts(ledger, span, width, height, drawing)))
    found = parts(ledger, span, width, height, drawing, beside=True)
    right = _apart((found.results, found.projects, found.beside_plan, found.tip))
    return (*found.head, BLANK, *found.bars, BLANK, *_beside(found.days, tuple(right)))


def is_empty(ledger: DayLedger) -> bool:
    """Nothing was sent in the span, and nothing that was sent before it has paid off in it."""
    return not any(one.total.pings or one.total.closed for one in (ledger.billed, ledger.plan))


def told_of(ledger: DayLedger) -> tuple[SpanLedger, bool]:
    """What bars and tables are of, and whether somebody is billed by token there."""
    by_token = bool(ledger.billed.total.pings or ledger.billed.total.closed)
    return (ledger.billed, True) if by_token else (ledger.plan, False)


def parts(
    ledger: DayLedger, span: Span, width: int, height: int, drawing: Drawing = EIGHTHS, *, beside: bool = False
) -> Parts:
    """Of a span that is not empty. `beside`: the days stand at the left, what comes after them at their right."""
    shown, by_token = told_of(ledger)
    days_cells, right_cells = (LEFT_CELLS, width - LEFT_CELLS - BESIDE_GAP) if beside else (width, width)
    rows = 9 if height >= 34 else 7 if height >= 24 else 5
    show, words = (money, MONEY) if by_token else (_count, PINGS)
    many, both = len(shown.by_project) > 1, by_token and bool(ledger.plan.total.pings)
    return Parts(
        tuple(_sentence(shown, span, width) if by_token else _of_plan(shown, span, width)),
        tuple(plot(bars(ledger, span), width, rows, show, drawing, words=words, noun=f"{ledger.slot}s")),
        tuple(_tip(ledger, span, right_cells)),
        tuple(day_table.slots(shown, ledger, days_cells, priced=by_token)),
        tuple(day_table.results(shown, right_cells, priced=by_token)),
        tuple(day_table.projects(shown, right_cells, MOST_PROJECTS, priced=by_token)) if many else (),
        tuple(_beside_plan(ledger.plan, right_cells)) if both else (),
    )


def _apart(found: Iterable[tuple[Line, ...]]) -> Iterator[Line]:
    """Parts with a blank line between them."""
    for index, part in enumerate(part for part in found if part):
        yield from (BLANK, *part) if index else part


# -- sentences -------------------------------------------------------------------------------------------------------


def _sentence(billed: SpanLedger, span: Span, width: int) -> Iterator[Line]:
    """The net first, then what it is made of."""
    total = billed.total
    left = net_of(total.saved, total.spent)
    role: Role = "good" if left > 0 else "bad" if left < 0 else "strong"
    first: Line = (Piece(" "), Piece(net(left), role), Piece(" net", "strong"))
    said = _said(total, span)
    if width_of(first) + 3 + width_of(said) < width:
        yield (*first, Piece("   "), *said)
    else:
        yield from _wrapped((*first[1:], Piece(f" {span.within}", "strong")), width)
        bare = span._replace(within="")
        said = _said(total, bare)
        yield from _wrapped(said if width_of(said) <= width - 2 else _said(total, bare, short=True), width)
    pings, lost = plural(total.pings, "ping"), f"{money(total.lost)} lost" if total.lost else ""
    counts = " · ".join(part for part in (pings, f"{total.hits:,} found it warm" if total.hits else "", lost) if part)
    yield from told(counts if len(counts) <= width - 2 or not lost else f"{pings} · {lost}", width)


def _said(total: SpanLine, span: Span, *, short: bool = False) -> Line:
    within = f" {span.within}" if span.within else ""
    if total.saved and total.pings and short:
        saved, spent = (Piece(money(usd), "strong") for usd in (total.saved, total.spent))
        return (Piece("Saved "), saved, Piece(", spent "), spent)
    if total.saved and total.pings:
        pings = (Piece(" with "), Piece(money(total.spent), "strong"), Piece(f" of pings{within}"))
        return (Piece("Saved "), Piece(money(total.saved), "strong"), *pings)
    if total.saved:
        return (Piece("Saved "), Piece(money(total.saved), "strong"), Piece(f"{within}, by earlier pings"))
    if not total.pings:
        return (Piece(f"Saved nothing{within}, no ping sent"),)
    nothing = "nothing saved" if total.closed else "nothing saved yet"
    return (Piece("Spent "), Piece(money(total.spent), "strong"), Piece(f" on pings{within}, {nothing}"))


def _of_plan(plan: SpanLedger, span: Span, width: int) -> Iterator[Line]:
    """The page's head where nobody is billed by token."""
    total = plan.total
    head = f"{plural(total.pings, 'ping')} {span.within} under a plan login"
    yield from _wrapped((Piece(head, "strong"),), width)
    yield from told(_kept(plan) + " Nobody is billed by token there: the bars are of pings.", width)


def _beside_plan(plan: SpanLedger, width: int) -> Iterator[Line]:
    """What a plan's sessions did, below the money of the others."""
    pings = plural(plan.total.pings, "ping")
    yield from _wrapped((Piece("under a plan login", "strong"), Piece(f"{pings}, not billed by token", "dim")), width)
    yield from told(_kept(plan), width)


def _kept(plan: SpanLedger) -> str:
    total = plan.total
    times = next((line.closed for line in plan.by_result if line.key == "kept"), 0)
    if not times:
        return f"They took {tokens(total.spent)} tokens and have kept nothing past its expiry yet."
    often = "once" if times == 1 else f"{times} times"
    return (
        f"They took {tokens(total.spent)} tokens, and {often} a prefix was read after its expiry:"
        f" {tokens(total.saved)} tokens not written again."
    )


def _nothing(ledger: DayLedger, span: Span, width: int) -> Iterator[Line]:
    """Nothing was sent: the fact, and what to do next."""
    yield from _wrapped((Piece(f"No ping sent {span.within}.", "strong"),), width)
    yield BLANK
    if ledger.ever and span != SPANS[-1]:
        yield from told("Nothing spent, nothing saved. There were pings before:", width)
        yield (Piece(" ]", "strong"), Piece(" shows more days", "dim"))
        return
    yield from told("A ping keeps a session's cache warm while it waits. Here stands what pings cost and save.", width)
    ways = (
        ("Start one that can be kept warm", "warmside run -- claude"),
        ("Or give an open one a budget", "b in the list"),
        ("Or look first, no key needed", "warmside demo"),
    )
    for title, what in ways:
        typed: Line = (Piece(" $ ", "dim"), Piece(what)) if what.startswith("warmside") else (Piece(f" {what}"),)
        yield from (BLANK, *_wrapped((Piece(title, "strong"),), width), typed)


def _tip(ledger: DayLedger, span: Span, width: int) -> Iterator[Line]:
    """Only where the numbers say so."""
    less, spent = ledger.hour_less_usd, ledger.billed.total.spent
    if less is None or less < max(LEAST_TIP_USD, LEAST_TIP_SHARE * spent):
        return
    said = f"One-hour writes and no pings would have cost {money(less)} less {span.within}:"
    for index, text in enumerate(wrap(said, width - 7, 4)):
        yield (Piece(" tip  " if not index else " " * 6, "strong"), Piece(text, "dim"))
    yield (Piece(" " * min(6, width - 1 - len(SETTING))), Piece(SETTING))


def told(text: str, width: int, role: Role = "dim") -> Iterator[Line]:
    """A text in lines."""
    return ((Piece(" " + line, role),) for line in wrap(text, width - 2, 6))


def _wrapped(said: Line, width: int) -> Iterator[Line]:
    """A sentence of several roles, broken between words."""
    line: list[Piece] = []
    for piece in said:
        for word in piece.text.split(" "):
            if not word:
                continue
            word = cut(word, width - 2)
            gap = 1 if line else 0
            if line and width_of(line) + gap + len(word) + 1 >= width:
                yield (Piece(" "), *line)
                line, gap = [], 0
            # A comma stays with the word before it.
            line.append(Piece(word if not gap or word[0] in ",." else f" {word}", piece.role))
    if line:
        yield (Piece(" "), *line)


# -- bars ------------------------------------------------------------------------------------------------------------


def bars(ledger: DayLedger, span: Span) -> list[Bar]:
    """Every day of the span, or every hour of the day; those without anything too."""
    shown, by_token = told_of(ledger)
    found = {line.key: _bar(line, in_pings=not by_token) for line in shown.by_slot}
    nothing = Bar()
    if ledger.slot == "hour":
        # A label every quarter of the day, at the same place whatever the width.
        return [found.get(f"{hour:02}", nothing)._replace(turn="" if hour % 6 else f"{hour}:00") for hour in range(24)]
    last = date.fromisoformat(ledger.today)
    first = min((date.fromisoformat(line.key) for line in shown.by_slot), default=last)
    if span.days is not None:
        first = last - timedelta(days=span.days - 1)
    return days_from(min(first, last), last, found)


def _bar(line: SpanLine, *, in_pings: bool) -> Bar:
    if in_pings:
        return Bar(line.kept_pings, line.pings - line.kept_pings, line.lost_pings)
    return Bar(line.saved, line.spent, line.lost)


def _count(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 10 or amount == round(amount) else f"{amount:.1f}"


def _beside(left: Sequence[Line], right: Sequence[Line]) -> Iterator[Line]:
    """Two columns of lines."""
    for index in range(max(len(left), len(right))):
        one = left[index] if index < len(left) else BLANK
        other = right[index] if index < len(right) else BLANK
        gap = LEFT_CELLS + BESIDE_GAP - 1 - width_of(one)
        yield (*one, Piece(" " * gap), *other) if other else one
