"""Numbers as text that need no knowledge of cells: pure, one function a format, without any import.

The status line has no time for the library that measures cells; tui/format.py is for everything on a screen of ours.
"""

from __future__ import annotations

import math

NOTHING = "–"


def countdown(seconds: float) -> str:
    """Time left: `0:48`, from ten minutes `41m`, from an hour `1h02`."""
    left = max(0, math.ceil(seconds))
    if left < 600:
        return f"{left // 60}:{left % 60:02}"
    if left < 3600:
        return f"{left // 60}m"
    return f"{left // 3600}h{left % 3600 // 60:02}"


def age(seconds: float) -> str:
    """How long ago: `<1m`, `18m`, `3h`, `2d`. Seconds would make a reason line tick."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "<1m"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 24 * 60 else f"{minutes // (24 * 60)}d"


def tokens(count: float | None) -> str:
    """Token counts: `950`, `9.1k`, `88k`, `2.1M`."""
    if count is None:
        return NOTHING
    if count < 1_000:
        return f"{count:.0f}"
    for unit, size in (("k", 1_000), ("M", 1_000_000)):
        if count < 9.95 * size:
            return f"{count / size:.1f}{unit}"
        if count < 999.5 * size:
            return f"{count / size:.0f}{unit}"
    return f"{count / 1e9:.1f}B"


def money(usd: float | None) -> str:
    """Dollars in at most six cells: `$0.07`, `$12.40`, `$124`, `<1c`."""
    if usd is None:
        return NOTHING
    if usd < 0:
        return "-" + money(-usd)
    if 0 < usd < 0.01:
        return "<1c"
    if usd < 99.995:
        return f"${usd:.2f}"
    return f"${usd:.0f}" if usd < 99_999.5 else f"${usd / 1000:.0f}k"


def net_of(saved: float, spent: float) -> float:
    """Saved less spent as a person works it out from the two as `money` writes them; where one of them is nothing, or
    too little to be told in cents, what it really is."""
    left = round(_written(saved) - _written(spent), 2)
    if not saved or not spent or max(saved, spent) < 0.01 or (not left and min(saved, spent) < 0.01):
        return saved - spent
    return left


def _written(usd: float) -> float:
    """Dollars as `money` rounds them."""
    return round(usd, 2 if usd < 99.995 else 0 if usd < 99_999.5 else -3)


def plural(count: float | str, noun: str) -> str:
    """`1 ping`, `2 pings`."""
    return f"{count} {noun}" if str(count) == "1" else f"{count} {noun}s"
