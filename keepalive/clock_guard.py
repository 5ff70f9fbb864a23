"""Notices that the wall clock and the machine's own time have drifted apart: a suspend, or a clock that was set.

Expiries are wall-clock times, timers are monotonic. After a forward jump every state has to be worked out again
before anything is sent; after a backward one the entries' ages are unknown until their next request.
"""

from __future__ import annotations

import math

from keepalive.clock import Clock

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
