"""A made-up board: eight sessions in every state a row can have, and a feed that hands them out."""

from __future__ import annotations

from datetime import UTC, datetime

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import (
    BoardView,
    BudgetMode,
    CacheEvent,
    CacheStateName,
    CacheView,
    Evidence,
    FailedCommand,
    FileChange,
    KeepaliveView,
    KeeperView,
    LedgerLine,
    NextPing,
    ReasonArgs,
    SessionView,
    Status,
    Totals,
    TTLClass,
    TurnView,
    Usage,
    WaitingFor,
)
from tests.tui.budget_sample import IN_FORCE
from tui.board_order import Order
from tui.budget_in_force import InForce
from tui.orders import BudgetWanted

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
    session(name, cache(state=CacheStateName.UNKNOWN), keep("ended"), status=Status.ENDED, waiting=None).model_copy(
        update={"ended_at": NOW - 3600 * hours}
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
NO_KEEPER = BOARD.model_copy(update={"keeper": None})
BOARD_ENDED = BOARD.model_copy(update={"ended_today": ENDED})

TURN = TurnView(
    n=14,
    started_at=at(14, 12),
    ended_at=at(14, 14, 10),
    prompt="split the store so that ingest runs without the app",
    answer="The split is done. One test still fails: the fixture needs a path.",
    files_changed=(
        FileChange(path="store/ingest.py", kind="M"),
        FileChange(path="tui/app.py", kind="M"),
        FileChange(path="tests/store/test_ingest.py", kind="A"),
    ),
    failed_commands=(FailedCommand(command="pytest -q tests/store", exit_code=1),),
    requests=38,
    usage=Usage(output=9_100),
    usd=0.84,
    context_after=386_000,
)
TURNS = (
    TURN,
    TurnView(
        n=13,
        started_at=at(13, 47),
        ended_at=at(14, 11, 5),
        prompt="move the lock into the writer, then run the whole suite twice and compare",
        answer="The lock now belongs to the writer; 412 tests pass.",
        files_changed=(
            FileChange(path="store/database.py", kind="M"),
            FileChange(path="store/writer.py", kind="M"),
            FileChange(path="store/lock.py", kind="D"),
            FileChange(path="tests/store/test_writer_and_lock.py", kind="M"),
            FileChange(path="docs/locking.md", kind="M"),
        ),
        requests=52,
        usage=Usage(output=14_000),
        usd=0.61,
        context_after=341_000,
        cache_event=CacheEvent(kind="kept", cause="ping", tokens=338_000, usd=1.93),
    ),
    TurnView(
        n=12,
        started_at=at(13, 34),
        ended_at=at(13, 34, 48),
        prompt="why does ingest hold the lock so long?",
        answer="It parses inside the transaction. Three ways out, the second one is the smallest change by far.",
        requests=4,
        usage=Usage(output=1_200),
        usd=2.97,
        context_after=338_000,
        cache_event=CacheEvent(kind="lapsed", tokens=331_000, usd=2.07),
    ),
    TurnView(
        n=11,
        started_at=at(13, 9),
        ended_at=at(13, 15, 22),
        prompt="add the linear server and file the three findings",
        answer="Three issues filed: WS-41, WS-42, WS-43.",
        files_changed=(FileChange(path=".mcp.json", kind="M"),),
        failed_commands=(FailedCommand(command="linear auth --check", exit_code=2),),
        requests=29,
        usage=Usage(output=6_000),
        usd=1.40,
        context_after=331_000,
        cache_event=CacheEvent(kind="changed", cause="tools_changed", tokens=121_000, usd=0.76),
    ),
)


class SampleFeed:
    """A feed over a board that a test may exchange or break."""

    def __init__(self, board: BoardView = BOARD, turns: tuple[TurnView, ...] = TURNS) -> None:
        self.view, self.turns = board, turns
        self.history = CacheHistory()
        self.ledger = SessionLedger()
        self.in_force = IN_FORCE
        self.briefs: list[str] = []
        self.brief_text = "# api-refactor\n\nThe split is done."
        self.number = 1
        self.broken: Exception | None = None
        self.reads = 0

    def show(self, board: BoardView) -> None:
        """Exchange the board."""
        self.view = board
        self.number += 1

    def version(self) -> int:
        return self.number

    def board(self) -> BoardView:
        self.reads += 1
        if self.broken is not None:
            raise self.broken
        return self.view

    def latest_turn(self, session_id: str) -> TurnView | None:
        return self.turns[0] if self.turns else None

    def last_turns(self, session_id: str, limit: int) -> tuple[TurnView, ...]:
        return self.turns[:limit]

    def cache_history(self, session_id: str) -> CacheHistory:
        return self.history

    def session_ledger(self, session_id: str) -> SessionLedger:
        return self.ledger

    def session_budget(self, session_id: str) -> InForce:
        return self.in_force

    def brief(self, session_id: str) -> str:
        self.briefs.append(session_id)
        if self.broken is not None:
            raise self.broken
        return self.brief_text


class SampleCommands:
    """Remembers what was ordered."""

    def __init__(self) -> None:
        self.modes: list[tuple[str, BudgetMode, float | None]] = []
        self.budgets: list[BudgetWanted] = []
        self.pings: list[str] = []
        self.ping_answer = "hit"
        self.orders: list[Order] = []
        self.starts = 0
        self.broken: Exception | None = None

    def set_mode(self, session_id: str, mode: BudgetMode, until: float | None = None) -> None:
        if self.broken is not None:
            raise self.broken
        self.modes.append((session_id, mode, until))

    def set_budget(
        self,
        session_id: str,
        *,
        mode: BudgetMode,
        pings: int | None,
        usd: float | None,
        until: float | None,
        until_back: bool = False,
    ) -> None:
        self.budgets.append(BudgetWanted(session_id, "", mode, pings, usd, until, until_back))

    def ping_now(self, session_id: str) -> str:
        self.pings.append(session_id)
        return self.ping_answer

    def start_keeper(self) -> KeeperView:
        self.starts += 1
        if self.broken is not None:
            raise self.broken
        return KEEPER

    def keep_order(self, order: Order) -> None:
        if self.broken is not None:
            raise self.broken
        self.orders.append(order)
