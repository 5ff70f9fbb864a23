"""How likely a wait is to end soon, before anything was learned: the shipped prior, and the shape of a learned table.

The prior is a curve with two numbers per kind of wait and TTL class, taken from published sums over many sessions and
fitted to no single one. `learning.LearnedHazards` starts from it. This module must not know prices: what a chance is
worth is `bet`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from keepalive.question import Kind
from store.words import TTLClass


class Hazards(Protocol):
    """How likely a wait is to end soon."""

    def chance(self, agent: str, kind: Kind, ttl: TTLClass, n: int, ends_known: float) -> float:
        """Chance that the wait, still on when ping n + 1 is due, ends within the lifetime that this ping buys.

        `ends_known` is the share (0..1) of ended sessions that would have been noticed by now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tail:
    """Waits that outlast one TTL: the share that ends at all, and how fast those still on thin out (power law)."""

    returning: float
    shape: float

    def chance(self, n: int, ends_known: float) -> float:
        """As in `Hazards`. Sessions that ended unnoticed stay among those that might still return."""
        still_on = self.returning * (n + 1) ** -self.shape
        abandoned = (1 - self.returning) * (1 - min(max(ends_known, 0.0), 1.0))
        ending = still_on - self.returning * (n + 2) ** -self.shape
        return ending / (still_on + abandoned) if still_on > 0 else 0.0


@dataclass(frozen=True, slots=True)
class TailHazards:
    """Hazards by whom the wait is for and the TTL class; the same for every client."""

    person: Mapping[TTLClass, Tail]
    machine: Mapping[TTLClass, Tail]

    def chance(self, agent: str, kind: Kind, ttl: TTLClass, n: int, ends_known: float) -> float:
        tails = self.person if kind == "user" else self.machine
        return tails[ttl].chance(n, ends_known)


PRIOR = TailHazards(
    # The shape is the one of people's gaps from five minutes to eleven hours (26 % outlast 5 min, 10 % 19 min, 5 %
    # 48 min, 1 % 11 h). Of the waits over five minutes 60 % ended. Over an hour 13 % did where the class was 1h, and
    # 22 % follow from the shape where it was 5m: pooled 18 %.
    person={"5m": Tail(0.60, 0.7), "1h": Tail(0.18, 0.7)},
    # Every wait for a tool ended. The measured hazards would allow shapes from 0.7 to 1.3; this one is the slowest that
    # keeps a tool warm up to break-even at any price, where the price of being wrong is bounded.
    machine={"5m": Tail(1.0, 1.25), "1h": Tail(1.0, 1.25)},
)
"""What is assumed before a person's own waits are known."""
