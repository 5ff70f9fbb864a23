"""The bare command: opens the sidebar, with a keeper behind it."""

from __future__ import annotations

import sqlite3
import time

from keepalive import config, keeper
from keepalive.allowance import budget_of
from keepalive.clock import SystemClock
from keepalive.config import Config, Paths
from store import settings
from store.database import StoreError, connect
from store.migrations import open_store
from tui.errors import need_terminal
from tui.store_feed import StoreFeed

SAID = "said.defaults"


def sidebar(*, no_keeper: bool, demo_if_empty: bool) -> None:
    """Run the sidebar until it is closed.

    Raises:
        ConfigError, NoTerminal, StoreError: one line each; a keeper that does not start is only said on the screen.
    """
    paths = config.find_paths()
    loaded = config.load(paths.config_file)
    need_terminal()
    if demo_if_empty and not (paths.claude_dir / "projects").exists() and not _any_session(paths):
        from tui.cli_demo import demo_with_screen

        demo_with_screen("no agent history on this machine yet: this is the demo")
        return
    from tui.app import WarmsideApp
    from tui.look import look_from_environment

    feed = StoreFeed(paths.store_file, SystemClock(), budget_of(loaded), costly_usd=loaded.warnings.cold_usd)
    with_keeper = feed.writable and not no_keeper
    banner = _first_words(feed, loaded) if with_keeper else ""
    try:
        WarmsideApp(
            feed,
            feed,
            SystemClock(),
            banner,
            look=look_from_environment(),
            notify=loaded.notify,
            startup=(lambda: _keeper_for_us(paths)) if with_keeper else None,
        ).run()
    finally:
        if with_keeper:
            keeper.leave_front_end(feed.connection)
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


def _keeper_for_us(paths: Paths) -> None:
    """Make sure that a keeper runs and knows of us; on a connection of its own, since it runs beside the screen."""
    connection = open_store(paths.store_file)
    try:
        keeper.register_front_end(connection)
        keeper.ensure(connection, paths)
    finally:
        connection.close()


def _first_words(feed: StoreFeed, loaded: Config) -> str:
    """What is on by default, said once, with the way to turn it off."""
    if settings.get(feed.connection, SAID) is not None:
        return ""
    settings.put(feed.connection, SAID, time.time())
    budget = loaded.budget
    if budget.mode == "off":
        return ""
    return (
        f"Keep-alive is on: at most ${budget.usd_per_ping:.2f} a ping, ${budget.usd_per_day:.2f} a day."
        " Off: o, or `warmside budget --default --mode off`"
    )
