"""What the budget sheet holds, whether it is valid, and what is said beside and below its fields: pure, recomputed at
every key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple, TypeVar

from rich.cells import cell_len

from store.models import BudgetMode, SessionView
from tui import facts, parse
from tui.budget_in_force import InForce
from tui.budget_text import origin
from tui.format import clock_time, cut, money, wrap
from tui.lines import Line, Piece

T = TypeVar("T")

MODES = (BudgetMode.OFF, BudgetMode.AUTO, BudgetMode.HOLD)
FIELDS = ("pings", "money", "until")
HOLD_SECONDS = 2 * 3600.0
"""How long a hold lasts when no time is given."""
LABEL_CELLS = 7
WRONG = "✗"
_ORIGIN_KEYS = {"pings": "pings", "money": "usd", "until": "until"}
_MODE_NOTES = {
    BudgetMode.OFF: ("no pings", ""),
    BudgetMode.AUTO: ("while a ping pays", "while it pays", ""),
    BudgetMode.HOLD: ("warm to the end", "to the end", ""),
}


class Form(NamedTuple):
    """What is typed."""

    mode: BudgetMode
    pings: str = ""
    money: str = ""
    until: str = ""


class Budget(NamedTuple):
    """What it means; `errors` by field. Money in dollars, `until` epoch seconds, None no limit of its own."""

    mode: BudgetMode
    pings: int | None
    usd: float | None
    until: float | None
    errors: dict[str, str]
    until_back: bool = False
    """It ends with the session's next prompt, and at `until` at the latest."""


def form_of(session: SessionView, now: float, zone: tzinfo | None, *, until_back: bool = False) -> Form:
    """The session's present budget as text."""
    keep = session.keepalive
    until = "" if keep.until is None or keep.until <= now else _typed_time(keep.until, now, zone)
    return Form(
        keep.mode,
        "" if keep.max_pings is None else str(keep.max_pings),
        "" if keep.max_usd is None else parse.usd_text(keep.max_usd),
        parse.BACK if until and until_back else until,
    )


def _typed_time(at: float, now: float, zone: tzinfo | None) -> str:
    """A time in a form that parse.until reads back to the minute."""
    text = clock_time(at, now, zone)
    try:  # (not where clocks read it twice, or a week later)
        if abs((parse.until(text, now, zone) or 0.0) - at) < 60:
            return text
    except ValueError:
        pass
    minutes = max(1, round((at - now) / 60))
    return f"{minutes // 60}h{minutes % 60:02}m" if minutes >= 60 else f"{minutes}m"


def read(form: Form, now: float, zone: tzinfo | None) -> Budget:
    """The budget that is typed; a hold without a time lasts two hours."""
    errors: dict[str, str] = {}

    def field(name: str, make: Callable[[], T]) -> T | None:
        try:
            return make()
        except ValueError as error:
            errors[name] = str(error)
            return None

    pings = field("pings", lambda: parse.pings(form.pings))
    usd = field("money", lambda: parse.usd(form.money))
    end = field("until", lambda: parse.end(form.until, now, zone)) or parse.End(None)
    if form.mode is BudgetMode.HOLD and end.at is None:
        end = parse.End(now + HOLD_SECONDS)
    return Budget(form.mode, pings, usd, end.at, errors, end.back)


def budget_of(session: SessionView, *, until_back: bool = False) -> Budget:
    """The one that is in force, as if it had been typed."""
    keep = session.keepalive
    return Budget(keep.mode, keep.max_pings, keep.max_usd, keep.until, {}, until_back)


def mode_note(mode: BudgetMode, width: int) -> str:
    """What a mode comes to."""
    return _first(_MODE_NOTES[mode], width)


def note(
    name: str, session: SessionView, form: Form, budget: Budget, now: float, zone: tzinfo | None, room: int
) -> str:
    """Beside a field: what is used of it, or when that will be; of a wrong one that it is."""
    if name in budget.errors:
        return WRONG
    keep = session.keepalive
    if name == "pings":
        return _first((f"{keep.idle_pings} used", f"{keep.idle_pings}"), room)
    if name == "money":
        used = money(keep.usd)
        if facts.on_plan(session):
            return _first((f"{used} used, at API prices", f"{used} at API prices", f"{used} API", used), room)
        return _first((f"{used} used", used), room)
    if budget.until_back:
        return _first(("your next prompt", "next prompt", ""), room)
    if not form.until.strip() and budget.until is None:
        return _first(("18:00, 2h or back", "time, 2h, back", "2h, back", ""), room)
    if budget.until is None:
        return "none"
    at = clock_time(budget.until, now, zone)
    lasts = (f"2 h: to {at}",) if parse.until_none(form.until) else ()  # (a hold always ends)
    return _first((*lasts, f"to {at}", at, ""), room)


def below(
    name: str,
    budget: Budget,
    now: float,
    zone: tzinfo | None,
    width: int,
    *,
    rows: int = 2,
    force: InForce | None = None,
) -> tuple[Line, ...]:
    """Under a field, in at most `rows` lines: what is wrong with it and a valid example; else how it ends; else, if
    `force` is known, where its present value was set."""
    if name in budget.errors:
        texts = wrap(budget.errors[name], width - 2, rows)
        return tuple((Piece("  " if n else f"{WRONG} ", "bad"), Piece(text)) for n, text in enumerate(texts))
    if name == "until" and budget.until_back and budget.until is not None:
        said = f"{budget.mode} until your next prompt in it, 24 h at most"
        if rows < 2 and cell_len(said) > width:
            said = f"at the latest {clock_time(budget.until, now, zone)}"
        return tuple((Piece(text, "dim"),) for text in wrap(said, width, rows))
    if force is None:
        return ()
    return ((Piece(cut(origin(force.allowed.origins[_ORIGIN_KEYS[name]]), width), "dim"),),)


def _first(texts: tuple[str, ...], width: int) -> str:
    """The first that fits, else the last, cut."""
    return next((text for text in texts if cell_len(text) <= width), cut(texts[-1], width))


def dearest(force: InForce, width: int) -> Line:
    """The most that a ping may cost, which the sheet shows and does not set."""
    allowed = force.allowed
    said = f" at most {money(allowed.usd_per_ping)}, {origin(allowed.origins['usd_per_ping'])}"
    return (Piece("a ping".ljust(LABEL_CELLS), "dim"), Piece(cut(said, width - LABEL_CELLS), "dim"))
