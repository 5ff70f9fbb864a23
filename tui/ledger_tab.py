"""The Ledger tab of a session: what its pings cost and saved, and what came of each idle period that had one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from store.ledger_models import IdlePeriod, SessionLedger
from store.models import SessionView
from tui import facts
from tui.amounts import net_of
from tui.format import NOTHING, cut, money, net, pad, pad_left, plural, tokens, wrap
from tui.ledger_words import LABEL_CELLS, LABELS, idle_time, ping_count, waited_for, when
from tui.lines import BLANK, Line, Piece, Role, rule, spread, width_of

WHEN_CELLS, IDLE_CELLS, WAIT_CELLS, COUNT_CELLS, SPENT_CELLS = 12, 6, 10, 7, 6
TABLE_CELLS = 1 + WHEN_CELLS + IDLE_CELLS + WAIT_CELLS + COUNT_CELLS + SPENT_CELLS + LABEL_CELLS + 9
"""From here on a period is one line of a table; below, two lines."""

_NOTHING_YET = (
    "Here stands each idle period with a ping: how long it was, what its pings cost, and what came of it. "
    "A saving counts only when the next message came after the cache's original expiry and read it."
)


def ledger_tab(
    session: SessionView, ledger: SessionLedger | None, now: float, zone: tzinfo | None, width: int
) -> list[Line]:
    """All lines of the tab, none wider than `width`. Without a ledger (not read yet) none."""
    if ledger is None:
        return []
    if not ledger.periods and not ledger.total.pings:
        told = [(Piece(" " + text, "dim"),) for text in wrap(_NOTHING_YET, width - 2, 12)]
        return [(Piece(cut(" No ping sent in this session.", width)),), BLANK, *told]
    priced = not facts.on_plan(session)
    lines = [*_totals(ledger, width, priced=priced), BLANK]
    lines += (_table if width >= TABLE_CELLS else _stacked)(ledger.periods, now, zone, width, priced=priced)
    earlier = sum(line.closed for line in ledger.by_result) - sum(one.closed_at is not None for one in ledger.periods)
    if earlier > 0:
        lines += [BLANK, (Piece(cut(f" {plural(earlier, 'earlier one')}: warmside ledger --periods", width), "dim"),)]
    return lines


def _totals(ledger: SessionLedger, width: int, *, priced: bool) -> Iterator[Line]:
    """Net first, then what it is made of; what does not fit goes on in the next line."""
    total = ledger.total
    pings = plural(total.pings, "ping")
    if not priced:
        kept = sum(line.closed for line in ledger.by_result if line.key == "kept")
        yield (Piece(cut(f" {pings}, {plural(total.hits, 'hit')} · kept {plural(kept, 'time')}", width)),)
        return
    left = net_of(total.saved_usd, total.spent_usd)
    role: Role = "good" if left > 0 else "bad" if left < 0 else "strong"
    parts: list[Line] = [
        (Piece(net(left), role), Piece(" net", "strong")),
        (Piece("saved ", "dim"), Piece(money(total.saved_usd))),
        (Piece("spent ", "dim"), Piece(money(total.spent_usd)), Piece(f" on {pings}", "dim")),
        (Piece("of it lost ", "dim"), Piece(money(total.lost_usd))),
    ]
    line: Line = (Piece(" "), *parts[0])
    for part in parts[1:]:
        if width_of(line) + 2 + width_of(part) < width:
            line = (*line, Piece("  "), *part)
        else:
            yield line
            line = (Piece(" "), *part)
    yield line


def _table(
    periods: tuple[IdlePeriod, ...], now: float, zone: tzinfo | None, width: int, *, priced: bool
) -> Iterator[Line]:
    yield (Piece(_columns("from", "idle", "waited for", "pings", "spent") + "what came of it", "dim"),)
    yield (Piece(" "), Piece("─" * (width - 2), "faint"))
    for period in periods:
        at, waited = when(period.opened_at, now, zone), waited_for(period)
        spent = money(period.spent_usd) if priced else NOTHING
        cells = _columns(at, idle_time(period, now), waited, ping_count(period), spent)
        start = 1 + WHEN_CELLS + 1 + IDLE_CELLS + 2
        end = len(cells) - SPENT_CELLS - 2
        yield (
            Piece(cells[:start]),
            Piece(cells[start : start + WAIT_CELLS], "dim"),
            Piece(cells[start + WAIT_CELLS : end]),
            Piece(cells[end:], _spent_role(period)),
            _came_of_it(period, priced=priced),
        )


def _columns(at: str, idle: str, waited: str, pings: str, spent: str) -> str:
    return (
        f" {pad(at, WHEN_CELLS)} {pad_left(idle, IDLE_CELLS)}  {pad(waited, WAIT_CELLS)}"
        f" {pad_left(pings, COUNT_CELLS)} {pad_left(spent, SPENT_CELLS)}  "
    )


def _stacked(
    periods: tuple[IdlePeriod, ...], now: float, zone: tzinfo | None, width: int, *, priced: bool
) -> Iterator[Line]:
    """When and what it cost above, whom it waited for and what came of it below."""
    yield rule((Piece(" idle periods with pings", "dim"),), (), width - 1)
    for period in periods:
        spent = pad_left(money(period.spent_usd), SPENT_CELLS + 1) if priced else ""
        right = (Piece(f"↻{ping_count(period)}", "dim"), Piece(spent, _spent_role(period)))
        left = (Piece(f" {when(period.opened_at, now, zone)}"), Piece(f"  {idle_time(period, now)}", "dim"))
        yield _ends(left, right, width - 1)
        result = _came_of_it(period, priced=priced)
        yield _ends((Piece("   "), result), (Piece(waited_for(period), "dim"),), width - 1)


def _came_of_it(period: IdlePeriod, *, priced: bool) -> Piece:
    if period.result == "open":
        return Piece(LABELS["open"], "dim")
    if period.result != "kept":
        return Piece(LABELS[period.result])
    saved = f"saved {money(period.saved_usd)}" if priced and period.saved_usd is not None else ""
    return Piece(saved or f"kept {tokens(period.prefix_tokens)}", "good")


def _spent_role(period: IdlePeriod) -> Role:
    return "fg" if period.result in ("open", "kept") else "bad"


def _ends(left: Line, right: Line, width: int) -> Line:
    """Both ends; where they do not fit, the right one's last part, then the left one alone."""
    line = spread(left, right, width)
    return spread(left, right[-1:], width) if line == left else line
