"""The bare command: opens the sidebar, with a keeper behind it."""

from __future__ import annotations

import time

from keepalive import config, keeper
from keepalive.clock import SystemClock
from keepalive.supervisor import KeeperError
from store import settings

SAID = "said.defaults"
_DEFAULTS = (
    "Keep-alive is on for sessions started with `warmside run`: prefixes of 20k tokens and more, at most ${ping:.2f} a"
    " ping and ${day:.2f} a day. Off: `warmside budget --default --mode off`"
)


def sidebar(*, no_keeper: bool, demo_if_empty: bool) -> None:
    """Run the sidebar until it is closed.

    Raises:
        ConfigError, StoreError: one line each; a keeper that does not start is only said on the screen.
    """
    paths = config.find_paths()
    loaded = config.load(paths.config_file)
    if demo_if_empty and not paths.store_file.exists() and not (paths.claude_dir / "projects").exists():
        from tui.cli_demo import demo_with_screen

        demo_with_screen("no agent history on this machine yet: this is the demo")
        return
    from tui.app import WarmsideApp
    from tui.look import look_from_environment
    from tui.store_feed import StoreFeed

    feed = StoreFeed(paths.store_file, SystemClock(), loaded.default_budget())
    banner = ""
    if not no_keeper and feed.writable:
        try:
            keeper.ensure(feed.connection, paths)
        except KeeperError as error:
            banner = str(error)
        keeper.register_front_end(feed.connection)
        if settings.get(feed.connection, SAID) is None:
            settings.put(feed.connection, SAID, time.time())
            banner = banner or _DEFAULTS.format(ping=loaded.budget.usd_per_ping, day=loaded.budget.usd_per_day)
    try:
        WarmsideApp(feed, feed, SystemClock(), banner, look=look_from_environment()).run()
    finally:
        if feed.writable and not no_keeper:
            keeper.leave_front_end(feed.connection)
        feed.close()
