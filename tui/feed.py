"""What the sidebar needs from outside: something to read boards from and something to command.

The app knows only these two protocols; whoever starts it hands in an implementation. `version` is asked on the event
loop and must be cheap; everything else is called from a worker thread, one call at a time per method. Any exception
becomes one line on the screen, so its text should name the cause.
"""

from __future__ import annotations

from typing import Protocol

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.models import BoardView, BudgetMode, KeeperView, TurnView
from tui.board_order import Order
from tui.budget_in_force import InForce


class BoardFeed(Protocol):
    """Where boards come from."""

    def version(self) -> int:
        """A number that changes when anything changed (microseconds, no I/O that can block)."""
        ...

    def board(self) -> BoardView:
        """The whole board, read in one transaction."""
        ...

    def latest_turn(self, session_id: str) -> TurnView | None:
        """The session's newest turn; None when it has none yet."""
        ...

    def last_turns(self, session_id: str, limit: int) -> tuple[TurnView, ...]:
        """The session's newest turns, newest first, for the opened or wide session view."""
        ...

    def cache_history(self, session_id: str) -> CacheHistory:
        """The session's last requests and what happened to its cache, for the Cache tab."""
        ...

    def session_ledger(self, session_id: str) -> SessionLedger:
        """What the session's pings cost and saved, and its newest idle periods, for the Ledger tab."""
        ...

    def session_budget(self, session_id: str) -> InForce:
        """What is in force for the session, for the Budget tab and the sheet."""
        ...

    def brief(self, session_id: str) -> str:
        """The session's resume brief, Markdown."""
        ...


class BoardCommands(Protocol):
    """What a person can order. Times are epoch seconds, money US dollars."""

    def set_mode(self, session_id: str, mode: BudgetMode, until: float | None = None) -> None:
        """Switch keep-alive off, to the policy, or hold until a time."""
        ...

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
        """Replace the session's budget: pings an idle period, money for the session. None is no limit of its own."""
        ...

    def forget_budget(self, session_id: str) -> None:
        """Drop the session's own budget: the defaults hold again."""
        ...

    def ping_now(self, session_id: str) -> str:
        """Ask the keeper for one ping now and wait a while: `hit`, `miss`, the reason code why none was sent, or ''
        when there is no answer yet."""
        ...

    def start_keeper(self) -> KeeperView:
        """Make sure that a keeper runs; returns it. Takes some seconds, and raises where there is to be none."""
        ...

    def keep_order(self, order: Order) -> None:
        """Remember the list's order; where nothing may be written, it is forgotten at the end."""
        ...
