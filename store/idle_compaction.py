"""When Claude Code compacts an idle conversation by itself: the client's own rule. Pure.

A large conversation that has been idle for nine tenths of a one-hour entry's life is summarised while its cache is
still warm. A ping neither stops nor delays that, and after it the prefix is another one.
"""

from __future__ import annotations

import sqlite3

from msgspec import Struct
from msgspec.structs import asdict

from store import settings
from store.client_version import at_least
from store.models import Status, WaitingFor
from store.rows import LineageRow, SessionRow
from store.settings import JsonValue

SINCE = (2, 1, 286)
SHARE = 0.9
"""Part of the lifetime after the last activity: minute 54 of an hour."""
GRACE = 0.05
"""Part of the lifetime by which it may be late. After that this client does not do it: its vendor can switch it off."""
LEAST_TOKENS, FLOOR = 200_000, 100_000
KEY = "claude.idle_compaction"
_IDLE = (None, WaitingFor.YOU)


class Rule(Struct, frozen=True):
    """What the user's own settings of the client make of the rule."""

    on: bool = True
    min_tokens: int = LEAST_TOKENS

    @classmethod
    def of(cls, idle_compaction: object, min_tokens: object) -> Rule:
        """From the client's setting and environment variable, whatever they hold."""
        try:
            tokens = LEAST_TOKENS if min_tokens is None else max(FLOOR, int(str(min_tokens)))
        except ValueError:
            tokens = LEAST_TOKENS
        return cls(idle_compaction is not False, tokens)


def compacts_at(rule: Rule, session: SessionRow, lineage: LineageRow, now: float) -> float | None:
    """When the client will compact this conversation unless somebody speaks before; None where it will not."""
    idle = session.ended_at is None and session.status is not Status.BUSY and session.waiting_for in _IDLE
    if not rule.on or not idle or session.agent != "claude" or not at_least(session.client_version, SINCE):
        return None
    if lineage.ttl_class != "1h" or lineage.ttl_seconds is None or lineage.last_request_at is None or lineage.replaced:
        return None
    if max(lineage.prefix_tokens, session.context_tokens or 0) < rule.min_tokens:
        return None
    # Not the last touch: a ping does not delay it.
    at = max(lineage.last_request_at, session.last_activity_at or 0.0) + SHARE * lineage.ttl_seconds
    return at if now < given_up_at(at, lineage.ttl_seconds) else None


def given_up_at(at: float, ttl_seconds: float) -> float:
    """From when on a compaction that was due at `at` is not expected any more."""
    return at + GRACE * ttl_seconds


def put(connection: sqlite3.Connection, rule: Rule) -> bool:
    """Keep the rule for every reader; returns whether it is another one than before."""
    if get(connection) == rule and settings.get(connection, KEY) is not None:
        return False
    value: dict[str, JsonValue] = {**asdict(rule)}
    settings.put(connection, KEY, value)
    return True


def get(connection: sqlite3.Connection) -> Rule:
    """The rule in force, as the keeper last read it."""
    value = settings.get(connection, KEY)
    if not isinstance(value, dict):
        return Rule()
    tokens = value.get("min_tokens")
    return Rule(value.get("on") is not False, tokens if isinstance(tokens, int) else LEAST_TOKENS)
