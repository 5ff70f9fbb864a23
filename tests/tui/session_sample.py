"""A made-up board: eight sessions in every state a row can have."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from store.models import (
    BoardView,
    BudgetMode,
    CacheStateName,
    CacheView,
    Evidence,
    KeepaliveView,
    KeeperView,
    LedgerLine,
    NextPing,
    ReasonArgs,
    SessionView,
    Status,
    Totals,
    TTLClass,
    WaitingFor,
)

ZONE = UTC
NOW = datetime(2026, 11, 24, 14, 31, 12, tzinfo=UTC).timestamp()


def at(hour: int, minute: int, second: int = 0) -> float:
    """A moment of the sample's day."""
    return datetime(2026, 11, 24, hour, minute, second, tzinfo=UTC).timestamp()


def cache(
    left: float | None = None,
    *,
    state: CacheStateName = CacheStateName.WARM,
    ttl: TTLClass | None = "5m",
    usd: float | None = None,
    tokens: int | None = None,
    reason: str = "",
    probability: float | None = None,
    evidence: Evidence = Evidence.GATEWAY,
) -> CacheView:
    """A cache with `left` seconds to live (negative: cold since)."""
    return CacheView(
        state=state,
        ttl=ttl,
        ttl_seconds={"5m": 300.0, "1h": 3600.0}.get(ttl or ""),
        expires_at=None if left is None else NOW + left,
        evidence=evidence,
        reason=reason,
        probability=probability,
        cold_tokens=tokens,
        cold_usd=usd,
    )


def keep(
    why: str,
    args: ReasonArgs | None = None,
    *,
    idle: int = 0,
    allowed: int | None = 3,
    usd: float = 0.0,
    max_usd: float | None = None,
    mode: BudgetMode = BudgetMode.AUTO,
    next_at: float | None = None,
    next_usd: float | None = None,
    until: float | None = None,
) -> KeepaliveView:
    """Keep-alive under one reason."""
    return KeepaliveView(
        mode=mode,
        warmer="replay",
        pings=idle,
        usd=usd,
        idle_pings=idle,
        idle_max_pings=allowed,
        max_pings=allowed,
        max_usd=max_usd,
        until=until,
        next_ping_at=next_at,
        next_ping_usd=next_usd,
        why=why,
        why_args=args or {},
    )


def session(
    name: str,
    view: CacheView,
    keepalive: KeepaliveView,
    *,
    waiting: WaitingFor | None = WaitingFor.YOU,
    status: Status = Status.IDLE,
    model: str = "claude-opus-5-5-20260901",
    context: int | None = None,
    login: str = "api_key",
    active: float = NOW - 100,
) -> SessionView:
    """One open session; its id is its name."""
    return SessionView(
        id=name,
        agent="claude",
        project=name,
        cwd=f"/home/sam/src/{name}",
        status=status,
        waiting_for=waiting,
        pid=4242,
        login="subscription" if login == "subscription" else "api_key",
        last_activity_at=active,
        model=model,
        context_tokens=context,
        cache=view,
        keepalive=keepalive,
        totals=Totals(requests=38, usd=4.12),
    )


API = session(
    "api-refactor",
    cache(48, usd=2.41, tokens=386_000),
    keep("pings_spent", {"sent": 3, "allowed": 3}, idle=3, usd=0.58, max_usd=0.75, next_usd=0.19),
    context=386_000,
)
ETL = session(
    "etl-nightly",
    cache(140, usd=0.62, tokens=165_000),
    keep("money_spent", {"usd": 0.5}, idle=2, usd=0.5, max_usd=0.5),
    context=165_000,
)
DEPLOY = session(
    "deploy-infra",
    cache(185, usd=0.89, tokens=142_000),
    keep("kept", {"n": 2, "until": at(14, 44)}, idle=1, usd=0.07, next_at=NOW + 170, next_usd=0.07),
    waiting=WaitingFor.PERMISSION,
    context=142_000,
)
NOTES = session(
    "notes-app",
    cache(41 * 60 + 5, ttl="1h", tokens=164_000),
    keep("plan_login", allowed=None),
    login="subscription",
    context=164_000,
)
WEB = session(
    "web-tests",
    cache(252, usd=0.33, tokens=88_000),
    keep("tool_guard", {"n": 2, "at": at(14, 35)}, allowed=2, next_at=NOW + 237, next_usd=0.03),
    waiting=WaitingFor.TOOL,
    status=Status.BUSY,
    context=88_000,
)
SEARCH = session(
    "search-index",
    cache(state=CacheStateName.LIKELY, ttl=None, usd=0.11, tokens=64_000, probability=0.9),
    keep("no_ttl", allowed=None),
    waiting=None,
    status=Status.BUSY,
    model="gpt-6-1",
    context=64_000,
)
DOCS = session(
    "docs-site",
    cache(-18 * 60 - 10, state=CacheStateName.EXPIRED, usd=1.31, tokens=210_000),
    keep("off", mode=BudgetMode.OFF),
    context=210_000,
    active=NOW - 1500,
)
BILLING = session(
    "billing",
    cache(state=CacheStateName.CHANGED, usd=0.76, tokens=121_000, reason="tools_changed"),
    keep("replaced"),
    context=138_000,
    active=NOW - 1800,
)
ENDED = tuple(
    replace(
        session(name, cache(state=CacheStateName.UNKNOWN), keep("ended"), status=Status.ENDED, waiting=None),
        ended_at=NOW - 3600 * hours,
    )
    for name, hours in (("old-report", 1), ("sandbox", 2), ("hotfix", 5))
)
KEEPER = KeeperView(
    pid=4000, port=8787, url="http://127.0.0.1:8787", upstream="", sessions=8, since=NOW - 900, supervised=True
)
BOARD = BoardView(
    sessions=(DOCS, API, WEB, ETL, BILLING, DEPLOY, SEARCH, NOTES),
    keeper=KEEPER,
    today=LedgerLine(key="2026-11-24", pings=9, hits=9, spent_usd=0.41, saved_usd=3.25, net_usd=2.84),
    next_pings=(
        NextPing(session_id="deploy-infra", name="deploy-infra", at=NOW + 170, usd=0.07, n=2, of=3),
        NextPing(session_id="web-tests", name="web-tests", at=NOW + 237, usd=0.03, n=1, of=2),
    ),
)
NO_KEEPER = replace(BOARD, keeper=None)
BOARD_ENDED = replace(BOARD, ended_today=ENDED)
