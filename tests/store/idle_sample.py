"""Idle periods of every kind for property tests, and what came of them, reckoned in plain Python."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from hypothesis import strategies as st

from store import idle, pings
from store.ledger_models import Result
from store.models import TTLClass, Usage, WaitingFor
from tests.store.made_up import NO_CAPS, NOW, OPUS, add_lineage, add_prices, add_session

PREFIX = 100_000
READ, WRITE = 0.02, {"5m": 0.5, "1h": 0.8}
"""$ for that prefix on the made-up Opus."""
TTL_SECONDS = {"5m": 300.0, "1h": 3600.0}
SESSIONS = {"a": ("claude", "harbour"), "b": ("claude", "pier"), "c": ("other", "pier")}
"""Agent and project by session."""


class MadePing(NamedTuple):
    """`after`: seconds from the period's opening."""

    warmer: Literal["replay", "fork"]
    hit: bool
    after: float


class MadePeriod(NamedTuple):
    """`gap`: seconds to its close; `read`: share of the prefix that the closing request read."""

    session: str
    ttl: TTLClass
    waiting: WaitingFor | None
    opened: float
    closed_by: Literal["", "request", "end", "timeout", "replaced"]
    gap: float
    read: float
    pings: tuple[MadePing, ...]

    @property
    def closed_at(self) -> float | None:
        return self.opened + self.gap if self.closed_by else None

    @property
    def late(self) -> bool:
        """Closed after the original expiry."""
        return self.gap > TTL_SECONDS[self.ttl]

    def in_time(self) -> MadePeriod:
        """With every ping before its close; only a hold goes on after a day of silence."""
        if self.closed_by in ("", "timeout"):
            return self
        return self._replace(pings=tuple(ping._replace(after=min(ping.after, self.gap)) for ping in self.pings))

    @property
    def spent(self) -> float:
        return sum(READ if ping.hit else WRITE[self.ttl] for ping in self.pings)

    @property
    def hits(self) -> int:
        return sum(ping.hit for ping in self.pings)

    @property
    def saved(self) -> float:
        """Invariant 7."""
        kept = self.closed_by == "request" and self.late and self.read >= 0.95 and self.hits > 0
        return self.read * (WRITE[self.ttl] - READ) if kept else 0.0

    @property
    def lost(self) -> float:
        return self.spent if self.closed_by and not self.saved else 0.0

    @property
    def result(self) -> Result:
        if self.closed_by != "request":
            other: dict[str, Result] = {"": "open", "replaced": "replaced"}
            return other.get(self.closed_by, "never_back")
        if self.saved:
            return "kept"
        if not self.late:
            return "early"
        return "too_late" if self.read < 0.5 else "unread"


PINGS = st.builds(
    MadePing, st.sampled_from(["replay", "fork"]), st.sampled_from([True, True, False]), st.floats(1, 4_000)
)
PERIODS = st.builds(
    MadePeriod,
    st.sampled_from(sorted(SESSIONS)),
    st.sampled_from(["5m", "1h"]),
    st.sampled_from([None, WaitingFor.YOU, WaitingFor.TOOL]),
    st.floats(0, 5 * 86_400).map(lambda after: NOW + after),
    st.sampled_from(["request", "request", "request", "end", "timeout", "replaced", ""]),
    st.sampled_from([10.0, 299.0, 300.0, 301.0, 3_600.0, 3_601.0, 9_000.0]),
    st.sampled_from([0.0, 0.49, 0.5, 0.94, 0.95, 1.0]),
    st.lists(PINGS, max_size=3).map(tuple),
).map(lambda period: period.in_time())


def fill(db: sqlite3.Connection, periods: list[MadePeriod]) -> list[int]:
    """Store them, each with a lineage of its own; returns their ids."""
    add_prices(db)
    for session_id, (agent, project) in SESSIONS.items():
        add_session(db, session_id, agent=agent, cwd=f"/home/x/{project}")
    return [add(db, period) for period in periods]


def add(db: sqlite3.Connection, period: MadePeriod) -> int:
    """Store one as the keeper does."""
    lineage_id = add_lineage(db, period.session, at=period.opened, ttl=period.ttl)
    seconds = TTL_SECONDS[period.ttl]
    idle.open_period(
        db,
        lineage_id,
        period.session,
        at=period.opened,
        ttl_class=period.ttl,
        ttl_seconds=seconds,
        prefix_tokens=PREFIX,
    )
    (idle_id,) = db.execute("SELECT max(id) FROM idle_periods").fetchone()
    db.execute("UPDATE idle_periods SET waiting_for = ? WHERE id = ?", (period.waiting, idle_id))
    for ping in period.pings:
        _add_ping(db, lineage_id, period, ping)
    if period.closed_by == "request":
        idle.close_by_request(db, lineage_id, at=period.opened + period.gap, read_tokens=round(period.read * PREFIX))
    elif period.closed_by:
        idle.close_unreturned(db, lineage_id, at=period.opened + period.gap, by=period.closed_by)
    return int(idle_id)


def _add_ping(db: sqlite3.Connection, lineage_id: int, period: MadePeriod, ping: MadePing) -> None:
    at = period.opened + ping.after
    ping_id = pings.reserve(
        db,
        lineage_id=lineage_id,
        session_id=period.session,
        warmer=ping.warmer,
        model=OPUS,
        ttl_class=period.ttl,
        prefix_tokens=PREFIX,
        manual=False,
        now=at,
        expires_at=at + 20,
        read_usd=READ,
        write_usd=WRITE[period.ttl],
        caps=NO_CAPS,
    )
    assert isinstance(ping_id, int)
    written = Usage(cache_write_5m=PREFIX) if period.ttl == "5m" else Usage(cache_write_1h=PREFIX)
    pings.settle(
        db,
        ping_id,
        outcome="hit" if ping.hit else "miss",
        now=at + 1,
        sent_at=at,
        status=200,
        usage=Usage(cache_read=PREFIX) if ping.hit else written,
    )
