"""`demo`: the whole loop with simulated agents and a provider stand-in; no key, no network, nothing left behind."""

from __future__ import annotations

import click

BANNER = "demo: simulated agents, made-up money"


@click.command()
@click.option("--seconds", type=click.IntRange(5, 600), help="Run so long without a screen, then print the ledger.")
@click.option("--json", "as_json", is_flag=True, help="With --seconds: the ledger as one JSON object.")
def demo(seconds: int | None, as_json: bool) -> None:
    """Show everything with simulated agents: no key, no network, lifetimes sped up ten times, a temporary folder."""
    if seconds is None:
        if as_json:
            raise click.UsageError("--json needs --seconds: the screen has no JSON")
        demo_with_screen(BANNER)
        return
    from keepalive import demo as stage

    with stage.running(stage.lifetime_for(seconds)) as running:
        running.wait(seconds)
        view = running.ledger()
    if as_json:
        from tui.json_out import dumps

        click.echo(dumps(view))
    else:
        click.echo(
            f"{view.pings} pings, {view.hits} hits: saved {view.saved_usd:.4f} $, spent {view.spent_usd:.4f} $,"
            f" of which {view.lost_usd:.4f} $ lost (made-up money)"
        )


def demo_with_screen(banner: str) -> None:
    """Run the demo behind the sidebar until it is closed.

    Raises:
        DemoError, KeeperError: something does not start.
    """
    from keepalive import demo as stage
    from keepalive import keeper
    from keepalive.allowance import budget_of
    from keepalive.clock import SystemClock
    from tui.app import WarmsideApp
    from tui.days_reader import StoreDays
    from tui.errors import need_terminal
    from tui.history_export import export_folder
    from tui.history_reader import StoreHistory
    from tui.look import look_from_environment
    from tui.store_feed import StoreFeed

    need_terminal()
    click.echo("warmside: starting the demo …", err=True)
    with stage.running() as running:
        file, clock = running.paths.store_file, SystemClock()
        feed = StoreFeed(
            file,
            clock,
            budget_of(running.config),
            budget=running.config.budget,
            no_starter="the demo has a keeper of its own",
        )
        history, days = StoreHistory(file, clock, budget_of(running.config), export_folder()), StoreDays(file, clock)
        look = look_from_environment(chosen=running.config.look)
        app = WarmsideApp(
            feed, feed, clock, banner, look=look, history=lambda: history, days=days, no_start=feed.no_start
        )
        keeper.register_front_end(feed.connection)
        try:
            app.run()
        finally:
            history.close()
            days.close()
            keeper.leave_front_end(feed.connection)
            feed.close()
