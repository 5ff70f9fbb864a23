"""The rules of other tools, and plain ones to measure by.

Three are not scored to the letter, so that numbers can be compared with published ones. aider and context-guru ping
every 295 and 280 s; here they get the common rhythm, 285 s, which is a little dearer for the first and cheaper for the
second. pi stops 30 minutes after the last request, before its first ping of a 1h entry would be due, so it never sends
one; here it may send four.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from keepalive.question import Kind, Question
from keepalive.simulate.policies import INTERVALS
from store.words import TTLClass

_PI_RETURN = 0.15
_PI_LEAST_USD = 0.05
_PI_USD_PER_TOKEN = 5e-6
_PI_PINGS: Mapping[TTLClass, int] = {"5m": 6, "1h": 4}
_GURU_PREFIX = 20_000
_GURU_PINGS: Mapping[Kind, int] = {"tool": 8, "notification": 5, "user": 3}
_FIXED_PERSON: Mapping[TTLClass, int] = {"5m": 2, "1h": 1}


@dataclass(frozen=True, slots=True)
class AtMost:
    """A rule that comes down to a number of pings an idle period."""

    name: str
    count: Callable[[Question], int]
    intervals: Mapping[TTLClass, float] = field(default_factory=lambda: INTERVALS)

    def interval(self, ttl: TTLClass) -> float:
        return self.intervals[ttl]

    def wants(self, question: Question) -> bool:
        return question.pings_sent < self.count(question)


def _always(count: int) -> Callable[[Question], int]:
    return lambda _: count


def break_even(question: Question) -> int:
    """Pings that together cost no more than the lapse that they avoid."""
    lapse = question.write_multiplier - question.read_multiplier
    return max(0, math.floor(lapse / question.read_multiplier + 1e-9))  # 1.9 / 0.1 is a hair under 19


def _context_guru(question: Question) -> int:
    return _GURU_PINGS[question.kind] if question.prefix_tokens >= _GURU_PREFIX else 0


def _pi(question: Question) -> int:
    lapse = question.write_multiplier - question.read_multiplier
    saving = (_PI_RETURN * lapse - question.read_multiplier) * question.prefix_tokens * _PI_USD_PER_TOKEN
    return _PI_PINGS[question.ttl] if saving >= _PI_LEAST_USD else 0


def _fixed(question: Question) -> int:
    return _FIXED_PERSON[question.ttl] if question.kind == "user" else break_even(question)


NEVER = AtMost("never", _always(0))
CONTEXT_GURU = AtMost("context-guru", _context_guru)
RIVALS = (
    NEVER,
    AtMost("1 ping", _always(1)),
    AtMost("2 pings", _always(2)),
    AtMost("3 pings", _always(3)),
    AtMost("aider 12", _always(12)),
    AtMost("break-even", break_even),
    AtMost("cache-warm 30", _always(30), {"5m": 270.0, "1h": 3240.0}),
    CONTEXT_GURU,
    AtMost("pi", _pi),
    AtMost("fixed counts", _fixed),
)
"""`fixed counts`: two pings (5m) or one (1h) for a person, to break-even for anything else."""
