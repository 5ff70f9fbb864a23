"""`brief`: what a fresh session has to be told instead of resuming a cold one, as Markdown or JSON."""

from __future__ import annotations

import time

import click

from keepalive.allowance import budget_of
from store import board, brief, sessions
from tui.cli_context import here
from tui.json_out import dumps

MOST_CHARS = 1_000_000


@click.command("brief")
@click.argument("session")
@click.option(
    "--max-chars",
    type=click.IntRange(brief.MIN_CHARS, MOST_CHARS),
    default=brief.MAX_CHARS,
    show_default=True,
    help="At most this long; what is left out is counted.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, the Markdown in it.")
def brief_command(session: str, max_chars: int, as_json: bool) -> None:
    """Write a resume brief of SESSION (an id or the unique beginning of one), to paste into a fresh session.

    What was asked, files changed, commands that failed, the last answer, open ends; and what resuming the session cold
    costs beside it.
    """
    at = here()
    detail = board.detail(
        at.connection,
        sessions.resolve(at.connection, session),
        now=time.time(),
        keeper_on=at.keeper is not None,
        budget_of=budget_of(at.config),
        costly_usd=at.config.warnings.cold_usd,
    )
    made = brief.make(detail, max_chars)
    click.echo(dumps(made) + "\n" if as_json else made.markdown, nl=False)
