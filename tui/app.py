"""The sidebar's app: owns the state, polls the feed, carries orders out; everything visible is the screens'.

Two timers: a quarter second to ask whether anything changed, a second for countdowns. Reading and commanding happen
in worker threads that only post messages. Whatever the feed throws becomes one line: the board never dies of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.message import Message
from textual.screen import Screen

from keepalive.clock import Clock
from keepalive.config import NotifyConfig
from store.models import SessionView
from tui.actions import CATALOGUE
from tui.alerts import Alerts, notification
from tui.board_order import Order
from tui.board_state import BoardState
from tui.days_feed import DaysFeed, DaysWanted
from tui.failure import cause
from tui.feed import BoardCommands, BoardFeed
from tui.hangup import hung_up
from tui.keymap import DEFAULT, Keymap
from tui.look import Look
from tui.messages import BoardRead, FeedFailed, TurnsRead
from tui.ordering_app import OrderingApp
from tui.orders import HistoryWanted, TurnsWanted
from tui.screens.keyed import KeyedScreen
from tui.screens.main import MainScreen
from tui.themes import THEMES

if TYPE_CHECKING:
    from tui.history_feed import HistoryFeed

POLL_SECONDS = 0.25
TICK_SECONDS = 1.0
HISTORY, DAYS = "history", "days"
"""Names of their screens."""


class WarmsideApp(OrderingApp):
    """`feed` gives boards, `commands` takes orders; see tui/feed.py for their threads.

    `startup` runs in a worker thread beside the first paint (starting a keeper takes longer than a first look); what
    it raises is one line in the footer. `notify` says how it tells of what happens; None: not at all. `history` is
    where all sessions ever stored come from, `days` the money of all days; None: there is none to open. `order`: of the
    list, as it was left. `no_start`: why no keeper can be started from here, where none can. `log_file`: where
    faults of ours are noted. `at_once`: the first board is read before anything is laid out, so that nothing is twice.
    """

    CSS_PATH = "app.tcss"
    TITLE = "warmside"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (45, "-normal"), (90, "-wide")]  # noqa: RUF012 (Textual declares it per instance)
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False
    ENABLE_COMMAND_PALETTE = False
    """Not by a key of the library's: the keymap has one."""

    def __init__(
        self,
        feed: BoardFeed,
        commands: BoardCommands,
        clock: Clock,
        banner: str = "",
        *,
        look: Look | None = None,
        startup: Callable[[], None] | None = None,
        notify: NotifyConfig | None = None,
        history: Callable[[], HistoryFeed] | None = None,
        days: DaysFeed | None = None,
        order: Order = Order.NEED,
        keymap: Keymap = DEFAULT,
        no_start: str = "",
        log_file: Path | None = None,
        at_once: bool = False,
    ) -> None:
        # Without colours the 16-colour way of drawing is the right one under every theme: bold, dim, reverse.
        ansi = True if "NO_COLOR" in os.environ else None
        super().__init__(feed, commands, clock, look.zone if look else None, ansi=ansi, log_file=log_file)
        self._startup, self._at_once = startup, at_once
        self._notify, self._alerts = notify, Alerts()
        self._history = history
        self._look = look = look or Look()
        self._days = days
        self.state = BoardState()
        self.state.order = order
        self.main = MainScreen(self.state, clock, look.with_banner(banner) if banner else look, keymap, days)
        self.main.has_history = history is not None
        self.main.no_start = no_start
        self._shortcuts = keymap
        self._unseen = ""
        """A failure that was told behind a sheet."""
        self._version: int | None = None
        self._reading = False
        self._turns_wanted: TurnsWanted | None = None
        self._reading_turns = False
        for one in THEMES:
            self.register_theme(one)
        self.theme = look.theme

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "#9a9187"}

    def get_default_screen(self) -> MainScreen:
        """Not the library's empty one below ours, which would be laid out, styled and never seen."""
        return self.main

    def on_load(self) -> None:
        if not self._at_once:
            return
        with suppress(Exception):  # what is wrong is found again, and said, by the first poll
            version = self._feed.version()
            self.state.load(self._feed.board(), self._clock.wall(), self._clock.monotonic())
            self._version = version

    def on_mount(self) -> None:
        self._tell()
        self.set_interval(POLL_SECONDS, self.poll)
        self.set_interval(TICK_SECONDS, self._tick)
        self.poll()
        if self._startup is not None:
            self._order(self._startup)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette offers what applies now, from the same catalogue as the keys."""
        yield SystemCommand("theme", "change the colours", self.action_change_theme)
        keyed = screen if isinstance(screen, KeyedScreen) else self.main
        moment = keyed.moment
        for action in CATALOGUE:
            if action.in_palette and action.reason_not(moment) is None:
                key = (moment.keys or {}).get(action.name)
                said = f"{key}  {action.help}" if key else action.help
                yield SystemCommand(action.word, said, partial(keyed.action_do, action.name))

    @on(HistoryWanted)
    def _open_history(self) -> None:
        """Installed and not only pushed, so that it comes back as it was left."""
        from tui.history_state import HistoryState
        from tui.screens.history import History

        if self._history is None:
            return
        if not self.is_screen_installed(HISTORY):
            screen = History(
                self._history(), HistoryState(), lambda: self.main.moment, self._clock, self._look, self._shortcuts
            )
            self.install_screen(screen, HISTORY)
        self.push_screen(HISTORY)

    @on(DaysWanted)
    def _open_days(self) -> None:
        """Installed, so that it comes back with its span."""
        from tui.screens.days import Days

        if self._days is None:
            return
        if not self.is_screen_installed(DAYS):
            screen = Days(self._days, lambda: self.main.moment, self._clock, self._look, self._shortcuts)
            self.install_screen(screen, DAYS)
        self.push_screen(DAYS)

    def _say(self, text: str, *, bad: bool = False) -> None:
        """On the screen that has the keys; behind a sheet a failure is told again once that is gone."""
        keyed = isinstance(self.screen, KeyedScreen)
        screen = self.screen if isinstance(self.screen, KeyedScreen) else self.main
        self._unseen = text if bad and not keyed else ""
        screen.say(text, bad=bad)

    def key_of(self, action: str) -> str:
        return self._shortcuts.first(ascii_only=self._look.ascii_only).get(action, "")

    def action_help_quit(self) -> None:
        """The library's own key (ctrl+c), which people press to leave."""
        goes_on = "; the keeper goes on" if self.state.loaded and self.state.view.keeper is not None else ""
        self._say(f"{self.key_of('quit')} quits{goes_on}")

    # -- reading -------------------------------------------------------------------------------------------------

    def session_now(self, session_id: str) -> SessionView | None:
        return self.state.sessions.get(session_id)

    def poll(self) -> bool:
        """Read the board again if its version changed and no read is under way."""
        if self._unseen and isinstance(self.screen, KeyedScreen):
            self._say(self._unseen, bad=True)
        if self._reading:
            return True
        try:
            version = self._feed.version()
        except Exception as error:  # any feed, any error: the sidebar must outlive it and say why
            self._say(cause(error), bad=True)
            return False
        if version != self._version:
            self._reading = True
            self._read_board(version)
        return self._reading

    @work(thread=True, group="board", exit_on_error=False)
    def _read_board(self, version: int) -> None:
        self._post(lambda: BoardRead(self._feed.board(), version), lambda cause: FeedFailed(cause, "board"))

    @on(BoardRead)
    def _board_read(self, event: BoardRead) -> None:
        self._reading, self._version = False, event.version
        self.state.load(event.view, self._clock.wall(), self._clock.monotonic())
        self.main.board_changed()
        self.tell_hit()
        self._tell()

    @on(FeedFailed)
    def _feed_failed(self, event: FeedFailed) -> None:
        self._say(event.cause, bad=True)
        if event.of == "board":
            self._reading = False
        else:
            self._next_turns()

    @on(TurnsWanted)
    def _turns(self, event: TurnsWanted) -> None:
        """One read at a time; while it runs only the newest wish is kept."""
        self._turns_wanted = event
        if not self._reading_turns:
            self._next_turns()

    def _next_turns(self) -> None:
        event, self._turns_wanted = self._turns_wanted, None
        self._reading_turns = event is not None
        if event is not None:
            self._read_turns(event)

    @work(thread=True, group="turns", exit_on_error=False)
    def _read_turns(self, wanted: TurnsWanted) -> None:
        session_id = wanted.session_id

        def read() -> Message:
            budget = self._feed.session_budget(session_id) if wanted.budget else None
            if wanted.limit > 1:
                history = self._feed.cache_history(session_id) if wanted.cache else None
                ledger = self._feed.session_ledger(session_id) if wanted.ledger else None
                return TurnsRead(session_id, self._feed.last_turns(session_id, wanted.limit), history, ledger, budget)
            latest = self._feed.latest_turn(session_id)
            return TurnsRead(session_id, () if latest is None else (latest,), budget=budget)

        self._post(read, lambda cause: FeedFailed(cause, "turns"))

    @on(TurnsRead)
    def _turns_read(self, event: TurnsRead) -> None:
        self.main.turns_read(event.session_id, event.turns, event.cache, event.ledger, event.budget)
        self._next_turns()

    # -- telling -------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        if not self.is_headless and hung_up():
            os._exit(1)  # an orderly end would draw first, where nothing can be drawn
        self.main.tick()
        self._tell()

    def _tell(self) -> None:
        """Ring for what has begun: one bell for all of a moment, a notification for each."""
        if self._notify is None or not self.state.loaded:
            return
        alerts = self._alerts.feed(self.state.view.sessions, self.state.names, self._clock.wall())
        if alerts and self._notify.bell:
            self.bell()
        if self._notify.desktop and self._driver is not None:
            for alert in alerts:
                self._driver.write(notification(alert.text, in_tmux="TMUX" in os.environ))
