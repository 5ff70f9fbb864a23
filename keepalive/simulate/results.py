"""What comes out of the simulator, as the report, the JSON and the picture read it."""

from __future__ import annotations

from dataclasses import dataclass

from keepalive.simulate.policies import OURS
from keepalive.simulate.resampling import Interval
from keepalive.simulate.terms import Cell


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of two sums over sessions; None where there is nothing to divide by, or too little to resample."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class WorstDay:
    """The UTC day on which a policy lost most against never pinging."""

    date: str
    net: float
    """Negative; in the cell's money."""


@dataclass(frozen=True, slots=True)
class Score:
    """One policy in one cell. Where ends are signalled in part, sums are expectations."""

    policy: str
    interval_seconds: float
    cost: float
    ratio: Figure
    """Cost over the clairvoyant's."""
    net: float
    """What never pinging costs more."""
    net_share: Figure
    """Of the cost of all input."""
    lapses_left: int
    lapses_avoided: int
    avoided_share: Figure
    """Of the lapses that never pinging has."""
    pings: float
    pings_per_100: float
    """Per 100 idle periods, long or short."""
    worst_day: WorstDay | None


@dataclass(frozen=True, slots=True)
class CellResult:
    """One cell of the grid and everybody's score in it."""

    cell: Cell
    write: float | None
    """w; None with each model's own prices."""
    ends_known: float
    """Share of signalled ends that the policies are told."""
    periods: int
    sessions: int
    lapses: int
    ends: int
    unpriced: int
    """Idle periods left out since nobody knows their model's price."""
    input_cost: float
    clairvoyant: float
    scores: list[Score]

    @property
    def best(self) -> str | None:
        """Least cost; of equals the one that pings least."""
        if self.clairvoyant <= 0:
            return None
        return min(self.scores, key=lambda score: (score.cost, score.pings)).policy

    @property
    def ours(self) -> Score | None:
        return next((score for score in self.scores if score.policy == OURS), None)

    @property
    def front(self) -> list[str]:
        """The Pareto front, fewest pings first: policies that nobody beats in lapses left without more pings."""
        found: list[str] = []
        least = None
        for score in sorted(self.scores, key=lambda score: (score.pings, score.lapses_left)):
            if least is None or score.lapses_left < least:
                found.append(score.policy)
                least = score.lapses_left
        return found
