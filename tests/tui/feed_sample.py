"""A feed that hands the made-up board out, and commands that remember what was ordered."""

from __future__ import annotations

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import BoardView, BudgetMode, KeeperView, TurnView
from tests.tui.budget_sample import IN_FORCE
from tests.tui.session_sample import BOARD, KEEPER
from tests.tui.turn_sample import TURNS
from tui.board_order import Order
from tui.budget_in_force import InForce
from tui.orders import BudgetWanted


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
        self.forgotten: list[str] = []
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

    def forget_budget(self, session_id: str) -> None:
        if self.broken is not None:
            raise self.broken
        self.forgotten.append(session_id)

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
