"""What the ledger's page and the board's part of it need from outside, and what is told around it.

`version` is asked on the event loop and must be cheap; the others block and are called from worker threads, of which
one may have to wait for another.

Any exception becomes one line on the screen, so its text should name the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from textual.message import Message

from store.ledger_models import DayLedger


class DaysFeed(Protocol):
    """Where the ledger comes from."""

    def version(self) -> int:
        """A number that changes when anything may have changed; 0 before it was opened."""
        ...

    def open(self) -> None:
        """Make `version` tell; a second time it does nothing."""
        ...

    def days(self, days: int | None) -> DayLedger:
        """The last so many local days, today's included; None is all time."""
        ...


@dataclass
class DaysWanted(Message):
    """Open the ledger's page."""


@dataclass
class DaysRead(Message):
    """A span was read, when the store's version was this."""

    span: str
    ledger: DayLedger
    version: int
    seconds: float
    """How long that took."""


@dataclass
class DaysFailed(Message):
    """A reading failed; what is shown stays as it was."""

    cause: str
    seconds: float = 0.0
    """How long it had tried."""
