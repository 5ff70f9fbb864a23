"""What the screens ask the app to do. A screen never calls the feed or the commands itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from textual.message import Message

from store.models import BudgetMode, SessionView
from tui.board_order import Order
from tui.copying import Copyable


@dataclass
class TurnsWanted(Message):
    """Read the newest turns of a session."""

    session_id: str
    limit: int
    cache: bool = False
    """With what happened to its cache over time."""
    ledger: bool = False
    """With its idle periods."""
    budget: bool = False
    """With what is in force for it."""


@dataclass
class ModeWanted(Message):
    """Set a session's mode; `said` is told when it worked."""

    session_id: str
    mode: BudgetMode
    until: float | None
    said: str
    name: str = ""
    """What the session is called."""


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
    until_back: bool = False
    """It ends with the session's next prompt, and at `until` at the latest."""
    said: str = field(default="", compare=False)
    """What it means, told when it worked."""


@dataclass
class DefaultWanted(Message):
    """Forget a session's own budget: the defaults hold again."""

    session_id: str
    name: str


@dataclass
class HistoryWanted(Message):
    """Open the history."""


@dataclass
class JumpWanted(Message):
    """Go to the pane of the session's agent."""

    session: SessionView


@dataclass
class CopyWanted(Message):
    """Put it on the clipboard."""

    session_id: str
    item: Copyable


@dataclass
class KeeperWanted(Message):
    """Start the keeper."""


@dataclass
class OrderChosen(Message):
    """Remember the list's order for the next time."""

    order: Order
