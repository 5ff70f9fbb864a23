"""`budget`: show or set what a session may spend on keep-alive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TypeVar

import click

from store import budgets, sessions
from store.models import BudgetMode
from tui import parse
from tui.cli_context import here
from tui.json_out import iso

HOLD_SECONDS = 7200.0
T = TypeVar("T")


def _parsed(read: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """An option's callback that reads it as the budget sheet does (click's own numbers take `nan` for no cap)."""

    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


@click.command()
@click.argument("session", required=False)
@click.option("--default", "for_new", is_flag=True, help="The budget of new sessions.")
@click.option("--mode", type=click.Choice([mode.value for mode in BudgetMode]))
@click.option("--pings", callback=_parsed(parse.pings), help="Pings an idle period.")
@click.option("--usd", callback=_parsed(parse.usd), help="Money for the session.")
@click.option("--until", help="18:00, 2h or 'tomorrow 9:00'.")
@click.option("--json", "as_json", is_flag=True)
def budget(
    session: str | None,
    for_new: bool,
    mode: str | None,
    pings: int | None,
    usd: float | None,
    until: str | None,
    as_json: bool,
) -> None:
    """Show or set the keep-alive budget of SESSION (or of new sessions with --default)."""
    if (session is None) == (not for_new):
        raise click.UsageError("name a session, or --default")
    at = here(any_config=mode == "off")  # switching off has to work whatever else is wrong
    now = time.time()
    key = budgets.DEFAULT if session is None else sessions.resolve(at.connection, session)
    current = budgets.effective(at.connection, key) or at.config.default_budget()
    if (mode, pings, usd, until) != (None, None, None, None):
        chosen = BudgetMode(mode or current.mode)
        try:
            end = parse.until(until, now, None) if until else current.until
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--until") from error
        if chosen is BudgetMode.HOLD and (end is None or end <= now):
            end = now + HOLD_SECONDS
        budgets.put(
            at.connection,
            key,
            mode=chosen,
            pings=current.pings if pings is None else pings,
            usd=current.usd if usd is None else usd,
            # A new mode begins without the end of the one before; other changes leave the end as it is.
            until=end if until or mode is None or chosen is BudgetMode.HOLD else None,
            now=now,
        )
        current = budgets.effective(at.connection, key) or current
    shown = current.model_dump(mode="json", include={"mode", "pings", "usd", "until"})
    shown["until"] = None if current.until is None else iso(current.until)
    if as_json:
        click.echo(json.dumps(shown))
        return
    click.echo("  ".join(f"{name} {'-' if value is None else value}" for name, value in shown.items()))
