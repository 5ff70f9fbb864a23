"""How likely a wait is to end soon: the part of the policy that can be learned.

The shipped prior is a curve with two numbers per kind of wait and TTL class, taken from published sums over many
sessions and fitted to no single one. A learned table implements `Hazards` and starts from `PRIOR`. This module must
not know prices: what a chance is worth is the policy's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from store.models import TTLClass, WaitingFor


class Hazards(Protocol):
    """How likely a wait is to end soon."""

    def chance(self, waiting_for: WaitingFor | None, ttl_class: TTLClass, n: int, ends_known: float) -> float:
        """Chance that the wait, still on after `n` pings, ends within the lifetime that the next ping buys.

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
    """Hazards by who is waited for and the TTL class."""

    person: Mapping[TTLClass, Tail]
    machine: Mapping[TTLClass, Tail]

    def chance(self, waiting_for: WaitingFor | None, ttl_class: TTLClass, n: int, ends_known: float) -> float:
        tails = self.person if waiting_for is WaitingFor.YOU else self.machine
        return tails[ttl_class].chance(n, ends_known)


PRIOR = TailHazards(
    # The shape is the one of people's gaps from five minutes to eleven hours (26 % outlast 5 min, 10 % 19 min, 5 %
    # 48 min, 1 % 11 h). Of the waits over five minutes 60 % ended. Over an hour 13 % did where the class was 1h, and
    # 22 % follow from the shape where it was 5m: pooled 18 %.
    person={"5m": Tail(0.60, 0.7), "1h": Tail(0.18, 0.7)},
    machine={"5m": Tail(1.0, 0.9), "1h": Tail(1.0, 0.9)},
)
"""What is assumed before a person's own waits are known."""
