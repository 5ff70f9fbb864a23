"""What a person types into the budget sheet, read back: pure, and every refusal carries a valid example."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

_SPAN = re.compile(r"(?:(\d{1,2})\s*d)?\s*(?:(\d{1,3})\s*h)?\s*(?:(\d{1,4})\s*m(?:in)?|(?<=h)\s*([0-5]?\d))?", re.ASCII)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = r"today|tomorrow|(?:mon|fri|sun)(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|sat(?:urday)?"
_CLOCK = re.compile(rf"(?:({_DAY})\s+)?(\d{{1,2}})(?::(\d{{2}}))?\s*(am|pm)?", re.ASCII)
UNTIL_EXAMPLE = "18:00, 2h, tomorrow 9:00"
MAX_PINGS = 999
MAX_USD = 10_000.0
BACK = "back"
"""What a person types for "until I am back": the session's next prompt ends it."""
LONGEST_HOLD = 24 * 3600.0
"""Seconds that this lasts at most: by then nobody is coming."""
NONE = "none"
"""What a person types to take a limit away; an empty field says the same."""


class End(NamedTuple):
    """When a budget's mode ends."""

    at: float | None
    """Epoch seconds; None never."""
    back: bool = False
    """With the session's next prompt, and at `at` at the latest."""


def end(text: str, now: float, zone: tzinfo | None) -> End:
    """As `until`, and `back`. Raises ValueError with an example."""
    if text.strip().lower() == BACK:
        return End(now + LONGEST_HOLD, back=True)
    return End(_time(text, now, zone, f"{UNTIL_EXAMPLE}, {BACK}"))


def until(text: str, now: float, zone: tzinfo | None) -> float | None:
    """A time to come, epoch seconds: `18:00`, `6pm`, `2h`, `1h30m`, `1d`, `tomorrow 9:00`, `fri 9:00`; empty or `none`
    is none.

    A clock time is the next moment at which clocks read it: one that passed today means tomorrow's. Raises ValueError
    with an example.
    """
    return _time(text, now, zone, UNTIL_EXAMPLE)


def _time(text: str, now: float, zone: tzinfo | None, examples: str) -> float | None:
    text = text.strip().lower()
    if _is_none(text):
        return None
    span = _SPAN.fullmatch(text)
    if span is not None:
        seconds = (int(span[1] or 0) * 24 + int(span[2] or 0)) * 3600 + int(span[3] or span[4] or 0) * 60
        if seconds > 0:
            return now + seconds
    found = _CLOCK.fullmatch(text)
    clock = None if found is None else _of_day(found)
    if found is None or clock is None:
        raise ValueError(f"not a time, try {examples}")
    today = datetime.fromtimestamp(now, zone).date()
    named = found[1] or ""
    if named[:3] in _WEEKDAYS:
        first, again = (_WEEKDAYS.index(named[:3]) - today.weekday()) % 7, 7
    else:
        first, again = int(named == "tomorrow"), 0 if named else 1
    for days in (first, first + again):
        if (at := _next(today + timedelta(days=days), clock, now, zone)) is not None:
            return at
    raise ValueError("that time is over, try tomorrow 9:00")


def _of_day(found: re.Match[str]) -> time | None:
    """What clocks read, of 24 hours or of twice twelve; None where none reads so."""
    hour, minute, half = int(found[2]), int(found[3] or 0), found[4]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif found[3] is None:
        return None
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _next(day: date, clock: time, now: float, zone: tzinfo | None) -> float | None:
    """When clocks read that on that day, if it is still to come; where they read it twice, the first of what is left.
    One that is skipped is when it would have been without the skip."""
    for fold in (0, 1):
        at = datetime.combine(day, clock.replace(fold=fold), zone).timestamp()
        if at > now:
            return at
    return None


def pause(text: str, now: float, zone: tzinfo | None) -> float:
    """The end of a pause, epoch seconds: `today` is the next midnight, else as `until`. Raises ValueError with an
    example."""
    if text.strip().lower() == "today":
        today = datetime.fromtimestamp(now, zone)
        return datetime.combine(today.date() + timedelta(days=1), time(), today.tzinfo).timestamp()
    end = until(text, now, zone)
    if end is None:
        raise ValueError("a pause has an end, try today, 18:00, 2h")
    return end


def pings(text: str) -> int | None:
    """How many pings an idle period; empty or `none` is no limit. Raises ValueError with an example."""
    text = text.strip()
    if _is_none(text):
        return None
    if not text.isdecimal() or not text.isascii():
        raise ValueError("a whole number, such as 3")
    if int(text) > MAX_PINGS:
        raise ValueError(f"{MAX_PINGS} at most, such as 3")
    return int(text)


def usd(text: str) -> float | None:
    """Money in dollars; empty or `none` is no limit. Raises ValueError with an example."""
    text = text.strip().removeprefix("$").strip()
    if _is_none(text):
        return None
    if re.fullmatch(r"[0-9]*,[0-9]{1,2}", text):
        text = text.replace(",", ".")  # (as much of the world writes it; three digits would be thousands)
    if re.fullmatch(r"[0-9]{1,30}(?:\.[0-9]{0,4})?|\.[0-9]{1,4}", text) is None:
        raise ValueError("an amount, such as 1.50")
    if float(text) > MAX_USD:
        raise ValueError(f"${MAX_USD:,.0f} at most, such as 1.50")
    return float(text)


def usd_text(amount: float) -> str:
    """An amount as text that `usd` reads back as it is: `$0.25`, `$0.0005`."""
    text = f"{amount:.4f}".rstrip("0")
    return "$" + text + "0" * max(0, 2 - len(text.partition(".")[2]))


def until_none(text: str) -> bool:
    """Whether that says that there is no end."""
    return _is_none(text.strip())


def _is_none(text: str) -> bool:
    return text.lower() in ("", NONE)
