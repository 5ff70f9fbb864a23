"""Rows as the keeper needs them: what one lineage, budget, launch or intent says, validated once.

Views for people are in store/models.py; these are the records that decisions are made from.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Literal, TypeVar

from pydantic import field_validator

from store.models import BudgetMode, Evidence, ReasonArgs, Row, Status, TTLClass, WaitingFor


class LaunchRow(Row):
    """One start of a client by `warmside run`."""

    id: str
    token_hash: str
    agent: str
    pid: int
    pid_started_at: float | None
    cwd: str
    upstream: str
    proxy: str | None
    ca_file: str | None
    started_at: float
    ended_at: float | None


class SessionRow(Row):
    """One conversation, as stored."""

    id: str
    agent: str
    launch_id: str | None
    cwd: str
    project: str
    title: str
    status: Status
    waiting_for: WaitingFor | None
    waiting_since: float | None
    pid: int | None
    pid_started: str | None
    tmux_pane: str | None
    client_version: str
    login: Literal["api_key", "subscription"] | None
    model: str | None
    context_tokens: int | None
    transcript: str | None
    opened_at: float | None
    last_activity_at: float | None
    ended_at: float | None
    end_reason: str
    seen_by: str
    """How we know of it: `session_file`, `lock`, `hold_file`, `process`, `launch`, or only its `transcript`."""


class LineageRow(Row):
    """One chain of requests that share a growing prefix."""

    id: int
    session_id: str
    agent_id: str
    model: str
    ttl_class: TTLClass | None
    ttl_seconds: float | None
    evidence: Evidence
    requests: int
    prefix_tokens: int
    first_request_at: float | None
    last_request_at: float | None
    last_touch_at: float | None
    replaced: str
    broke_tokens: int | None
    held: bool
    thinking: bool
    replayable: str
    stop: str
    stop_args: ReasonArgs
    stop_until: float | None
    why: str
    why_args: ReasonArgs
    next_ping_at: float | None
    max_idle_pings: int | None

    @field_validator("stop_args", "why_args", mode="before")
    @classmethod
    def _decode(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @property
    def expires_at(self) -> float | None:
        """When the entry lapses unless something reads it before."""
        if self.last_touch_at is None or self.ttl_seconds is None:
            return None
        return self.last_touch_at + self.ttl_seconds


class BudgetRow(Row):
    """What a session may spend on pings; None leaves the choice to the default."""

    session_id: str
    mode: BudgetMode | None
    """None (stored as ''): said nothing of it."""
    pings: int | None
    usd: float | None
    until: float | None
    updated_at: float
    usd_per_ping: float | None = None
    until_back: bool = False
    """Its mode ends with the session's next prompt, and at `until` at the latest."""

    @field_validator("mode", mode="before")
    @classmethod
    def _unsaid(cls, value: object) -> object:
        return None if value == "" else value


class IntentRow(Row):
    """A person's "ping now", waiting to be taken."""

    id: int
    kind: str
    session_id: str
    created_at: float
    closed_at: float | None
    result: str


class PriceRow(Row):
    """Prices of one model from one day on, $ per million tokens."""

    model: str
    valid_from: float
    above_tokens: int
    input: float
    output: float
    cache_read: float
    cache_write_5m: float
    cache_write_1h: float
    source: str


R = TypeVar("R", bound=Row)


def fetch_all(model: type[R], cursor: sqlite3.Cursor) -> list[R]:
    """Every row of a query as `model`; the query names its columns as the model's fields."""
    names = [column[0] for column in cursor.description]
    return [model(**dict(zip(names, row, strict=True))) for row in cursor]


def fetch_one(model: type[R], cursor: sqlite3.Cursor) -> R | None:
    """The first row as `model`, or None."""
    row = cursor.fetchone()
    if row is None:
        return None
    names = [column[0] for column in cursor.description]
    return model(**dict(zip(names, row, strict=True)))
