"""The last fortnight's ledger beside the sessions: a column on a broad screen, a few rows under the list on a wide one.

Pure. What a span says and how it is drawn is day_view.py's and day_chart.py's; here is chosen what of it has room.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from store.ledger_models import DayLedger, SpanLedger
from tui import day_view
from tui.amounts import net_of
from tui.chrome import LEDGER_ROWS
from tui.day_chart import EIGHTHS, Drawing, small
from tui.day_view import Span
from tui.format import clean, cut, money, net, plural
from tui.lines import BLANK, Line, Piece, Role, spread, width_of
from tui.row import COST_CELLS

FORTNIGHT = Span("14 days", 14, "in 14 days")
_BAR_ROWS = LEDGER_ROWS - 3
"""Besides them: a blank line, the heading, their own line."""
_AMOUNT_CELLS = 6 + COST_CELLS
"""`saved $12.40`."""
_LEAST_OF_TABLE = 4
"""A table's heads, their rule, and two rows: with less it is left out."""


def column(
    ledger: DayLedger | None, width: int, height: int, drawing: Drawing = EIGHTHS, *, failed: str = "", key: str = ""
) -> tuple[Line, ...]:
    """At most `height` lines: its parts from the first on, the last one cut where it is a table. `key` opens the page.

    `failed`: why it could not be read; what was read before stays.
    """
    if ledger is None and not failed:
        return ()
    beside = Piece(f"  {cut(clean(failed), width - 11)}", "bad") if failed else Piece("  all sessions", "dim")
    lines: list[Line] = [(Piece(" ledger", "strong"), beside)]
    if ledger is None:
        return tuple(lines)
    if day_view.is_empty(ledger):
        return (*lines, (Piece(f" No ping sent {FORTNIGHT.within}.", "dim"),))
    found = day_view.parts(ledger, FORTNIGHT, width, height, drawing)
    lines += found.head
    for part in (found.bars, found.tip, found.days, found.results, found.projects, found.beside_plan):
        room = height - len(lines) - 1
        if len(part) > room:
            lines += _begun(part, room, key) if part is found.days else ()
            break
        lines += (BLANK, *part) if part else ()
    return tuple(lines)


def _begun(table: Sequence[Line], room: int, key: str) -> tuple[Line, ...]:
    """As much of a table as there is room for, and that there is more."""
    if room <= _LEAST_OF_TABLE:
        return ()
    more: Line = (Piece(f" {key}", "strong"), Piece(" shows the rest", "dim")) if key else (Piece(" …", "dim"),)
    return (BLANK, *table[: room - 1], more)


def block(ledger: DayLedger | None, width: int, drawing: Drawing = EIGHTHS, *, failed: str = "") -> tuple[Line, ...]:
    """At most `LEDGER_ROWS` lines: the net, the bars of all days, and beside them what they come to."""
    if failed and ledger is None:
        return (*[BLANK] * (LEDGER_ROWS - 1), _heading((Piece(cut(clean(failed), width - 12), "bad"),), width))
    if ledger is None or day_view.is_empty(ledger):
        return ()
    shown, by_token = day_view.told_of(ledger)
    total = _total(shown, by_token=by_token)
    heading = _heading((Piece(cut(clean(failed), width - 12), "bad"),) if failed else total, width)
    room = width - 2 - _AMOUNT_CELLS - 1
    bars = [bar._replace(lost=0.0) for bar in day_view.bars(ledger, FORTNIGHT)]
    above, axis, below = small(bars, room, _BAR_ROWS, drawing)
    saved, spent = _amounts(shown, by_token=by_token)
    said = (*[()] * (len(above) - 1), saved, (), spent)
    drawn = [_line(line, text, width) for line, text in zip_longest((*above, axis, *below), said, fillvalue=())]
    return (BLANK, heading, *drawn)


def _line(bars: Line, said: Line, width: int) -> Line:
    """What the bars come to has a place of its own, whatever they leave free."""
    if not said:
        return (Piece(" "), *bars)
    return (Piece(" "), *bars, Piece(" " * (width - 2 - _AMOUNT_CELLS - width_of(bars))), *said)


def _heading(right: Line, width: int) -> Line:
    return spread((Piece(f" {FORTNIGHT.name}", "dim"),), right, width - 1)


def _total(shown: SpanLedger, *, by_token: bool) -> Line:
    if not by_token:
        return (Piece(f"{plural(shown.total.pings, 'ping')} on plan", "dim"),)
    usd = net_of(shown.total.saved, shown.total.spent)
    role: Role = "good" if usd > 0 else "bad" if usd < 0 else "strong"
    return Piece(net(usd), role), Piece(" net", "dim")


def _amounts(shown: SpanLedger, *, by_token: bool) -> tuple[Line, Line]:
    """What stands, and what hangs; here it is not told apart what of that hangs in vain."""
    total = shown.total
    up, down = ("saved", money(total.saved)), ("spent", money(total.spent))
    if not by_token:
        up, down = ("kept", str(total.kept_pings)), ("other", str(total.pings - total.kept_pings))
    return _amount(*up), _amount(*down)


def _amount(word: str, amount: str) -> Line:
    return Piece(f"{word:<{_AMOUNT_CELLS - COST_CELLS}}", "dim"), Piece(f"{amount:>{COST_CELLS}}")
