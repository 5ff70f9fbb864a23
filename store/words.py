"""The words that columns and views share. Only the standard library: what reads transcripts validates nothing and
starts without the library that does.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

TTLClass = Literal["5m", "1h"]
Warmer = Literal["replay", "fork"]
"""The two ways of a ping."""
ReasonArgs = dict[str, str | int | float]
"""What a reason code is about, by name."""

SEPARATOR = "\x1e"
"""Between the entries of a column that holds several texts (ASCII: record separator)."""


class Status(StrEnum):
    """What a session is doing, as far as its client says."""

    BUSY = "busy"
    IDLE = "idle"
    ENDED = "ended"
    UNKNOWN = "unknown"


class WaitingFor(StrEnum):
    """What a session waits for; no value means that it works."""

    YOU = "you"
    PERMISSION = "permission"
    TOOL = "tool"
    BACKGROUND = "background"


class Evidence(StrEnum):
    """Where a cache state comes from, best first."""

    GATEWAY = "gateway"
    CLIENT = "client"
    TRANSCRIPT = "transcript"
    ASSUMED = "assumed"


class CacheStateName(StrEnum):
    """The five states of a prompt cache."""

    WARM = "warm"
    EXPIRED = "expired"
    CHANGED = "changed"
    LIKELY = "likely"
    UNKNOWN = "unknown"


class BudgetMode(StrEnum):
    """Who decides about pings: nobody, the policy, or the person until a time."""

    OFF = "off"
    AUTO = "auto"
    HOLD = "hold"
