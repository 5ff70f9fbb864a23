"""The prices that a policy is scored at, and which of them make one cell of the grid.

Costs are prefix tokens x input price. In the grid the input price is 1, so that costs are tokens at that price and
every prefix weighs by its size; on somebody's own history it is the model's price, so that costs are dollars.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from store.words import TTLClass

READ_PRICES = (0.1, 0.05, 0.025)
"""Of the input price: what providers ask for a cache read."""
LEAST_READ = 0.01
"""Below it break-even lies at hundreds of pings and nothing is worth deciding."""
WRITE_PRICES: dict[TTLClass, float] = {"5m": 1.25, "1h": 2.0}
TTL_CLASSES: tuple[TTLClass, ...] = ("5m", "1h")
ENDS_SIGNALLED = (0.0, 0.5, 0.9, 1.0)


class Terms(NamedTuple):
    """Prices of one idle period or request."""

    read: float
    """r, in input prices."""
    write: float
    """w, in input prices."""
    input: float
    """Of one token: 1, or dollars."""

    @property
    def lapse(self) -> float:
        """L: what a lapse costs more than a hit, per token in input prices."""
        return self.write - self.read


TermsOf = Callable[[str, float, int, TTLClass], Terms | None]
"""Model, time, tokens of the prompt and TTL class; None: the price is not known, and the period is left out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid."""

    ttl: TTLClass
    read: float | None
    """None: each model's own prices."""
    ends: float | None
    """Share of the ends that are signalled at once. None: each when its client reported it, or never."""


def cells(
    reads: tuple[float | None, ...] = READ_PRICES,
    ttls: tuple[TTLClass, ...] = TTL_CLASSES,
    ends: tuple[float | None, ...] = ENDS_SIGNALLED,
) -> list[Cell]:
    """The grid: by TTL class, then read price, then share of signalled ends."""
    return [Cell(ttl, read, share) for ttl in ttls for read in reads for share in ends]


def at_read_price(read: float) -> TermsOf:
    """Terms of a grid's cell: every model alike."""
    by_class = {ttl: Terms(read, write, 1.0) for ttl, write in WRITE_PRICES.items()}
    return lambda _model, _at, _tokens, ttl: by_class[ttl]
