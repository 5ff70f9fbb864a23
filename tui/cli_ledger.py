"""`ledger`: what keep-alive spent, saved and lost, as a sentence and tables for people or JSON for scripts."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import click

from store import ledger
from store.ledger_models import IdlePeriod
from store.models import LedgerLine
from store.sessions import FORGOTTEN, NAMELESS
from tui import filters
from tui.amounts import net_of
from tui.cli_context import here
from tui.day_chart import EIGHTHS, HALVES, WHOLE, Bar, days_from, plot
from tui.format import NOTHING, clean, money, net, pad, pad_left, tokens
from tui.glyphs import ASCII, needs_ascii
from tui.json_out import dumps
from tui.ledger_words import LABEL_CELLS, LABELS, idle_time, outcome, ping_count, totals, under_plan, waited_for, when
from tui.lines import Line, Role

MOST_ROWS = 14
"""Of one table; `--json` has them all."""
NAME_CELLS = LABEL_CELLS
MOST_PERIODS = 100_000
LEAST_CELLS, MOST_CELLS = 40, 88
"""Of a terminal that gets bars, and of the bars: about as wide as the tables."""
BAR_ROWS = 7
_HUES: dict[Role, str] = {"good": "green", "bad": "red"}
_QUIET: frozenset[Role] = frozenset({"dim", "faint"})


def _since(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    try:
        return 0.0 if value is None else filters.since(value, time.time(), None)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("ledger")
@click.option("--since", callback=_since, help=f"Pings and returns from this time on: {filters.MOMENT_EXAMPLE}.")
@click.option("--project", help=filters.PROJECT_HELP)
@click.option("--agent", help=filters.AGENT_HELP)
@click.option("--periods", is_flag=True, help="The idle periods behind it, newest first.")
@click.option("--limit", type=click.IntRange(1, MOST_PERIODS), help="With --periods: at most this many (100).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def ledger_command(
    since: float, project: str | None, agent: str | None, periods: bool, limit: int | None, as_json: bool
) -> None:
    """What keep-alive spent, saved and lost.

    A saving counts only when the next request came after the cache's original expiry and read it. What was spent on an
    idle period that ended any other way is lost.
    """
    if limit is not None and not periods:
        raise click.UsageError("--limit goes with --periods")
    connection, chosen = here().connection, filters.sessions(project, agent)
    if periods:
        listed = ledger.with_periods(connection, since, chosen, limit=limit or 100)
        if as_json:
            click.echo(dumps(listed))
            return
        lines = [totals(listed, listed.by_result), *_periods(listed.periods, time.time())]
    else:
        view = ledger.read(connection, since, chosen)
        if as_json:
            click.echo(dumps(view))
            return
        lines = [totals(view, view.by_result)]
        if plan := under_plan(view.by_login):
            lines.append(plan)
        if sys.stdout.isatty():
            lines += bars(view.by_day, ledger.local_date(time.time()), shutil.get_terminal_size().columns, os.environ)
        lines += _table("what came of it", view.by_result, lambda line: LABELS[line.key])
        lines += _table("day, newest first", view.by_day[::-1], lambda line: clean(line.key))
        if len(view.by_agent) > 1:
            lines += _table("agent", view.by_agent, lambda line: clean(line.key))
        lines += _table("project", view.by_project, lambda line: clean(line.key))
        lines += _table("session, newest first", view.by_session, lambda line: _session(line.key, line.label))
    click.echo("\n".join(lines))


def bars(by_day: Sequence[LedgerLine], today: str, columns: int, environ: Mapping[str, str]) -> Iterator[str]:
    """The days as bars; nothing where there is no room, or a day alone, which has nothing to be compared with.

    What of the spent was lost is not marked: the table below books it on the day it came out, not on the day it was
    spent.
    """
    if columns < LEAST_CELLS or not by_day or (by_day[0].key == by_day[-1].key == today):
        return
    found = {line.key: Bar(line.saved_usd, line.spent_usd) for line in by_day}
    first, last = date.fromisoformat(by_day[0].key), date.fromisoformat(max(today, by_day[-1].key))
    plain = needs_ascii(environ)
    drawing = WHOLE if plain else HALVES if "NO_COLOR" in environ else EIGHTHS
    yield ""
    for line in plot(days_from(first, last, found), min(columns, MOST_CELLS), BAR_ROWS, money, drawing):
        text = _styled(line, coloured="NO_COLOR" not in environ)
        yield text.translate(ASCII) if plain else text


def _styled(line: Line, *, coloured: bool) -> str:
    return "".join(
        click.style(piece.text, fg=_HUES.get(piece.role) if coloured else None, dim=piece.role in _QUIET or None)
        for piece in line
    )


def _table(head: str, lines: Sequence[LedgerLine], name: Callable[[LedgerLine], str]) -> Iterator[str]:
    """Nothing for nothing; what does not fit is counted."""
    if not lines:
        return
    yield ""
    yield _row(head, "pings", "hits", "spent", "saved", "lost", "net", dim=True)
    for line in lines[:MOST_ROWS]:
        called = name(line)
        saved, lost = (money(usd) if usd else NOTHING for usd in (line.saved_usd, line.lost_usd))
        numbers = (
            str(line.pings),
            str(line.hits),
            money(line.spent_usd),
            saved,
            lost,
            net(net_of(line.saved_usd, line.spent_usd)),
        )
        yield _row(called, *numbers, dim=called == FORGOTTEN)
    if len(lines) > MOST_ROWS:
        yield click.style(f"{len(lines) - MOST_ROWS} more: --json has all", dim=True)


def _row(name: str, *numbers: str, dim: bool = False) -> str:
    text = pad(name, NAME_CELLS) + "".join(pad_left(number, 9) for number in numbers)
    return click.style(text, dim=True) if dim else text


def _periods(periods: Sequence[IdlePeriod], now: float) -> Iterator[str]:
    if not periods:
        return
    yield ""
    yield click.style(
        _period_row("from", "idle", "waited for", "ttl", "size", "pings", "spent", "what came of it", "session"),
        dim=True,
    )
    for period in periods:
        yield _period_row(
            when(period.opened_at, now, None),
            idle_time(period, now),
            waited_for(period),
            period.ttl or NOTHING,
            tokens(period.prefix_tokens),
            ping_count(period),
            money(period.spent_usd),
            outcome(period),
            click.style(FORGOTTEN, dim=True)
            if period.session == NAMELESS
            else _session(period.session, period.project),
        )


def _session(session_id: str, project: str) -> str:
    """Its id's beginning and where it worked; those that were forgotten have neither."""
    return FORGOTTEN if session_id == NAMELESS else f"{clean(session_id)[:8]}  {clean(project)}"


def _period_row(
    at: str, idle: str, waited: str, ttl: str, size: str, pings: str, spent: str, result: str, of: str
) -> str:
    numbers = f"{pad(at, 12)} {pad_left(idle, 6)}  {pad(waited, 10)}  {pad(ttl, 3)} {pad_left(size, 5)}"
    return f"{numbers}  {pad_left(pings, 7)} {pad_left(spent, 7)}  {pad(result, LABEL_CELLS)}  {of}"
