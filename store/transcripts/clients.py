"""The clients whose transcripts are read: where each keeps them, how a file is recognised, what reads it.

A new client is one entry here, one reader and one folder of fixtures. Recognising a file looks at its path alone;
nothing here interprets what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # (a look for changed files loads no reader)
    from store.transcripts.events import Event

Environ = Mapping[str, str]


class Reader(Protocol):
    """Lines of bytes in, events out, in the order of the file. Never raises on any line, opens nothing."""

    @property
    def line_no(self) -> int:
        """Lines seen, empty ones included."""
        ...

    @property
    def malformed(self) -> int:
        """Non-empty lines that are no JSON object."""
        ...

    @property
    def first_at(self) -> float | None:
        """Least time of any record, seconds since the epoch: records are not in time order."""
        ...

    @property
    def last_at(self) -> float | None:
        """Greatest time of any record."""
        ...

    def feed(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """The events of some more lines (with or without their newline). Lazy: lines count once they are iterated."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose conversation a file holds, as its path says. `agent_id` is '' for the main thread. `session_id` is ''
    where only the records know (then the reader's `MetaEvent` says it)."""

    session_id: str
    agent_id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One transcript: a file, or one session in a client's database (`path#key`).

    `size` in bytes and `mtime_ns` change when its content does; for a session in a database they are what the
    database says of it.
    """

    agent: str
    path: str
    session_id: str
    agent_id: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Client:
    """One client's transcripts."""

    name: str
    """As in `sessions.agent`."""
    roots: Callable[[Environ, Path], tuple[Path, ...]]
    """Folders (or files) to look through, for an environment and a home folder; they need not exist."""
    claim: Callable[[Path], Claim | None]
    """Whether a file of this path is one of this client's transcripts. Pure: no look at the disk."""
    reader: Callable[[], Reader]
    sessions_in: Callable[[Path], Iterator[Found]] | None = None
    """For a client that keeps a database: its sessions. May raise OSError or sqlite3.Error."""
    lines: Callable[[Found], Iterator[bytes]] | None = None
    """For a client that keeps a database: the records of one session, one JSON object a line."""
