"""Rows as the keeper needs them: what one lineage, budget, launch or intent says.

Views for people are in store/models.py; these are the records that decisions are made from.
"""

from __future__ import annotations

import json
from typing import Literal

from store.models import BudgetMode, Evidence, ReasonArgs, Status, TTLClass, WaitingFor
from store.row import Row


class LaunchRow(Row, frozen=True, kw_only=True):
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


class SessionRow(Row, frozen=True, kw_only=True):
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


class LineageRow(Row, frozen=True, kw_only=True):
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

    @classmethod
    def from_columns(cls, columns: dict[str, object]) -> dict[str, object]:
        for name in ("stop_args", "why_args"):
            if isinstance(value := columns[name], str):
                columns[name] = json.loads(value)
        return columns

    @property
    def expires_at(self) -> float | None:
        """When the entry lapses unless something reads it before."""
        if self.last_touch_at is None or self.ttl_seconds is None:
            return None
        return self.last_touch_at + self.ttl_seconds


class BudgetRow(Row, frozen=True, kw_only=True):
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

    @classmethod
    def from_columns(cls, columns: dict[str, object]) -> dict[str, object]:
        return {**columns, "mode": columns["mode"] or None}


class IntentRow(Row, frozen=True, kw_only=True):
    """A person's "ping now", waiting to be taken."""

    id: int
    kind: str
    session_id: str
    created_at: float
    closed_at: float | None
    result: str


class PriceRow(Row, frozen=True, kw_only=True):
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
