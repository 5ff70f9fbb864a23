"""How many pings in a row the caps let through, and which cap ends them: pure. The policy plans with it, and the budget
sheet shows what it comes to, so that both name the same end.

Nothing here allows a ping: each one is judged anew when it is due. Money US dollars, times seconds since the epoch.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

End = Literal["", "pings", "money", "day"]
"""What ends a row of pings: nothing before its own end, the idle period's count, the session's money, the day's cap."""
DAY = 86_400.0
MOST_DAYS = 400
"""How many days are looked at: no budget reaches further."""


class DayLeft(NamedTuple):
    """What all sessions together may still spend."""

    usd: float
    """Today, as if every ping under way hits."""
    cap: float | None = None
    """Each further day; None: today's is all that is known of."""
    ends_at: float | None = None
    """When today is over."""


class Left(NamedTuple):
    """What is left of each cap; None: there is none."""

    pings: int | None = None
    session_usd: float | None = None
    day: DayLeft | None = None


class Row(NamedTuple):
    """Pings in a row."""

    pings: int
    ends: End = ""


def row(wanted: int, left: Left, *, at: float, step: float, read: float, write: float) -> Row:
    """The first of `wanted` pings is sent at `at`, each further one `step` seconds later, and each is a hit at `read`;
    the day's cap has to have room for `write` whenever one is sent. Where caps end it together the narrower is named
    first."""
    found = Row(wanted)
    if left.pings is not None and left.pings < found.pings:
        found = Row(max(0, left.pings), "pings")
    if left.session_usd is not None and read > 0 and left.session_usd < found.pings * read:
        found = Row(min(found.pings, max(0, math.floor(left.session_usd / read))), "money")
    if left.day is not None and (of_days := _of_days(found.pings, left.day, at, step, read, write)) < found.pings:
        found = Row(of_days, "day")
    return found


def _of_days(wanted: int, day: DayLeft, at: float, step: float, read: float, write: float) -> int:
    """Every midnight the cap begins anew: what a later day pays for does not count against today's."""
    usd, midnight, sent = day.usd, day.ends_at, 0
    for _ in range(MOST_DAYS):
        due, room = wanted - sent, usd - write
        if midnight is not None and midnight - at < wanted * step:
            due = min(due, max(0, math.ceil(max(0.0, midnight - at) / step) - sent))
        # (The last one of a day needs room for its write alone.)
        afford = 0 if room < 0 else due if room >= due * read else min(due, math.floor(room / read) + 1)
        sent += afford
        if afford < due or sent >= wanted or midnight is None or day.cap is None:
            return sent
        usd, midnight = day.cap, midnight + DAY
    return sent
