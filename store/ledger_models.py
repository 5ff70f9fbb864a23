"""What the ledger hands out: money of keep-alive by session, day, project, agent and outcome, and its idle periods.

Money is US dollars, times are seconds since the epoch, UTC. Only idle periods with a ping are in it: the others cost
nothing and saved nothing.
"""

from __future__ import annotations

from typing import Literal

from store.models import LedgerLine, Row, TTLClass, WaitingFor

Result = Literal["open", "kept", "early", "too_late", "unread", "replaced", "never_back"]
"""What came of an idle period. `kept`: its prefix was read after the original expiry, the one case with a saving.
All others that closed are losses: `early` came back while the entry would have lived anyway, `too_late` wrote it again,
`unread` came after the expiry without a proof that a ping kept it (read in part, or no ping had hit), `replaced` came
back with another prefix, `never_back` is the end of the session or a day of silence."""

RESULTS: tuple[Result, ...] = ("kept", "early", "too_late", "unread", "replaced", "never_back", "open")
"""In the order in which tables show them."""


class LedgerView(Row):
    """`ledger --json`: what keep-alive cost and what it provably saved.

    `lost_usd` is the part of `spent_usd` that went to idle periods that closed without a saving; `net_usd` is saved
    minus spent. Each `by_` adds up to the totals.
    """

    pings: int = 0
    hits: int = 0
    spent_usd: float = 0.0
    saved_usd: float = 0.0
    lost_usd: float = 0.0
    net_usd: float = 0.0
    closed: int = 0
    """Idle periods with pings that closed."""
    by_session: tuple[LedgerLine, ...] = ()
    """Newest first; the label is the project."""
    by_day: tuple[LedgerLine, ...] = ()
    """Oldest first."""
    by_project: tuple[LedgerLine, ...] = ()
    """Dearest first, as by agent."""
    by_agent: tuple[LedgerLine, ...] = ()
    by_result: tuple[LedgerLine, ...] = ()
    """Keys are of `Result`."""


class IdlePeriod(Row):
    """One idle period with pings."""

    session: str
    project: str
    agent: str
    opened_at: float
    """Start of the request before it."""
    original_expires_at: float
    """When the entry would have gone cold without a ping."""
    closed_at: float | None
    closed_by: Literal["", "request", "end", "timeout", "replaced"]
    waiting_for: WaitingFor | None
    ttl: TTLClass | None
    prefix_tokens: int
    warmer: Literal["replay", "fork"] | None
    """Of its newest ping."""
    pings: int
    hits: int
    spent_usd: float
    saved_usd: float | None
    """None where something was saved and no price is known."""
    lost_usd: float
    result: Result


class LedgerPeriods(LedgerView):
    """`ledger --periods --json`."""

    periods: tuple[IdlePeriod, ...] = ()
    """Newest first."""


class SessionLedger(Row):
    """One session's money and its idle periods, for the Ledger tab."""

    total: LedgerLine = LedgerLine(key="")
    by_result: tuple[LedgerLine, ...] = ()
    periods: tuple[IdlePeriod, ...] = ()
    """Newest first, the newest alone: `total` has them all."""
