"""Time, injected: every decision asks a `Clock`, so that tests move time instead of waiting for it.

Expiries are wall-clock UTC (they must survive a restart); durations are monotonic. The two drift apart when the
machine sleeps: monotonic time stands still in suspend on Linux and macOS, wall time does not. `asleep()` measures
that drift; whoever acts on a deadline compares it first.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What time it is, in seconds."""

    def wall(self) -> float:
        """Seconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back and do not count suspend."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to (tests, simulations)."""

    def __init__(self, wall: float = 1_790_000_000.0, monotonic: float = 1_000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def wall(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass while the machine is awake."""
        self._wall += seconds
        self._monotonic += seconds

    def suspend(self, seconds: float) -> None:
        """Let time pass while the machine sleeps: wall time moves, monotonic time does not."""
        self._wall += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock (NTP, a person): nothing else moves."""
        self._wall += seconds
