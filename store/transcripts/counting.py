"""What every reader counts: lines, those that are none, and the times of its records."""

from __future__ import annotations


class Counting:
    """Base of the readers; see `clients.Reader` for what the numbers mean."""

    def __init__(self) -> None:
        self.line_no = 0
        """Lines seen, empty ones included."""
        self.malformed = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        """Least and greatest time of any record: records are not in time order."""

    def note_time(self, at: float | None) -> None:
        """A record of this time was seen."""
        if at is None:
            return
        if self.first_at is None or at < self.first_at:
            self.first_at = at
        if self.last_at is None or at > self.last_at:
            self.last_at = at
