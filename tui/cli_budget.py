"""`budget`: show or set what a session may spend on keep-alive, or pause all of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

import click

from keepalive.allowance import Allowance, resolve
from keepalive.config import BudgetConfig
from store import budgets, ledger, pings, sessions
from store.models import BudgetMode
from tui import budget_text, parse
from tui.budget_form import HOLD_SECONDS
from tui.cli_context import Here, here
from tui.json_out import iso

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """An option that was given; None takes the limit away."""

    value: T | None
    back: bool = False
    """An end that is an event: the next prompt."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be set; None leaves it as it is."""

    mode: BudgetMode | None
    pings: Said[int] | None
    usd: Said[float] | None
    usd_per_ping: Said[float] | None
    until: Said[float] | None

    @property
    def empty(self) -> bool:
        """Whether nothing is."""
        return all(getattr(self, field.name) is None for field in fields(self))


def _parsed(read: Callable[[str], T | None]) -> Callable[[click.Context, click.Parameter, str | None], Said[T] | None]:
    """An option's callback that reads it as the budget sheet does (click's own numbers take `nan` for no cap)."""

    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> Said[T] | None:
        if value is None:
            return None
        try:
            if not value.strip():  # an empty variable of somebody's script must not take a cap away
                raise ValueError(f"nothing; {parse.NONE} takes the limit away")
            return Said(read(value), back=read is _until and value.strip().lower() == parse.BACK)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


def _until(text: str) -> float | None:
    now = time.time()
    return now + parse.LONGEST_HOLD if text.strip().lower() == parse.BACK else parse.until(text, now, None)


def _pause(text: str) -> float:
    return parse.pause(text, time.time(), None)


@click.command()
@click.argument("session", required=False)
@click.option("--default", "for_new", is_flag=True, help="Sessions without a budget of their own.")
@click.option("--mode", type=click.Choice([mode.value for mode in BudgetMode]))
@click.option("--pings", "count", callback=_parsed(parse.pings), help="Pings an idle period.")
@click.option("--usd", callback=_parsed(parse.usd), help="Money for the session.")
@click.option("--usd-per-ping", callback=_parsed(parse.usd), help="The dearest ping; none: as config.toml says.")
@click.option(
    "--until",
    callback=_parsed(_until),
    help="18:00, 2h, 'tomorrow 9:00', or back: your next prompt. Any limit may be none.",
)
@click.option("--reset", is_flag=True, help="Forget what was set: the defaults hold again.")
@click.option("--pause", callback=_parsed(_pause), metavar="TIME", help="No pings for anybody until: today, 18:00, 2h.")
@click.option("--resume", is_flag=True, help="End the pause.")
@click.option("--json", "as_json", is_flag=True)
def budget(
    session: str | None,
    for_new: bool,
    mode: str | None,
    count: Said[int] | None,
    usd: Said[float] | None,
    usd_per_ping: Said[float] | None,
    until: Said[float] | None,
    reset: bool,
    pause: Said[float] | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Show or set the keep-alive budget of SESSION (or with --default of all without their own), or pause pings."""
    order = Order(BudgetMode(mode) if mode else None, count, usd, usd_per_ping, until)
    if pause is not None or resume:
        if session is not None or for_new or reset or not order.empty or (pause is not None and resume):
            raise click.UsageError("--pause and --resume are for all sessions, and stand alone")
        _pause_all(pause.value if pause else None, as_json=as_json)
        return
    if (session is None) == (not for_new):
        raise click.UsageError("name a session, or --default")
    if reset and not order.empty:
        raise click.UsageError("--reset forgets what was set: nothing can be set beside it")
    at = here(any_config=order.mode is BudgetMode.OFF)  # switching off has to work whatever else is wrong
    key = budgets.DEFAULT if session is None else sessions.resolve(at.connection, session)
    if reset:
        budgets.forget(at.connection, key)
    elif not order.empty:
        _set(at, key, order, time.time())
    click.echo(_shown(at, key, as_json=as_json))


def _set(at: Here, key: str, order: Order, now: float) -> None:
    """A session's own caps count as a whole and take along what is in force; the default's row holds what was said. A
    mode is stored where one was said, or an end, which belongs to it."""
    standing = budgets.standing(at.connection, key)
    current = resolve(at.config.budget, standing)
    if key == budgets.DEFAULT:
        row = standing.default
        count, usd = (row.pings, row.usd) if row else (None, None)
    else:
        row = standing.own
        count, usd = current.pings, current.usd
    mode = order.mode or (row.mode if row else None) or (current.mode if order.until else None)
    end = order.until.value if order.until else current.until
    if order.until is not None and end is None and (mode or current.mode) is BudgetMode.HOLD:
        raise click.UsageError("a hold has an end: name a time, or choose another mode")
    if mode is BudgetMode.HOLD and (end is None or end <= now):
        end = now + HOLD_SECONDS
    budgets.put(
        at.connection,
        key,
        mode=mode,
        pings=order.pings.value if order.pings else count,
        usd=order.usd.value if order.usd else usd,
        usd_per_ping=order.usd_per_ping.value if order.usd_per_ping else row.usd_per_ping if row else None,
        # A new mode begins without the end of the one before; other changes leave the end as it is.
        until=end if order.until or order.mode is None or mode is BudgetMode.HOLD else None,
        until_back=order.until.back if order.until else order.mode is None and current.until_back,
        now=now,
    )


def _pause_all(until: float | None, *, as_json: bool) -> None:
    at, now = here(any_config=True), time.time()
    budgets.pause(at.connection, until)
    if as_json:
        click.echo(json.dumps({"paused_until": None if until is None else iso(until)}))
        return
    click.echo("\n".join(budget_text.pause_lines(until, now, None)) or "No pause: pings go on as the budgets say.")


def _shown(at: Here, key: str, *, as_json: bool) -> str:
    """What is in force now."""
    now, config = time.time(), at.config.budget
    allowed = resolve(config, budgets.standing(at.connection, key))
    spent = pings.spent(at.connection, 0, key, None, ledger.local_midnight(now))  # (the session and the day alone)
    day = budget_text.day_of(config, spent.day_usd, budgets.paused_until(at.connection), now)
    if as_json:
        return json.dumps(_json(allowed, config, day))
    text = budget_text.lines(allowed, spent.session_usd if key else None, day, now, None)
    return "\n".join(text if key else text + budget_text.tables(config))


def _json(allowed: Allowance, config: BudgetConfig, day: budget_text.Day) -> dict[str, object]:
    return {
        "mode": str(allowed.mode),
        "pings": allowed.pings,
        "usd": allowed.usd,
        "until": None if allowed.until is None else iso(allowed.until),
        "until_back": allowed.until_back,
        "usd_per_ping": allowed.usd_per_ping,
        "min_prefix_tokens": allowed.min_prefix_tokens,
        "usd_per_day": config.usd_per_day,
        "paused_until": None if day.paused_until is None else iso(day.paused_until),
        "origins": dict(allowed.origins),
    }
