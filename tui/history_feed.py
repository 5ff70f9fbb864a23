"""What the history needs from outside. Every call blocks, so each is made from a worker thread, one at a time per kind
of reading. Two are called on the event loop: `interrupt`, which ends a search that nobody waits for any more, and
`version`, which must be cheap.

Any exception becomes one line on the screen, so its text should name the cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from store.cache_strip import CacheHistory
from store.history import Overview, Place, SessionLine
from store.ledger_models import SessionLedger
from store.models import SessionDetail
from store.search import Filters, Found


@dataclass(frozen=True)
class OpenedSession:
    """All that is stored of one session."""

    detail: SessionDetail
    cache: CacheHistory
    ledger: SessionLedger


class HistoryFeed(Protocol):
    """Where the history comes from."""

    def overview(self) -> Overview:
        """How much is stored, and the names that filters may use."""
        ...

    def places(self, filters: Filters) -> tuple[Place, ...]:
        """All sessions that the filters leave, newest first."""
        ...

    def lines(self, ids: Sequence[str]) -> tuple[SessionLine, ...]:
        """What the rows of these sessions say."""
        ...

    def search(self, words: str, filters: Filters, limit: int) -> Found:
        """The newest turns that hold every word."""
        ...

    def interrupt(self) -> None:
        """End a search that runs in another thread: it raises there."""
        ...

    def opened(self, session_id: str) -> OpenedSession:
        """One session with its turns."""
        ...

    def export(self, session_id: str) -> str:
        """Write the session's Markdown file; returns one line that says where it is."""
        ...

    def version(self) -> int:
        """A number that changes when anything may have changed."""
        ...
