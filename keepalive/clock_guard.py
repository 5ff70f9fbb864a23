"""Notices that the wall clock and the machine's own time have drifted apart: a suspend, or a clock that was set.

Expiries are wall-clock times, timers are monotonic. After a forward jump every state has to be worked out again
before anything is sent; after a backward one the entries' ages are unknown until their next request.
"""

from __future__ import annotations

import math

from keepalive.clock import Clock

UNSEEN = 30.0
"""Seconds that a request may be over before anybody tells us of it; more than any look takes."""

TOLERANCE = 2.0
"""Seconds of drift between two looks that count as a jump."""
SLEWING = 0.001
"""Seconds a second that a clock being corrected may drift (NTP: half of it)."""


class ClockGuard:
    """Compares both clocks with the last look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.wall() - clock.monotonic()
        self._looked_at = clock.monotonic()
        self.set_back_at = -math.inf
        """Monotonic time at which the wall clock was last found set back: of what began before, the age is unknown."""

    def jump(self) -> float:
        """Seconds that the wall clock gained since the last look (negative: set back); 0 within tolerance."""
        now = self._clock.monotonic()
        drift = self._clock.wall() - now - self._offset
        if abs(drift) <= TOLERANCE:
            # Slow drift is followed, so that it never adds up to a false alarm; small steps are not, so that they do.
            most = (now - self._looked_at) * SLEWING
            self._offset += min(most, max(-most, drift))
            self._looked_at = now
            return 0.0
        self._offset += drift
        self._looked_at = now
        if drift < 0:
            self.set_back_at = now
        return drift


class Ages:
    """Tells of requests that only a transcript dates, by the wall clock, whether that clock was set back since.

    What a request through the gateway has, a monotonic time of its own, these do not have: the moment at which each was
    first heard of stands for it.
    """

    def __init__(self, clock: Clock, guard: ClockGuard) -> None:
        self._clock = clock
        self._guard = guard
        self._heard: dict[int, tuple[float | None, float]] = {}
        """By lineage: its last request's wall time, and when (monotonic) that was first asked about."""

    def known(self, lineage_id: int, last_request_at: float | None) -> bool:
        """Whether the age of a lineage's last request may be told from the wall clock."""
        heard = self._heard.get(lineage_id)
        if heard is None or heard[0] != last_request_at:
            heard = self._heard[lineage_id] = (last_request_at, self._clock.monotonic())
        return heard[1] - UNSEEN > self._guard.set_back_at
