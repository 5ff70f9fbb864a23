"""The shapes that leave the store: the views that the command contracts promise.

Times are seconds since the epoch, UTC (`float`); token counts are tokens; money is US dollars, always computed from
tokens with the prices of the day and never stored. A view is what one reader wants to see at one moment: it is built
by the query modules and never written back.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from store.row import Row
from store.words import BudgetMode as BudgetMode
from store.words import CacheStateName as CacheStateName
from store.words import Evidence as Evidence
from store.words import ReasonArgs as ReasonArgs
from store.words import Status as Status
from store.words import TTLClass as TTLClass
from store.words import WaitingFor as WaitingFor
from store.words import Warmer as Warmer


class Usage(Row, frozen=True, kw_only=True):
    """Tokens of one request, a turn, or a sum of them.

    `input` excludes what was read from or written to the cache, also for providers that report it included; a write
    whose class the provider does not name counts as `5m`.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0
    """The part of `output` that was reasoning, where the client says so."""

    @property
    def cache_write(self) -> int:
        """Tokens written to the cache, both classes."""
        return self.cache_write_5m + self.cache_write_1h

    @property
    def prefix(self) -> int:
        """Everything that the provider read as prompt."""
        return self.input + self.cache_read + self.cache_write


class Totals(Usage, frozen=True, kw_only=True):
    """A session's sum over its requests (pings are never requests)."""

    requests: int = 0
    usd: float | None = None
    """None when a model without a known price took part."""


class CacheView(Row, frozen=True, kw_only=True):
    """How warm a session's main lineage is, and how we know."""

    state: CacheStateName = CacheStateName.UNKNOWN
    ttl: TTLClass | None = None
    ttl_seconds: float | None = None
    expires_at: float | None = None
    """Warm until (or, when expired, cold since)."""
    evidence: Evidence | None = None
    reason: str = ""
    """Reason code for `changed` and `unknown` (`tools_changed`, `no_request`, ...)."""
    probability: float | None = None
    """For `likely` the chance that the entry is still there, for `warm` that the next prompt reads it."""
    cold_tokens: int | None = None
    """What a cold resume writes again."""
    cold_usd: float | None = None
    warm_usd: float | None = None
    """What the same tokens cost while the entry is there."""
    cold_extra_seconds: float | None = None
    """How much later the answer to a cold resume begins, where this machine's own requests have shown it."""
    costly: bool = False
    """A cold resume costs more than the configured threshold."""
    compacts_at: float | None = None
    """When the client will compact the conversation by itself, if nobody speaks before."""
    broke_at: float | None = None
    """When the gateway last saw a prefix that was not read as it could have been; `broke_by` says why."""
    broke_by: str = ""
    broke_tokens: int | None = None
    """What that wrote again."""
    disagrees: str = ""
    """Another source and what it says instead, worse than `evidence`: `transcript_expired`, `client_warm`."""
    last_miss_cause: str = ""
    """The client's own codes for its last rebuilt cache, joined by commas, where it reports them."""
    last_miss_at: float | None = None


class KeepaliveView(Row, frozen=True, kw_only=True):
    """What keep-alive does for a session, and why."""

    mode: BudgetMode = BudgetMode.AUTO
    warmer: Warmer | None = None
    pings: int = 0
    """Pings of the whole session."""
    usd: float | None = 0.0
    """Money those pings cost; None when a price is unknown."""
    idle_pings: int = 0
    idle_max_pings: int | None = None
    max_pings: int | None = None
    """The person's own cap an idle period; `idle_max_pings` is what the policy plans inside it."""
    max_usd: float | None = None
    until: float | None = None
    """End of a `hold`."""
    next_ping_at: float | None = None
    next_ping_usd: float | None = None
    why: str = ""
    """Reason code: why the next ping is (or is not) sent. tui/reasons.py puts it into words."""
    why_args: ReasonArgs = field(default_factory=dict)
    in_flight: bool = False


class SessionView(Row, frozen=True, kw_only=True):
    """One session as the list, the sidebar and `sessions --json` show it."""

    id: str
    agent: str
    project: str
    cwd: str
    title: str = ""
    status: Status = Status.UNKNOWN
    waiting_for: WaitingFor | None = None
    pid: int | None = None
    seen_by: str = ""
    """How we know of it: `session_file`, `lock`, `hold_file`, `process`, `launch`, or only its `transcript`."""
    tmux_pane: str | None = None
    login: Literal["api_key", "subscription"] | None = None
    opened_at: float | None = None
    last_activity_at: float | None = None
    ended_at: float | None = None
    model: str | None = None
    context_tokens: int | None = None
    cache: CacheView = CacheView()
    keepalive: KeepaliveView = KeepaliveView()
    totals: Totals = Totals()


class FileChange(Row, frozen=True, kw_only=True):
    """A file that a turn changed. `kind` is one letter: Added, Modified, Deleted, Renamed."""

    path: str
    kind: Literal["A", "M", "D", "R"]


class FailedCommand(Row, frozen=True, kw_only=True):
    """A shell command that a turn ran and that failed."""

    command: str
    exit_code: int


class CacheEvent(Row, frozen=True, kw_only=True):
    """What happened to the cache at one request of a turn. Money is the price of writing `tokens` less that of reading
    them: what a break cost, or what a kept entry spared."""

    kind: Literal["kept", "lapsed", "changed", "compacted"]
    """`kept`: read although its lifetime was over; `lapsed`: the lifetime was over and it was written again."""
    cause: str = ""
    """Reason code of a change, from the gateway where it saw the request (else `model_changed`, `resumed`, `shrank`,
    `prefix_changed`). A kept entry has `ping`, or nothing where no ping of ours did it."""
    tokens: int = 0
    """Read (`kept`), the whole prompt that it starts again with (`compacted`), else what was written again."""
    usd: float | None = None
    """None without a known price."""
    shrunk_percent: float | None = None
    """How much shorter the prompt was than the one before, without a compaction: the client dropped older content."""
    at: float | None = None
    """Start of the request."""


class TurnView(Row, frozen=True, kw_only=True):
    """One turn: what was asked, what it left, what it cost."""

    n: int
    started_at: float | None = None
    ended_at: float | None = None
    prompt: str = ""
    answer: str = ""
    files_changed: tuple[FileChange, ...] = ()
    failed_commands: tuple[FailedCommand, ...] = ()
    requests: int = 0
    usage: Usage = Usage()
    usd: float | None = None
    context_before: int | None = None
    """Tokens of the conversation at the last request before this turn, and at its own last one."""
    context_after: int | None = None
    cache_event: CacheEvent | None = None
    """What happened at its first request, else the worst within it; `cache_events` are all, in order."""
    cache_events: tuple[CacheEvent, ...] = ()
    memory: str = ""


class SessionDetail(SessionView, frozen=True, kw_only=True):
    """`show ID`: the session plus what its transcripts hold."""

    compactions: int = 0
    models: tuple[str, ...] = ()
    first_at: float | None = None
    last_at: float | None = None
    malformed_lines: int = 0
    prompts: int = 0
    """Typed by a person; `queued` were typed while the agent worked."""
    queued: int = 0
    notifications: int = 0
    slash_commands: int = 0
    shell_commands: int = 0
    interrupts: int = 0
    last_write: Literal["5m", "1h", "unknown"] | None = None
    """TTL class of the last request that wrote to the cache; None when none did."""
    copied_requests: int = 0
    """Requests in its transcript that another session's transcript keeps: not in the totals."""
    forked_from: str | None = None
    transcripts: tuple[str, ...] = ()
    """Files that it was read from; they may be gone by now."""
    turns: tuple[TurnView, ...] = ()


class LedgerLine(Row, frozen=True, kw_only=True):
    """Keep-alive money of one session, day, project, agent or outcome."""

    key: str
    """Session id, local date as YYYY-MM-DD, project, agent, or outcome."""
    label: str = ""
    pings: int = 0
    hits: int = 0
    spent_usd: float = 0.0
    saved_usd: float = 0.0
    lost_usd: float = 0.0
    net_usd: float = 0.0
    closed: int = 0
    """Idle periods with pings that closed."""


class KeeperView(Row, frozen=True, kw_only=True):
    """`keeper status --json`."""

    pid: int
    port: int
    url: str
    upstream: str
    sessions: int
    since: float
    supervised: bool
    worker_pid: int = 0


class NextPing(Row, frozen=True, kw_only=True):
    """A ping that is planned: the list under the board, so that spending is seen before it happens."""

    session_id: str
    name: str
    at: float
    usd: float | None
    n: int
    of: int | None


class BoardView(Row, frozen=True, kw_only=True):
    """Everything the sidebar's board needs at one data version, read in one transaction."""

    sessions: tuple[SessionView, ...] = ()
    ended_today: tuple[SessionView, ...] = ()
    keeper: KeeperView | None = None
    today: LedgerLine = LedgerLine(key="")
    today_on_plan: LedgerLine = LedgerLine(key="")
    """The same of sessions under a plan's login, at the prices of an API key; no part of `today`."""
    next_pings: tuple[NextPing, ...] = ()
    past_sessions: int = 0
