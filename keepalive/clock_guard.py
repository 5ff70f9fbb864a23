"""Notices that the wall clock and the machine's own time have drifted apart: a suspend, or a clock that was set.

Expiries are wall-clock times, timers are monotonic. After a forward jump every state has to be worked out again
before anything is sent; after a backward one the entries' ages are unknown until their next request.
"""

from __future__ import annotations

from keepalive.clock import Clock

TOLERANCE = 2.0
"""Seconds of drift between two looks that count as a jump."""


class ClockGuard:
    """Compares both clocks with the last look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.wall() - clock.monotonic()

    def jump(self) -> float:
        """Seconds that the wall clock gained since the last look (negative: set back); 0 within tolerance."""
        offset = self._clock.wall() - self._clock.monotonic()
        drift = offset - self._offset
        if abs(drift) <= TOLERANCE:
            # Slow drift (NTP slewing) is followed, so that it never adds up to a false alarm.
            self._offset = offset
            return 0.0
        self._offset = offset
        return drift
