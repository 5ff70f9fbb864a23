"""What the screens ask the app to do. A screen never calls the feed or the commands itself."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from store.models import BudgetMode


@dataclass
class TurnsWanted(Message):
    """Read the newest turns of a session."""

    session_id: str
    limit: int
    cache: bool = False
    """With what happened to its cache over time."""
    ledger: bool = False
    """With its idle periods."""


@dataclass
class ModeWanted(Message):
    """Set a session's mode; `said` is told when it worked."""

    session_id: str
    mode: BudgetMode
    until: float | None
    said: str


@dataclass
class PingWanted(Message):
    """Send one ping now."""

    session_id: str
    name: str


@dataclass
class BudgetWanted(Message):
    """Replace a session's budget. None means no limit of its own."""

    session_id: str
    name: str
    mode: BudgetMode
    pings: int | None
    usd: float | None
    until: float | None
