"""What the ledger hands out: money of keep-alive by session, day, project, agent and outcome, and its idle periods.

Money is US dollars, times are seconds since the epoch, UTC. Only idle periods with a ping are in it: the others cost
nothing and saved nothing.
"""

from __future__ import annotations

from typing import Literal

from store.models import LedgerLine, TTLClass, WaitingFor
from store.row import Row

Result = Literal["open", "kept", "early", "too_late", "unread", "replaced", "never_back"]
"""What came of an idle period. `kept`: its prefix was read after the original expiry, the one case with a saving.
All others that closed are losses: `early` came back while the entry would have lived anyway, `too_late` wrote it again,
`unread` came after the expiry without a proof that a ping kept it (read in part, or no ping had hit), `replaced` came
back with another prefix, `never_back` is the end of the session or a day of silence."""

RESULTS: tuple[Result, ...] = ("kept", "early", "too_late", "unread", "replaced", "never_back", "open")
"""In the order in which tables show them."""


class LedgerView(Row, frozen=True, kw_only=True):
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
    by_login: tuple[LedgerLine, ...] = ()
    """Keys are `api_key`, `subscription` (nobody is billed by token there: it is what an API key would have paid) and
    '' where the login is not known."""
    by_result: tuple[LedgerLine, ...] = ()
    """Keys are of `Result`."""


class IdlePeriod(Row, frozen=True, kw_only=True):
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


class LedgerPeriods(LedgerView, frozen=True, kw_only=True):
    """`ledger --periods --json`."""

    periods: tuple[IdlePeriod, ...] = ()
    """Newest first."""


class SessionLedger(Row, frozen=True, kw_only=True):
    """One session's money and its idle periods, for the Ledger tab."""

    total: LedgerLine = LedgerLine(key="")
    by_result: tuple[LedgerLine, ...] = ()
    periods: tuple[IdlePeriod, ...] = ()
    """Newest first, the newest alone: `total` has them all."""


class SpanLine(Row, frozen=True, kw_only=True):
    """Some of a span's keep-alive. Amounts are dollars, or tokens under a plan's login, where nobody is billed."""

    key: str = ""
    """Local date as YYYY-MM-DD or hour as `14`, project, or outcome."""
    pings: int = 0
    hits: int = 0
    kept_pings: int = 0
    """Pings whose idle periods closed with a saving, and those whose came to nothing; the rest is open."""
    lost_pings: int = 0
    spent: float = 0.0
    lost: float = 0.0
    """The part of `spent` whose idle periods have closed without a saving: told where it was spent, not when that
    came out, so that it never exceeds `spent`."""
    saved: float = 0.0
    closed: int = 0
    """Idle periods with pings that closed."""

    @property
    def net(self) -> float:
        """Saved minus spent."""
        return self.saved - self.spent


class SpanLedger(Row, frozen=True, kw_only=True):
    """A span's keep-alive under one kind of login. Each `by_` adds up to the total."""

    total: SpanLine = SpanLine()
    by_slot: tuple[SpanLine, ...] = ()
    """Oldest first; days or hours without anything are left out."""
    by_project: tuple[SpanLine, ...] = ()
    """Dearest first."""
    by_result: tuple[SpanLine, ...] = ()
    """Keys are of `Result`, in its order."""


class DayLedger(Row, frozen=True, kw_only=True):
    """What keep-alive cost and saved in a span, by day."""

    since: float
    """Its start; 0 is all time."""
    today: str
    """Local date as YYYY-MM-DD at the time of reading."""
    slot: Literal["day", "hour"]
    """What `by_slot` goes by: a span of one day goes by hours."""
    billed: SpanLedger = SpanLedger()
    """Dollars of all sessions that are not under a plan's login."""
    plan: SpanLedger = SpanLedger()
    """Tokens of those that are: spent is what pings sent and received, saved what did not have to be written again."""
    ever: bool = False
    """A ping was sent at some time."""
    hour_less_usd: float | None = None
    """So much less than now one-hour writes would have cost, with no ping at all; None where nobody can tell."""
