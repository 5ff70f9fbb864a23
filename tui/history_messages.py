"""What is asked and told around the history: a worker thread has read something. Small; handlers
own every change of state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from store.history import Overview, SessionLine
from tui.history_feed import OpenedSession
from tui.history_state import Results

Reading = Literal["overview", "results", "lines", "opened"]


@dataclass
class OverviewRead(Message):
    """How much is stored."""

    overview: Overview


@dataclass
class ResultsRead(Message):
    """The answer to the query of that number, with what the first rows say where they are sessions."""

    number: int
    results: Results
    lines: Sequence[SessionLine] = ()


@dataclass
class LinesRead(Message):
    """What rows say that came into view."""

    lines: Sequence[SessionLine]


@dataclass
class OpenedRead(Message):
    """A session was read."""

    session_id: str
    opened: OpenedSession


@dataclass
class ReadFailed(Message):
    """A reading failed; what is shown stays as it was."""

    of: Reading
    cause: str
    number: int = 0
    """Of the query."""


@dataclass
class Exported(Message):
    """A file was written, or why not; one line."""

    said: str
    bad: bool = False
