"""The part of the `--json` contracts that the end-to-end tests rely on, read as any script would read it.

Written down here anew: a field that the product renames has to fail a test. Fields that no test looks at are left out.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Cache(_Contract):
    state: str
    ttl: str | None
    expires_at: datetime | None
    evidence: str | None
    reason: str
    cold_tokens: int | None


class Keepalive(_Contract):
    mode: str
    warmer: str | None
    pings: int
    usd: float | None
    idle_pings: int
    idle_max_pings: int | None
    next_ping_at: datetime | None
    why: str
    in_flight: bool


class Totals(_Contract):
    requests: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int


class Session(_Contract):
    """One session of `sessions --json`."""

    id: str
    agent: str
    cwd: str
    status: str
    waiting_for: str | None
    pid: int | None
    seen_by: str
    login: str | None
    ended_at: datetime | None
    context_tokens: int | None
    cache: Cache
    keepalive: Keepalive
    totals: Totals


class FileChange(_Contract):
    path: str
    kind: str


class FailedCommand(_Contract):
    command: str
    exit_code: int


class CacheEvent(_Contract):
    kind: str
    cause: str
    tokens: int
    usd: float | None


class Turn(_Contract):
    n: int
    prompt: str
    answer: str
    requests: int
    files_changed: tuple[FileChange, ...]
    failed_commands: tuple[FailedCommand, ...]
    cache_event: CacheEvent | None
    cache_events: tuple[CacheEvent, ...]
    memory: str


class Detail(Session):
    """`show ID --json`."""

    compactions: int
    copied_requests: int
    transcripts: tuple[str, ...]
    turns: tuple[Turn, ...]


class LedgerLine(_Contract):
    key: str
    pings: int
    hits: int


class Ledger(_Contract):
    """`ledger --json`."""

    pings: int
    hits: int
    spent_usd: float
    saved_usd: float
    lost_usd: float
    net_usd: float
    by_session: tuple[LedgerLine, ...]


class Keeper(_Contract):
    """`keeper status --json`."""

    pid: int
    worker_pid: int
    port: int
    url: str
    upstream: str
    sessions: int
    supervised: bool


SESSIONS = TypeAdapter(list[Session])
KEEPER = TypeAdapter(Keeper | None)
