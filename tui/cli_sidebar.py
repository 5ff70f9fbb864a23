"""The bare command: opens the sidebar, with a keeper behind it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from keepalive import config, keeper
from keepalive.allowance import budget_of
from keepalive.clock import SystemClock
from keepalive.config import Config, ConfigError, Paths
from store import settings
from store.database import StoreError, connect
from store.migrations import open_store
from store.models import KeeperView
from tui.errors import need_terminal
from tui.imports import uncollected
from tui.keymap import Keymap, keymap
from tui.keys_of_file import mistakes
from tui.store_feed import StoreFeed

if TYPE_CHECKING:
    from tui.history_feed import HistoryFeed

SAID = "said.defaults"
NOT_ASKED = "opened with --no-keeper"


def sidebar(*, no_keeper: bool, demo_if_empty: bool) -> None:
    """Run the sidebar until it is closed.

    Raises:
        ConfigError, NoTerminal, StoreError: one line each; a keeper that does not start is only said on the screen.
    """
    paths = config.find_paths()
    loaded = config.load(paths.config_file, paths.checked_file)
    keys = _keymap(loaded, paths)
    need_terminal()
    if demo_if_empty and not (paths.claude_dir / "projects").exists() and not _any_session(paths):
        from tui.cli_demo import demo_with_screen

        demo_with_screen("no agent history on this machine yet: this is the demo")
        return
    with uncollected():
        from tui.app import WarmsideApp
        from tui.days_reader import StoreDays
        from tui.look import look_from_environment

    feed = StoreFeed(
        paths.store_file,
        SystemClock(),
        budget_of(loaded),
        budget=loaded.budget,
        costly_usd=loaded.warnings.cold_usd,
        starter=None if no_keeper else lambda: _keeper_for_us(paths),
        no_starter=NOT_ASKED,
    )
    clock = SystemClock()
    opened = ExitStack()

    def history() -> HistoryFeed:
        """Made when it is first opened: searching needs imports that showing the board does not."""
        from tui.history_export import export_folder
        from tui.history_reader import StoreHistory

        costly_usd = loaded.warnings.cold_usd
        made = StoreHistory(paths.store_file, clock, budget_of(loaded), export_folder(), costly_usd=costly_usd)
        opened.callback(made.close)
        return made

    days = StoreDays(paths.store_file, clock)
    with_keeper = feed.writable and not no_keeper
    banner = _first_words(feed, loaded, keys) if with_keeper else ""
    try:
        WarmsideApp(
            feed,
            feed,
            SystemClock(),
            banner,
            look=look_from_environment(chosen=loaded.look),
            notify=loaded.notify,
            history=history,
            days=days,
            order=feed.order(),
            keymap=keys,
            no_start=feed.no_start,
            log_file=paths.state_dir / "sidebar.log",
            at_once=True,
            startup=(lambda: _start_quietly(feed)) if with_keeper else None,
        ).run()
    finally:
        if with_keeper:
            keeper.leave_front_end(feed.connection)
        opened.close()
        days.close()
        feed.close()


def _any_session(paths: Paths) -> bool:
    try:
        connection = connect(paths.store_file, read_only=True)
    except StoreError:
        return False
    try:
        return connection.execute("SELECT 1 FROM sessions LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return False
    finally:
        connection.close()


def _keeper_for_us(paths: Paths) -> KeeperView:
    """Make sure that a keeper runs and knows of us; on a connection of its own, since it runs beside the screen."""
    connection = open_store(paths.store_file)
    try:
        keeper.register_front_end(connection)
        return keeper.ensure(connection, paths)
    finally:
        connection.close()


def _start_quietly(feed: StoreFeed) -> None:
    feed.start_keeper()


def _keymap(loaded: Config, paths: Paths) -> Keymap:
    """The keys in force; a mistake is told like any other one of the file."""
    for mistake in mistakes(loaded.keys, paths.config_file):
        raise ConfigError(mistake)
    return keymap(loaded.keys)


def _first_words(feed: StoreFeed, loaded: Config, keys: Keymap) -> str:
    """What is on by default, said once, with the way to turn it off."""
    if settings.get(feed.connection, SAID) is not None:
        return ""
    settings.put(feed.connection, SAID, time.time())
    budget = loaded.budget
    if budget.mode == "off":
        return ""
    off = keys.first().get("off")
    return (
        f"Keep-alive is on while a keeper runs: at most ${budget.usd_per_ping:.2f} a ping,"
        f" ${budget.usd_per_day:.2f} a day."
        f" Off: {f'{off} on a session, or ' if off else ''}`warmside budget --default --mode off`"
    )
