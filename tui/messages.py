"""What worker threads tell the app. Small and frozen; handlers own every change of state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.message import Message

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import BoardView, SessionView, TurnView
from tui.budget_in_force import InForce


@dataclass
class BoardRead(Message):
    """The feed gave a new board."""

    view: BoardView
    version: int


@dataclass
class TurnsRead(Message):
    """The feed gave a session's turns, newest first."""

    session_id: str
    turns: tuple[TurnView, ...]
    cache: CacheHistory | None = None
    """Where it was asked for, as the ledger."""
    ledger: SessionLedger | None = None
    budget: InForce | None = None


@dataclass
class FeedFailed(Message):
    """Reading failed; what is shown stays as it was."""

    cause: str
    of: Literal["board", "turns"]


@dataclass
class CommandDone(Message):
    """A command was carried out; `said` is what to tell the person."""

    said: str


@dataclass
class PingDone(Message):
    """A ping that a person asked for has an answer."""

    name: str
    """What its session is called."""
    result: str
    """As the feed's commands tell it."""
    before: SessionView | None
    """The session as it was when it was asked for."""


@dataclass
class CommandFailed(Message):
    """A command failed, with the cause."""

    cause: str


@dataclass
class Mishap(Message):
    """Code of ours failed while it carried out a key or answered a message; the screen goes on."""

    error: Exception
