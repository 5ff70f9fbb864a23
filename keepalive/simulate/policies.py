"""What a policy is, and ours."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from keepalive.bet import Bettor
from keepalive.hazards import PRIOR
from keepalive.question import Question
from store.words import TTLClass

OURS = "warmside"
INTERVALS: dict[TTLClass, float] = {"5m": 285.0, "1h": 3540.0}
"""Seconds from one ping to the next, for every policy that has no rhythm of its own."""


class Policy(Protocol):
    """Says before each ping of an idle period whether it is sent; the first no ends the period's pings."""

    @property
    def name(self) -> str: ...

    def interval(self, ttl: TTLClass) -> float:
        """Seconds from one ping to the next; under the TTL."""
        ...

    def wants(self, question: Question) -> bool: ...


class _Remembered:
    """The shipped prior; a replay asks it for the same few thousand chances again and again."""

    def __init__(self) -> None:
        self.chance = lru_cache(maxsize=None)(PRIOR.chance)


class Ours:
    """The bet as it is shipped: its prior, nothing learned from the gaps that it is scored on."""

    name = OURS

    def __init__(self) -> None:
        self._bettor = Bettor(_Remembered())

    def interval(self, ttl: TTLClass) -> float:
        return INTERVALS[ttl]

    def wants(self, question: Question) -> bool:
        return self._bettor.judge(question).ping
