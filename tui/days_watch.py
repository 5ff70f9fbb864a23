"""When a span of the ledger is read again, and what was read last: for its page and for the board, which shows a part.

It starts no thread: it hands out what one is to carry out, and takes what came of that.
"""

from __future__ import annotations

from collections.abc import Callable

from keepalive.clock import Clock
from store.ledger_cells import local_date
from store.ledger_models import DayLedger
from tui.day_view import Span
from tui.days_feed import DaysFailed, DaysFeed, DaysRead
from tui.failure import cause

REST = 10
"""So many times as long as a reading took nothing is read again: a busy store must not keep anybody reading."""
Reading = Callable[[], DaysRead | DaysFailed]
"""Blocks; for a worker thread."""


class DaysWatch:
    """One reading at a time, of the spans of one screen."""

    def __init__(self, feed: DaysFeed, clock: Clock) -> None:
        self._feed, self._clock = feed, clock
        self._read: dict[str, tuple[DayLedger, int]] = {}
        """The newest reading of each span, and the store's version at its time."""
        self._reading = False
        self._rest_until = float("-inf")
        """Monotonic; not for a span that was never read."""
        self.failed = ""
        """Why the newest reading failed, if it did."""

    def ledger(self, span: Span) -> DayLedger | None:
        """What was read last."""
        known = self._read.get(span.name)
        return known and known[0]

    def due(self, span: Span) -> Reading | None:
        """What is to be carried out now: the store has changed, or the day, and there was a rest. `take` must follow.

        Raises whatever the feed raises.
        """
        if self._reading:
            return None
        version, known = self._feed.version(), self._read.get(span.name)
        rests = self._clock.monotonic() < self._rest_until
        if rests and (known is not None or self.failed):
            return None
        if known is not None and known[1] == version and known[0].today == local_date(self._clock.wall()):
            return None
        self._reading = True
        return lambda: self._carry_out(span, version)

    def _carry_out(self, span: Span, version: int) -> DaysRead | DaysFailed:
        start = self._clock.monotonic()
        try:
            if not version:
                # Else the first reading of a store would be made twice.
                self._feed.open()
                version = self._feed.version()
            ledger = self._feed.days(span.days)
        except Exception as error:  # the edge to code we do not know; the cause is shown, nothing is lost
            return DaysFailed(cause(error), self._clock.monotonic() - start)
        return DaysRead(span.name, ledger, version, self._clock.monotonic() - start)

    def take(self, event: DaysRead | DaysFailed) -> None:
        """What came of a reading. A failed one leaves what was read before."""
        self._reading = False
        self._rest_until = self._clock.monotonic() + REST * event.seconds
        if isinstance(event, DaysFailed):
            self.failed = event.cause
            return
        self.failed = ""
        self._read[event.span] = (event.ledger, event.version)
