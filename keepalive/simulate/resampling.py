"""95 % intervals by bootstrap over sessions: what one session does is alike, so whole sessions are drawn. Pure.

Every figure is a ratio of two sums over sessions, so that the draws need only the sums per session. The same draws
serve every policy, and a column that comes again is summed once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

RESAMPLES = 1_000
SEED = 20_260_101
LEAST_SESSIONS = 5
"""Of fewer, resampling shows their number and not their spread."""
_TAIL = 0.025
_MOST_EMPTY = 0.05
"""Share of the draws that may have nothing to divide by."""


class Interval(NamedTuple):
    low: float
    high: float


class Resampling:
    """One set of draws from `size` sessions."""

    def __init__(self, size: int, resamples: int = RESAMPLES) -> None:
        self._draws: list[Callable[[Sequence[float]], tuple[float, ...]]] = []
        self._sums: dict[tuple[float, ...], list[float]] = {}
        if size < LEAST_SESSIONS:
            return
        dice = random.Random(SEED)  # noqa: S311 - the same figures for the same gaps, no secret
        self._draws = [itemgetter(*dice.choices(range(size), k=size)) for _ in range(resamples)]

    def interval(self, column: tuple[float, ...], divisor: tuple[float, ...]) -> Interval | None:
        """The interval of sum(column) / sum(divisor), one entry a session each; None where it would mean nothing."""
        found = sorted(
            above / below for above, below in zip(self._summed(column), self._summed(divisor), strict=True) if below > 0
        )
        if not found or len(found) < (1 - _MOST_EMPTY) * len(self._draws):
            return None
        last = len(found) - 1
        return Interval(found[round(_TAIL * last)], found[round((1 - _TAIL) * last)])

    def _summed(self, column: tuple[float, ...]) -> list[float]:
        sums = self._sums.get(column)
        if sums is None:
            sums = self._sums[column] = [sum(draw(column)) for draw in self._draws]
        return sums
