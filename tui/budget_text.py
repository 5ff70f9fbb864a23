"""What is in force for a session, as lines of text: each limit beside where it was set. Pure."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from keepalive.allowance import BUILT_IN, SESSION, STORED, Allowance
from keepalive.config import BudgetConfig
from store.models import BudgetMode
from tui.format import clean, clock_time, money
from tui.parse import usd_text

_ORIGINS = {SESSION: "this session", STORED: "stored default", BUILT_IN: "built-in default"}
UNCAPPED = {BudgetMode.AUTO: "as many as pay", BudgetMode.HOLD: "as many as needed", BudgetMode.OFF: "no cap"}
"""What a count without a cap comes to, by mode."""


class Day(NamedTuple):
    """What holds for all sessions together."""

    cap: float
    in_config: bool
    spent: float
    paused_until: float | None
    back: float = 0.0
    """Of what is spent, what running pings give back if they hit."""
    ends_at: float | None = None
    """When the cap begins anew."""


def day_of(
    config: BudgetConfig,
    spent: float,
    paused_until: float | None,
    now: float,
    *,
    back: float = 0.0,
    ends_at: float | None = None,
) -> Day:
    """The day's cap and the pause; a pause that is over is none."""
    paused = paused_until if paused_until is not None and now < paused_until else None
    return Day(config.usd_per_day, config.says("usd_per_day"), spent, paused, back, ends_at)


def lines(allowed: Allowance, spent: float | None, day: Day, now: float, zone: tzinfo | None) -> list[str]:
    """One line a limit, named as its option is; `spent` on pings of the session so far, None for the default."""
    so_far = "" if spent is None else f", {money(spent)} spent"
    rows = [
        ("mode", str(allowed.mode), "mode"),
        ("pings", UNCAPPED[allowed.mode] if allowed.pings is None else f"{allowed.pings} an idle period", "pings"),
        ("usd", ("no cap" if allowed.usd is None else f"{usd_text(allowed.usd)} a session") + so_far, "usd"),
        ("usd-per-ping", f"at most {usd_text(allowed.usd_per_ping)} a ping", "usd_per_ping"),
        ("until", until_words(allowed, now, zone), "until"),
        ("prefix", f"{allowed.min_prefix_tokens:,} tokens or more", "min_prefix_tokens"),
    ]
    text = [_row(name, said, origin(allowed.origins.get(key, BUILT_IN))) for name, said, key in rows]
    where = origin("budget" if day.in_config else BUILT_IN)
    text.append(_row("day", f"{usd_text(day.cap)} over all sessions, {money(day.spent)} spent", where))
    return text + pause_lines(day.paused_until, now, zone)


def pause_lines(until: float | None, now: float, zone: tzinfo | None) -> list[str]:
    """The pause over all sessions, if there is one."""
    if until is None:
        return []
    return [_row("paused", f"no pings at all until {clock_time(until, now, zone)}", "warmside budget --resume")]


def tables(config: BudgetConfig) -> list[str]:
    """For the default: which sessions `config.toml` treats in another way."""
    found = [f"ttl {name}" for name in config.ttl]
    found += [f"agent {clean(name)}" for name in config.agent]
    found += [f"project {clean(name)}" for name in config.project]
    return [_row("but", f"other values for {', '.join(found)}", "config.toml")] if found else []


def origin(code: str) -> str:
    """Where a value comes from, in words."""
    return _ORIGINS.get(code) or f"config.toml [{clean(code)}]"


def until_words(allowed: Allowance, now: float, zone: tzinfo | None) -> str:
    """When the mode ends."""
    if allowed.until is None:
        return "no end"
    at = clock_time(allowed.until, now, zone) + (" (over)" if allowed.until <= now else "")
    return f"you are back, or {at}" if allowed.until_back else at


def _row(name: str, said: str, where: str) -> str:
    return f"{name:<13} {said:<38}  {where}".rstrip()
