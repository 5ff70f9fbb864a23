"""Differences between two ratios with 95 % bootstrap intervals, resampled by session. Pure.

What one session leaves behind is alike, so whole sessions are drawn, never single rows. Where an interval would
pretend to know more than there is (few sessions, nothing that varied), there is none.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

RESAMPLES = 1_000
LEAST_SESSIONS = 5
"""Sessions that each side needs: of fewer, resampling shows their number and not their spread."""
_TAIL = 0.025
_MOST_EMPTY = 0.05
"""Share of the resamples in which one side may be missing."""

_NOTHING = 1e-12
"""What sums in another order differ by."""

Tally = tuple[float, float]
"""A sum and what it is divided by, such as failed commands and commands."""


class Interval(NamedTuple):
    low: float
    high: float


def ratio(tallies: Sequence[Tally]) -> float | None:
    """All sums over all divisors; None without any."""
    divisor = sum(tally[1] for tally in tallies)
    return sum(tally[0] for tally in tallies) / divisor if divisor else None


def intervals(sides: Sequence[tuple[Sequence[Tally], Sequence[Tally]]], *, seed: int) -> list[Interval | None]:
    """For each pair of sides the interval of (second ratio - first ratio).

    Each side holds one tally a session, in the same order of sessions everywhere ((0, 0) where it has none), so that
    one draw of sessions serves every pair.
    """
    size = len(sides[0][0]) if sides else 0
    asked = [place for place, pair in enumerate(sides) if all(_enough(side) for side in pair)]
    columns = {place: [[tally[part] for tally in side] for side in sides[place] for part in (0, 1)] for place in asked}
    found: dict[int, list[float]] = {place: [] for place in asked}
    dice = random.Random(seed)  # noqa: S311 - the same figures for the same data, no secret
    for _ in range(RESAMPLES if asked else 0):
        drawn = dice.choices(range(size), k=size)
        for place in asked:
            first, of_first, second, of_second = (sum(map(column.__getitem__, drawn)) for column in columns[place])
            if of_first and of_second:
                found[place].append(second / of_second - first / of_first)
    return [_interval(found[place]) if place in found else None for place in range(len(sides))]


def _enough(side: Sequence[Tally]) -> bool:
    return sum(1 for tally in side if tally[1]) >= LEAST_SESSIONS


def _interval(differences: list[float]) -> Interval | None:
    if len(differences) < (1 - _MOST_EMPTY) * RESAMPLES:
        return None
    differences.sort()
    last = len(differences) - 1
    low, high = differences[round(_TAIL * last)], differences[round((1 - _TAIL) * last)]
    return Interval(low, high) if high - low > _NOTHING else None
