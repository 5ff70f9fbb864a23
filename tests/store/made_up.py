"""Small made-up stores: a session, its lineage, requests, idle periods and pings, each in one call."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import NamedTuple

import pytest

from store import idle, lineages, pings, prices, requests, sessions
from store.budgets import Allowed, Standing
from store.launches import token_hash
from store.migrations import migrate
from store.models import BudgetMode, Evidence, Status, TTLClass, Usage, WaitingFor
from store.pings import Caps
from store.rows import BudgetRow, LaunchRow, PriceRow, SessionRow

NOW = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC."""
OPUS = "claude-opus-5-5"
HAIKU = "claude-haiku-5-5"
TTL = 300.0
NO_CAPS = Caps(idle_pings=None, session_usd=None, day_usd=1e9, day_start=0.0)
AUTO = BudgetRow(session_id="", mode=BudgetMode.AUTO, pings=None, usd=None, until=None, updated_at=0.0)


class InForce(NamedTuple):
    """Implements `Allowed`."""

    mode: BudgetMode
    pings: int | None
    usd: float | None
    until: float | None


def budget_of(standing: Standing) -> Allowed:
    """A reader without a configuration: the session's own row, else the stored default, else auto."""
    row = standing.own or standing.default or AUTO
    return InForce(row.mode or BudgetMode.AUTO, row.pings, row.usd, row.until)


def price(
    model: str = OPUS,
    *,
    since: float = 0.0,
    above: int = 0,
    dollars: tuple[float, float, float, float, float] = (4.0, 20.0, 0.2, 5.0, 8.0),
) -> PriceRow:
    """A price row; `dollars` are input, output, read, 5m write and 1h write per million tokens."""
    plain, output, read, write_5m, write_1h = dollars
    return PriceRow(
        model=model,
        valid_from=since,
        above_tokens=above,
        input=plain,
        output=output,
        cache_read=read,
        cache_write_5m=write_5m,
        cache_write_1h=write_1h,
        source="made up",
    )


OPUS_PRICE = price()
HAIKU_LOW = price(HAIKU, dollars=(0.10, 0.50, 0.01, 0.125, 0.20))
HAIKU_HIGH = price(HAIKU, above=100_001, dollars=(0.50, 2.50, 0.05, 0.625, 1.0))


def add_prices(db: sqlite3.Connection) -> None:
    """Opus with one price, Haiku with two tiers."""
    prices.put(db, [OPUS_PRICE, HAIKU_LOW, HAIKU_HIGH])


def launch(launch_id: str = "launch-00000001", started_at: float = NOW) -> LaunchRow:
    """A launch of Claude Code."""
    return LaunchRow(
        id=launch_id,
        token_hash=token_hash(f"token of {launch_id}"),
        agent="claude",
        pid=4711,
        pid_started_at=NOW - 1,
        cwd="/home/x/harbour",
        upstream="https://api.anthropic.com",
        proxy=None,
        ca_file=None,
        started_at=started_at,
        ended_at=None,
    )


def session_row() -> SessionRow:
    """An idle session of Claude Code, as a row."""
    return SessionRow(
        id="s1",
        agent="claude",
        launch_id=None,
        cwd="",
        project="",
        title="",
        status=Status.IDLE,
        waiting_for=WaitingFor.YOU,
        waiting_since=NOW,
        pid=1,
        pid_started=None,
        tmux_pane=None,
        client_version="2.1.331",
        login=None,
        model=OPUS,
        context_tokens=None,
        transcript=None,
        opened_at=NOW,
        last_activity_at=NOW,
        ended_at=None,
        end_reason="",
        seen_by="",
    )


def add_session(db: sqlite3.Connection, session_id: str = "s1", **known: str | float | None) -> str:
    """A session of Claude Code that was opened at NOW."""
    defaults: dict[str, str | float | None] = {"agent": "claude", "cwd": "/home/x/harbour", "opened_at": NOW}
    sessions.save(db, session_id, **(defaults | known))
    return session_id


def add_lineage(
    db: sqlite3.Connection,
    session_id: str = "s1",
    *,
    at: float = NOW,
    prefix: int = 100_000,
    ttl: TTLClass | None = "5m",
    model: str = OPUS,
    agent_id: str = "",
) -> int:
    """A lineage whose last request started at `at`."""
    lineage_id = lineages.start(db, session_id, agent_id, model=model, evidence=Evidence.GATEWAY, at=at)
    touch(db, lineage_id, at=at, prefix=prefix, ttl=ttl, model=model)
    return lineage_id


def touch(
    db: sqlite3.Connection,
    lineage_id: int,
    *,
    at: float,
    prefix: int = 100_000,
    ttl: TTLClass | None = "5m",
    model: str = OPUS,
) -> None:
    """Another real request of the lineage."""
    lineages.touch_by_request(
        db,
        lineage_id,
        at=at,
        prefix_tokens=prefix,
        ttl_class=ttl,
        ttl_seconds=TTL if ttl else None,
        model=model,
        evidence=Evidence.GATEWAY,
        held=True,
        thinking=False,
        replayable="",
    )


def open_period(
    db: sqlite3.Connection, lineage_id: int, session_id: str = "s1", *, at: float = NOW, prefix: int = 100_000
) -> int:
    """An idle period of a five-minute entry; returns its id."""
    idle.open_period(db, lineage_id, session_id, at=at, ttl_class="5m", ttl_seconds=TTL, prefix_tokens=prefix)
    found = idle.current(db, lineage_id)
    assert found is not None
    return found[0]


def reserve(
    db: sqlite3.Connection,
    lineage_id: int,
    session_id: str = "s1",
    *,
    at: float = NOW + 280,
    prefix: int = 100_000,
    row: PriceRow = OPUS_PRICE,
    caps: Caps = NO_CAPS,
) -> int | str:
    """Reserve a ping at the row's own prices."""
    return pings.reserve(
        db,
        lineage_id=lineage_id,
        session_id=session_id,
        warmer="replay",
        model=row.model,
        ttl_class="5m",
        prefix_tokens=prefix,
        manual=False,
        now=at,
        expires_at=at + 20,
        read_usd=row.cache_read * prefix / 1e6,
        write_usd=row.cache_write_5m * prefix / 1e6,
        caps=caps,
    )


def add_ping(
    db: sqlite3.Connection,
    lineage_id: int,
    session_id: str = "s1",
    *,
    at: float = NOW + 280,
    prefix: int = 100_000,
    hit: bool = True,
) -> int:
    """A settled ping that read (or, on a miss, wrote) the whole prefix."""
    ping_id = reserve(db, lineage_id, session_id, at=at, prefix=prefix)
    assert isinstance(ping_id, int)
    usage = Usage(cache_read=prefix) if hit else Usage(cache_write_5m=prefix)
    pings.settle(db, ping_id, outcome="hit" if hit else "miss", now=at + 1, sent_at=at, status=200, usage=usage)
    return ping_id


def add_request(
    db: sqlite3.Connection,
    message_id: str,
    session_id: str = "s1",
    *,
    at: float = NOW,
    usage: Usage | None = None,
    evidence: Evidence = Evidence.GATEWAY,
    lineage_id: int | None = None,
    model: str = OPUS,
    first_byte_seconds: float | None = None,
) -> bool:
    """A request; returns whether it was new."""
    return requests.record(
        db,
        message_id=message_id,
        session_id=session_id,
        agent_id="",
        lineage_id=lineage_id,
        evidence=evidence,
        model=model,
        started_at=at,
        usage=usage or Usage(),
        first_byte_seconds=first_byte_seconds,
    )


@cache
def _template() -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        return connection.serialize()


@contextmanager
def memory_store() -> Iterator[sqlite3.Connection]:
    """A migrated store in memory: one for each example of a property test, in under a millisecond."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(_template())
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@contextmanager
def time_zone(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """The machine's time zone is `name`."""
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", name)
            time.tzset()
            yield
    finally:
        time.tzset()
