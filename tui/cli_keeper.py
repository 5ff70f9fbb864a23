"""`keeper run|start|stop|status`."""

from __future__ import annotations

import os
import sys

import click

from tui.cli_context import here
from tui.json_out import dumps


@click.group("keeper")
def keeper_group() -> None:
    """The background process that watches, passes requests on and pings."""


@keeper_group.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here instead of on the kept port.")
@click.option("--upstream", help="Where requests go that belong to no launch.")
def run(port: int | None, upstream: str | None) -> None:
    """Run in the foreground until Ctrl-C."""
    from keepalive.supervisor import python_module

    here().connection.close()  # a wrong config or store is said here, not in the log
    command = [*python_module("keepalive.keeper_main"), "--stay"]
    command += [f"--port={port}"] if port is not None else []
    command += [f"--upstream={upstream}"] if upstream is not None else []
    os.execv(sys.executable, command)  # noqa: S606


@keeper_group.command()
def start() -> None:
    """Start it in the background, unless it runs."""
    from keepalive import keeper

    at = here()
    found = keeper.ensure(at.connection, at.paths)
    click.echo(f"keeper runs: pid {found.pid}, {found.url}")


@keeper_group.command()
def stop() -> None:
    """Stop it. Agents that were started through it retry until it is back."""
    from keepalive import keeper

    click.echo("stopped" if keeper.stop(here(any_config=True).connection) else "no keeper runs")


@keeper_group.command()
@click.option("--json", "as_json", is_flag=True)
def status(as_json: bool) -> None:
    """Who runs, where, since when. Exit code 1 when nobody does."""
    found = here(any_config=True).keeper
    if found is None:
        click.echo("null" if as_json else "no keeper runs; `warmside keeper start` starts one")
        sys.exit(1)
    if as_json:
        click.echo(dumps(found))
    else:
        alone = "" if found.supervised else ", unsupervised: the next start replaces it"
        click.echo(f"pid {found.pid}, {found.url} to {found.upstream}, {found.sessions} sessions{alone}")
