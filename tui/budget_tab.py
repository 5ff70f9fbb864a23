"""The Budget tab of a session: what is in force and where it was set, what is spent of each cap, and what the keeper
plans with it, at what price. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import NamedTuple

from rich.cells import cell_len

from keepalive.allowance import BUILT_IN, SESSION, STORED, Allowance
from store.models import SessionView
from tui import facts
from tui.budget_form import budget_of
from tui.budget_in_force import InForce
from tui.budget_outlook import AT_API_PRICES, consequence
from tui.budget_text import UNCAPPED, origin, until_words
from tui.format import clock_time, cut, money, pad, wrap
from tui.lines import BLANK, Line, Piece, rule, spread, width_of
from tui.parse import usd_text

LABEL_CELLS, VALUE_CELLS, GAUGE_CELLS = 8, 29, 7
TABLE_CELLS = 1 + LABEL_CELLS + VALUE_CELLS + GAUGE_CELLS + 3 + 20
"""From here on a limit has its origin beside it; below, limits stand under their origins."""
PLAN_CELLS = 50
"""Of the plan under the table: no wider, so that a number stays near what it counts."""


KEYS: Mapping[str, str] = {"budget": "b", "hold": "h", "off": "o"}
"""Of the actions that the tab names."""


class Limit(NamedTuple):
    """One thing that is in force. `share`: how much of it is spent, 0..1; None: nothing that could be spent."""

    name: str
    said: str
    short: str
    origin: str
    """As `Allowance.origins` has it."""
    share: float | None = None


def budget_tab(
    session: SessionView,
    force: InForce | None,
    now: float,
    zone: tzinfo | None,
    width: int,
    keys: Mapping[str, str] = KEYS,
) -> list[Line]:
    """All lines of the tab, none wider than `width`. Without what is in force (not read yet) only the plan."""
    lines: list[Line] = []
    if facts.is_ended(session):
        told = "The session has ended: no ping is sent in it any more." + (
            "" if force is None else " What held for it:"
        )
        lines += [*((Piece(f" {text}", "dim"),) for text in wrap(told, width - 2, 3)), *([BLANK] if force else [])]
    if force is not None:
        limits = list(_limits(session, force, now, zone))
        lines += [*(_table if width >= TABLE_CELLS else _grouped)(limits, width)]
        if force.day.paused_until is not None:
            at = clock_time(force.day.paused_until, now, zone)
            said = f"All pings are paused until {at}: warmside budget --resume"
            lines += [BLANK, *((Piece(f" {text}"),) for text in wrap(said, width - 2, 2))]
    for part in (_plan(session, force, now, zone, width), _keys(session, force, now, width, keys)):
        lines += [BLANK, *part] if lines and part else part
    return lines


# -- what is in force ------------------------------------------------------------------------------------------------


def _limits(session: SessionView, force: InForce, now: float, zone: tzinfo | None) -> Iterator[Limit]:
    """In the order of `warmside budget ID`."""
    allowed, sent = force.allowed, force.idle_pings
    where = {key: allowed.origins.get(key, BUILT_IN) for key in ("mode", "until", "pings", "usd", "usd_per_ping")}
    yield Limit("mode", str(allowed.mode), str(allowed.mode), where["mode"])
    yield Limit("until", until_words(allowed, now, zone), _end(allowed, now, zone), where["until"])
    if allowed.pings is None:
        planned, most = session.keepalive.idle_max_pings, UNCAPPED[allowed.mode]
        if session.keepalive.next_ping_at is not None and planned is not None:
            most += f": {planned}"
        yield Limit("pings", f"{sent} sent, {most}", f"{sent}, {most}", where["pings"])
    else:
        said = f"{sent} of {allowed.pings}"
        yield Limit("pings", f"{said} this idle period", said, where["pings"], _share(sent, allowed.pings))
    spent = money(force.session_usd)
    if allowed.usd is None:
        yield Limit("money", f"{spent} so far, no cap", f"{spent}, no cap", where["usd"])
    else:
        said = f"{spent} of {usd_text(allowed.usd)}"
        share = _share(force.session_usd, allowed.usd)
        yield Limit("money", f"{said} so far", said, where["usd"], share)
    dearest = f"{usd_text(allowed.usd_per_ping)} at most"
    yield Limit("a ping", dearest, dearest, where["usd_per_ping"])
    least = f"{allowed.min_prefix_tokens:,} tokens"
    yield Limit("prefix", f"{least} or more", least, allowed.origins.get("min_prefix_tokens", BUILT_IN))
    day = force.day
    said = f"{money(day.spent)} of {usd_text(day.cap)}"
    where_day = "budget" if day.in_config else BUILT_IN
    yield Limit("day", f"{said}, all sessions", said, where_day, _share(day.spent, day.cap))


def _end(allowed: Allowance, now: float, zone: tzinfo | None) -> str:
    if allowed.until is None:
        return "no end"
    if allowed.until_back and allowed.until > now:
        return "your next prompt"
    return clock_time(allowed.until, now, zone) + (" (over)" if allowed.until <= now else "")


def _share(spent: float, cap: float) -> float:
    return 1.0 if cap <= 0 else min(1.0, spent / cap)


def _table(limits: Iterable[Limit], width: int) -> Iterator[Line]:
    indent = 1 + LABEL_CELLS + VALUE_CELLS + GAUGE_CELLS + 2
    yield (Piece(" in force".ljust(indent), "strong"), Piece("set by", "dim"))
    for limit in limits:
        gauge = (Piece(" " * GAUGE_CELLS),) if limit.share is None else _gauge(limit.share, GAUGE_CELLS)
        yield (
            Piece(f" {limit.name:<{LABEL_CELLS}}", "dim"),
            Piece(pad(limit.said if cell_len(limit.said) < VALUE_CELLS else limit.short, VALUE_CELLS)),
            *gauge,
            Piece("  " + _named(limit.origin, width - indent - 1), "dim"),
        )


def _grouped(limits: Iterable[Limit], width: int) -> Iterator[Line]:
    """Under each origin what it says, the most specific first."""
    groups: dict[str, list[Limit]] = {}
    for limit in limits:
        groups.setdefault(limit.origin, []).append(limit)
    order = {SESSION: 0, STORED: 2, BUILT_IN: 4}
    for n, code in enumerate(sorted(groups, key=lambda one: order.get(one, 3 if one == "budget" else 1))):
        if n:
            yield BLANK
        yield rule((Piece(" " + _named(code, width - 4), "dim"),), (), width - 1)
        for limit in groups[code]:
            label = f" {limit.name:<{LABEL_CELLS}}"
            left: Line = (Piece(label, "dim"), Piece(cut(limit.short, width - len(label) - 1)))
            room = min(GAUGE_CELLS, width - 2 - width_of(left))
            gauge = _gauge(limit.share, room) if limit.share is not None and room >= 3 else ()
            yield spread(left, gauge, width - 1)


def _named(code: str, width: int) -> str:
    """An origin in words, without the file's name where both do not fit: the table tells it."""
    said = origin(code)
    return cut(said if cell_len(said) <= width else said.removeprefix("config.toml "), width)


def _gauge(share: float, cells: int) -> Line:
    """A bar of what is spent, in half cells, and at least one where anything is."""
    halves = 0 if share <= 0 else max(1, min(2 * cells, round(share * 2 * cells)))
    filled = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return (Piece(filled, "warm"), Piece("─" * (cells - len(filled)), "faint"))


# -- what comes of it ------------------------------------------------------------------------------------------------


def _plan(session: SessionView, force: InForce | None, now: float, zone: tzinfo | None, width: int) -> list[Line]:
    """What all allowed pings cost against a cold resume. (Why, and the odds, stand above the tabs.)"""
    inner = (PLAN_CELLS if width >= TABLE_CELLS else width) - 2
    back = force is not None and force.allowed.until_back
    left = None if force is None else force.day_left
    # (Whatever the budget would allow, of an ended session nothing is sent.)
    rows = (
        ()
        if facts.is_ended(session)
        else consequence(
            session, budget_of(session, until_back=back), now, zone, inner, day_left=left, at_api_prices=False
        )
    )
    lines: list[Line] = [(Piece(" "), *line) for line in rows if line]
    if lines:
        lines.insert(0, (Piece(" what comes of it", "strong"),))
    if facts.on_plan(session):
        note = f"A plan is not billed by token: money here is {AT_API_PRICES}."
        lines += [(Piece(f" {text}", "dim"),) for text in wrap(note, width - 2, 3)]
    return lines


def _keys(session: SessionView, force: InForce | None, now: float, width: int, keys: Mapping[str, str]) -> list[Line]:
    """As many as fit; an action without a key is left out, and all of them where nothing can be set."""
    if force is None or facts.is_ended(session):
        return []
    hold = "auto again" if facts.is_held(session, now) else "hold 2 h"
    line: Line = ()
    for action, word in (("budget", "edit"), ("hold", hold), ("off", "off")):
        if not (key := keys.get(action, "")):
            continue
        more: Line = (Piece("  " if line else " "), Piece(key, "strong"), Piece(f" {word}", "dim"))
        if width_of((*line, *more)) < width:
            line = (*line, *more)
    return [line] if line else []
