"""The sidebar's feed and commands on the real store: reads on its own connection, writes budget rows and intents.

Works without a keeper and on a store that may only be read: then nothing can be ordered, and the caller is told.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from keepalive import keeper
from keepalive.clock import Clock
from keepalive.config import BudgetConfig
from store import board, brief, budgets, cache_strip, database, intents, ledger, settings, turns
from store.budgets import BudgetOf
from store.cache import COSTLY_USD
from store.cache_strip import CacheHistory
from store.experience import Experience
from store.ledger_models import SessionLedger
from store.migrations import open_store, open_to_read
from store.models import BoardView, BudgetMode, CacheStateName, KeeperView, TurnView
from tui import budget_in_force
from tui.board_order import SETTING, Order, named
from tui.budget_in_force import InForce

LOOK_SECONDS = 1.0
"""How often the keeper's process is looked for."""
FADE_SECONDS = 60.0
"""How often a board is read again although nothing was written, where a session's cache has only a probability."""
_FADING = (CacheStateName.LIKELY, CacheStateName.WARM)
ANSWER_WITHIN = 20.0
ANSWER_POLL_SECONDS = 0.1


class ReadOnly(Exception):
    """The store may not be written; one line for the footer."""


class Replaced(Exception):
    """Another file lies where the store was; one line for the footer."""


class NoStart(Exception):
    """No keeper can be started from here; one line that says why."""


CACHE_KB = 256
"""Pages that its connection keeps; the file is in the system's cache anyway, and the sidebar is open all day."""


class StoreFeed:
    """Implements `BoardFeed` and `BoardCommands`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        budget_of: BudgetOf,
        *,
        budget: BudgetConfig | None = None,
        costly_usd: float = COSTLY_USD,
        answer_within: float = ANSWER_WITHIN,
        starter: Callable[[], KeeperView] | None = None,
        no_starter: str = "",
    ) -> None:
        """`budget_of` decides what is in force for a session; `answer_within`: seconds that `ping_now` waits;
        `starter` makes sure that a keeper runs, where None `no_starter` says why there is none to start."""
        self._clock = clock
        self._answer_within = answer_within
        self._budget_of, self._budget = budget_of, budget or BudgetConfig()
        self._costly_usd = costly_usd
        self._starter, self._no_starter = starter, no_starter
        self._experience = Experience()
        self._fades = False
        self._path = path
        self._lock = threading.Lock()
        self._replaced, self._opened = False, 0
        self._open()
        self._looked_at = float("-inf")
        self._keeper_seen = False

    def _open(self) -> None:
        """Raises StoreError: there is none, and none can be made."""
        try:
            self._connection = open_store(self._path)
            self.writable = True
        except (database.StoreError, sqlite3.OperationalError) as error:
            if _file_of(self._path) is None:  # (why none can be made says more than that there is none)
                raise _not_made(self._path, error) from error
            self._connection = open_to_read(self._path)
            self.writable = False
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        # `version` is asked on the event loop while another thread may be reading a board.
        self._watch = database.connect(self._path, read_only=True)
        self._file, self._opened = _file_of(self._path), self._opened + 1

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for starting a keeper and registering the front end."""
        return self._connection

    def version(self) -> int:
        """Raises StoreError: the store's file is gone."""
        file = _file_of(self._path)
        if file is None:
            raise database.StoreError(f"store is gone, old state shown: {self._path}")
        self._replaced = file != self._file
        # The keeper's life is not in the file's version: a killed keeper writes nothing. Nor is the time, with which
        # a probability falls.
        minute = int(self._clock.wall() // FADE_SECONDS) if self._fades else 0
        opened = self._opened + self._replaced
        return (opened << 80) + (minute << 40) + 2 * database.data_version(self._watch) + self._keeper_on()

    def board(self) -> BoardView:
        """Raises Replaced, once, where another file has taken the store's place."""
        with self._lock:
            if self._replaced:
                before = self._connection, self._watch
                self._open()
                self._replaced, self._experience = False, Experience()
                for one in before:
                    one.close()
                raise Replaced("the store was replaced: read anew")
            view = board.board(
                self._connection,
                now=self._clock.wall(),
                keeper=keeper.status(self._connection),
                budget_of=self._budget_of,
                costly_usd=self._costly_usd,
                experience=self._experience,
            )
        self._fades = any(one.cache.ttl is None and one.cache.state in _FADING for one in view.sessions)
        return view

    def latest_turn(self, session_id: str) -> TurnView | None:
        last = self.last_turns(session_id, 1)
        return last[0] if last else None

    def last_turns(self, session_id: str, limit: int) -> tuple[TurnView, ...]:
        with self._lock:
            return turns.read(self._connection, session_id, limit)[::-1]

    def cache_history(self, session_id: str) -> CacheHistory:
        with self._lock:
            return cache_strip.read(self._connection, session_id)

    def session_ledger(self, session_id: str) -> SessionLedger:
        with self._lock:
            return ledger.of_session(self._connection, session_id)

    def session_budget(self, session_id: str) -> InForce:
        with self._lock:
            return budget_in_force.read(self._connection, session_id, self._budget, self._clock.wall())

    def brief(self, session_id: str) -> str:
        with self._lock:
            detail = board.detail(
                self._connection,
                session_id,
                now=self._clock.wall(),
                keeper_on=self._keeper_seen,
                budget_of=self._budget_of,
                costly_usd=self._costly_usd,
            )
        return brief.markdown(detail)

    def order(self) -> Order:
        """The list's order, as it was left."""
        with self._lock:
            return named(settings.get(self._connection, SETTING))

    def keep_order(self, order: Order) -> None:
        if self.writable:
            with self._lock:
                settings.put(self._connection, SETTING, order.value)

    @property
    def no_start(self) -> str:
        """Why no keeper can be started from here; '' where one can."""
        if not self.writable:
            return "no keeper: the store is read-only"
        return "" if self._starter is not None else self._no_starter

    def start_keeper(self) -> KeeperView:
        if self._starter is None or not self.writable:
            raise NoStart(self.no_start)
        found = self._starter()
        self._looked_at = float("-inf")
        return found

    def set_mode(self, session_id: str, mode: BudgetMode, until: float | None = None) -> None:
        with self._lock:
            now = self._budget_of(budgets.standing(self._connection, session_id))
            self._put(session_id, mode=mode, pings=now.pings, usd=now.usd, until=until)

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
        with self._lock:
            self._put(session_id, mode=mode, pings=pings, usd=usd, until=until, until_back=until_back)

    def forget_budget(self, session_id: str) -> None:
        self._check_writable()
        with self._lock:
            budgets.forget(self._connection, session_id)

    def ping_now(self, session_id: str) -> str:
        self._check_writable()
        with self._lock:
            intent_id = intents.ask_ping(self._connection, session_id, self._clock.wall())
        deadline = time.monotonic() + self._answer_within
        while time.monotonic() < deadline:
            with self._lock:
                intents.expire(self._connection, self._clock.wall())
                intent = intents.get(self._connection, intent_id)
            if intent is not None and intent.result:
                return intent.result
            time.sleep(ANSWER_POLL_SECONDS)  # in a worker thread: the screen goes on
        return ""

    def close(self) -> None:
        """Close both connections."""
        self._connection.close()
        self._watch.close()

    def _put(
        self,
        session_id: str,
        *,
        mode: BudgetMode,
        pings: int | None,
        usd: float | None,
        until: float | None,
        until_back: bool = False,
    ) -> None:
        self._check_writable()
        own = budgets.get(self._connection, session_id)
        budgets.put(
            self._connection,
            session_id,
            mode=mode,
            pings=pings,
            usd=usd,
            usd_per_ping=own.usd_per_ping if own else None,  # (no key and no field of the sidebar says it)
            until=until,
            until_back=until_back,
            now=self._clock.wall(),
        )

    def _check_writable(self) -> None:
        if not self.writable:
            raise ReadOnly("this store may only be read: nothing can be changed from here")

    def _keeper_on(self) -> bool:
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at, self._keeper_seen = now, keeper.status(self._watch) is not None
        return self._keeper_seen


def _file_of(path: Path) -> tuple[int, int] | None:
    """Which file lies there; None: none does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _not_made(path: Path, error: Exception) -> database.StoreError:
    """Why there can be no store, with what would have to be changed."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return database.StoreError(f"cannot create {cause.filename or path}: {cause.strerror}")
    return database.StoreError(f"cannot create the store {path}: {cause or error}")
