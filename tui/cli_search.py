"""`search`: turns that hold every word, newest first, as text for people or JSON for scripts."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, tzinfo

import click

from store.search import Filters, Hit, search
from tui import filters
from tui.cli_context import here
from tui.format import clean
from tui.json_out import dumps

SECONDS = 5.0
"""A person who pressed Enter waits longer than one who types."""


def _moment(read: Callable[[str, float, tzinfo | None], float]) -> Callable[..., float | None]:
    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
        try:
            return None if value is None else read(value, time.time(), None)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option("--project", help=filters.PROJECT_HELP)
@click.option("--agent", help=filters.AGENT_HELP)
@click.option("--since", callback=_moment(filters.since), help=f"Turns from this time on: {filters.MOMENT_EXAMPLE}.")
@click.option("--until", callback=_moment(filters.until), help="Turns up to this time; a day is included.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most this many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list, newest first.")
def search_command(
    query: tuple[str, ...],
    project: str | None,
    agent: str | None,
    since: float | None,
    until: float | None,
    limit: int,
    as_json: bool,
) -> None:
    """Find turns that hold every word of QUERY in their prompt, answer, changed files or failed commands.

    The last word may be the beginning of one. "Two words" in quotes are a phrase; prompt:, answer:, files: and
    commands: look at one field (files:login.py). Put -- before a query that begins with a minus sign.
    """
    chosen = Filters(filters.sessions(project, agent), since, until)
    found = search(here().connection, " ".join(query), chosen, limit=limit, seconds=SECONDS)
    if as_json:
        click.echo(dumps(found.hits))
    else:
        for hit in found.hits:
            click.echo(line(hit, None))
        if not found.hits:
            click.echo("Nothing found.")
    if not found.complete:
        click.echo("warmside: stopped after a while: only the newest turns were searched", err=True)


def line(hit: Hit, zone: tzinfo | None) -> str:
    """A hit for a person: when, where, and the snippet with its matches set off (a pipe gets it without)."""
    at = "-" if hit.at is None else f"{datetime.fromtimestamp(hit.at, zone):%Y-%m-%d %H:%M}"
    shown, end = "", 0
    for start, stop in hit.ranges:
        shown += hit.snippet[end:start] + click.style(hit.snippet[start:stop], bold=True)
        end = stop
    where = f"{at:16}  {clean(hit.session)[:8]}  {clean(hit.project):20}  turn {hit.turn:<4} {hit.field:8}"
    return f"{where}  {shown}{hit.snippet[end:]}"
