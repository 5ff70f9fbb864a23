"""How likely the next request will read its prefix, judged before it is sent. Pure.

The bare rule, "warm until the lifetime is over", misses a third of the cold resumes of real sessions, since a prefix
is also lost in time: the conversation became its summary, the model changed, the person left after a long piece of
work and an older client built the conversation anew when it was opened again. Rates are shares of whole groups of
public sessions, rounded; bench/cache_truth.py sets them beside the bare rule.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from store.client_version import resumes_hit, resumes_miss

Waited = Literal["user", "tool", "notification"]
"""What the agent waits for: a person's prompt, a tool's result, a background task's end."""

MINIMUM = 0.5
"""From this probability on the prefix is said to be there."""
LONG_TURN = 40
"""Requests of a turn after which people tend to leave and to come back."""

_BROKEN = 0.02
_GRACE_SHARE, _GRACE_SECONDS = 0.2, 60.0
"""Past its lifetime an entry is gone for good after so much of it, at most so long."""
_SURE_SHARE = 1 / 6
"""Part of that time in which most entries are still there (of five minutes: ten seconds)."""
_AT_FIRST, _LATER = 0.9, 0.03
_WITHIN: tuple[tuple[int, float], ...] = ((10, 0.95), (LONG_TURN, 0.83))
"""On a person's prompt, within the lifetime: up to so many requests in the last turn, this share was read."""
_AFTER_LONG_TURN = 0.35


class Waiting(NamedTuple):
    """A thread between two requests, as it is known before the next one is sent."""

    gap: float
    """Seconds from the start of the last request, or of a ping that hit since, to the start of the next one."""
    lifetime: float | None
    """Seconds that the entry lives by its class; None where none is promised."""
    waited: Waited = "user"
    turn_requests: int = 1
    """Requests of the turn so far."""
    client_version: str = ""
    compacted: bool = False
    model_changed: bool = False
    resumed: bool = False
    """The client was left and opened this session again."""


def predict(waiting: Waiting) -> float | None:
    """The probability that the prefix will be read; None where no lifetime is known (see `likely`)."""
    if waiting.lifetime is None:
        return None
    if waiting.compacted or waiting.model_changed:
        return _BROKEN
    return alive(waiting.gap, waiting.lifetime) * _unchanged(waiting)


def alive(seconds: float, lifetime: float) -> float:
    """The chance that an entry is there so long after its last use: the lifetime is a minimum, with a short tail."""
    grace = min(_GRACE_SECONDS, _GRACE_SHARE * lifetime)
    over = seconds - lifetime
    if over < 0:
        return 1.0
    if over >= grace:
        return _LATER
    sure = _SURE_SHARE * grace
    return _AT_FIRST if over < sure else _AT_FIRST + (_LATER - _AT_FIRST) * (over - sure) / (grace - sure)


def _unchanged(waiting: Waiting) -> float:
    old = resumes_miss(waiting.client_version)
    if waiting.resumed:
        if old:
            return 0.1
        return 0.95 if resumes_hit(waiting.client_version) else MINIMUM
    if waiting.waited != "user":
        return 0.99
    if not old:
        return _WITHIN[0][1]
    return next((share for most, share in _WITHIN if waiting.turn_requests <= most), _AFTER_LONG_TURN)
