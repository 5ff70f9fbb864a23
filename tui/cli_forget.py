"""`forget`: deletes sessions from the store for good, after showing what goes."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from store import forget as forgetting
from store import sessions, tombstones
from store.forget_models import Doomed, Gone
from store.ledger import local_date
from tui import filters
from tui.cli_context import Here, here
from tui.format import NOTHING, clean, cut, pad, pad_left, plural

AT_A_TIME = 500
MOST_ROWS = 14
"""Shown before it asks; `--json` has them all."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What would be deleted, and what beside it a person should know."""

    doomed: Sequence[Doomed]
    left_open: Sequence[str] = ()
    """Chosen by their time or project, and open: they stay."""
    transcripts: Sequence[str] = ()
    copied_in: Sequence[str] = ()


def _before(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else filters.since(value, time.time(), None)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("forget")
@click.argument("session", nargs=-1)
@click.option("--before", callback=_before, help=f"Sessions last active before this time: {filters.MOMENT_EXAMPLE}.")
@click.option("--project", help=filters.PROJECT_HELP)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and delete nothing.")
@click.option("--force", is_flag=True, help="While no keeper runs: also sessions that the store has as open.")
@click.option("--undo", metavar="ID", help="Let the transcripts of a forgotten session be read again.")
@click.option("--sweep", is_flag=True, help="Delete no session; only write the file anew, without what was deleted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object; with --yes or --dry-run.")
def forget(
    session: tuple[str, ...],
    before: float | None,
    project: str | None,
    yes: bool,
    dry_run: bool,
    force: bool,
    undo: str | None,
    sweep: bool,
    as_json: bool,
) -> None:
    """Delete SESSIONs (ids or the unique beginnings of some) from the store: prompts, answers, turns and requests.

    The client's own transcripts stay where they are; warmside does not read those of a forgotten session again. What
    pings cost stays in the ledger, without a name.
    """
    ways = [bool(session), before is not None or project is not None, undo is not None, sweep]
    if sum(ways) != 1:
        raise click.UsageError("name sessions, or --before or --project (or both), or --undo, or --sweep")
    at = here()
    if undo is not None:
        _undo(at.connection, undo, as_json=as_json)
        return
    if sweep:
        _swept(at.connection, as_json=as_json)
        return
    if as_json and not (yes or dry_run):
        raise click.UsageError("--json asks nothing: it goes with --yes or --dry-run")
    plan = _plan(at, session, before, project, force=force)
    if not as_json:
        click.echo("\n".join(_shown(plan)))
    if dry_run or not plan.doomed:
        if as_json:
            click.echo(_json(plan, None, swept=False))
        return
    if not yes:
        if not sys.stdin.isatty():
            raise forgetting.CannotForget("nothing was deleted: there is no terminal to ask on, and no --yes")
        if not click.confirm("Delete for good?"):
            click.echo("Nothing was deleted.")
            sys.exit(1)
    gone = _deleted(at.connection, plan.doomed, open_too=force)
    trouble = forgetting.sweep(at.connection)
    click.echo(_json(plan, gone, swept=not trouble) if as_json else _told(gone, plan))
    if trouble:
        _complain_of_sweep(trouble)


def _deleted(connection: sqlite3.Connection, doomed: Sequence[Doomed], *, open_too: bool) -> Gone:
    """Some hundred at a time, so that a keeper need not wait for long."""
    done: list[Gone] = []
    for begin in range(0, len(doomed), AT_A_TIME):
        ids = [one.id for one in doomed[begin : begin + AT_A_TIME]]
        done.append(forgetting.delete(connection, ids, time.time(), open_too=open_too))
    requests = sum(gone.requests for gone in done)
    return Gone(
        sessions=tuple(one for gone in done for one in gone.sessions),
        turns=sum(gone.turns for gone in done),
        requests=requests,
        # (What one part passed on to a session of the next did not stay.)
        passed_on=max(0, sum(one.requests for one in doomed) - requests),
        pings=sum(gone.pings for gone in done),
    )


def _plan(at: Here, named: Sequence[str], before: float | None, project: str | None, *, force: bool) -> _Plan:
    if force and at.keeper is not None:
        raise forgetting.CannotForget("--force needs the keeper to be away (`warmside keeper stop`): it follows them")
    connection = at.connection
    if named:
        ids = list(dict.fromkeys(sessions.resolve(connection, one) for one in named))
    else:
        ids = forgetting.chosen(connection, before=before, among=filters.sessions(project, None))
    found = forgetting.look(connection, ids)
    doomed = [one for one in found if named or force or not one.open]
    ids = [one.id for one in doomed]
    return _Plan(
        doomed,
        [one.id for one in found if one not in doomed],
        forgetting.transcripts(connection, ids),
        forgetting.copied_in(connection, ids),
    )


def _shown(plan: _Plan) -> Iterator[str]:
    doomed = plan.doomed
    if plan.left_open:
        names = ", ".join(clean(one)[:8] for one in plan.left_open)
        yield f"{plural(len(plan.left_open), 'open session')} left alone: {names}"
    if not doomed:
        yield "No session like that." if not plan.left_open else "No other session like that."
        return
    yield f"These go for good: {plural(len(doomed), 'session')}"
    yield ""
    yield click.style(_row("", "", "", "last active", "turns", "requests", "pings"), dim=True)
    for one in doomed[:MOST_ROWS]:
        last = NOTHING if one.last_activity_at is None else local_date(one.last_activity_at)
        counts = (f"{count:,}" for count in (one.turns, one.requests, one.pings))
        yield _row(clean(one.id)[:8], clean(one.agent), clean(one.project or one.title), last, *counts)
    if len(doomed) > MOST_ROWS:
        yield click.style(f"{len(doomed) - MOST_ROWS} more: --dry-run --json has all", dim=True)
    if len(doomed) > 1:
        sums = (sum(one.turns for one in doomed), sum(one.requests for one in doomed), sum(one.pings for one in doomed))
        yield _row("all", "", "", "", *(f"{count:,}" for count in sums))
    yield ""
    if any(one.pings for one in doomed):
        yield "Pings stay in the ledger, without a name: what was spent was spent."
    if plan.copied_in:
        forks = ", ".join(clean(one)[:8] for one in plan.copied_in[:MOST_ROWS])
        yield f"Copies of some of these turns stay in sessions that were forked from them: {forks}"
    if plan.transcripts:
        first = clean(plan.transcripts[0])
        more = "" if len(plan.transcripts) == 1 else f" and {len(plan.transcripts) - 1} more"
        yield f"The client's own transcripts stay, and are not read again: {first}{more}"


def _row(session: str, agent: str, project: str, last: str, *counts: str) -> str:
    numbers = "".join(pad_left(count, 9) for count in counts)
    return f"  {pad(session, 8)}  {pad(agent, 8)}  {pad(cut(project, 20), 20)} {pad_left(last, 11)}{numbers}"


def _told(gone: Gone, plan: _Plan) -> str:
    passed = "" if not gone.passed_on else f" ({gone.passed_on:,} more are counted in forked sessions now)"
    return (
        f"Deleted: {plural(len(gone.sessions), 'session')}, {plural(gone.turns, 'turn')},"
        f" {plural(gone.requests, 'request')}{passed}."
        + ("\n`warmside forget --undo ID` lets a session's transcript be read again." if plan.transcripts else "")
    )


def _json(plan: _Plan, gone: Gone | None, *, swept: bool) -> str:
    from tui.json_out import dumps

    told = gone or Gone(
        sessions=tuple(one.id for one in plan.doomed),
        turns=sum(one.turns for one in plan.doomed),
        requests=sum(one.requests for one in plan.doomed),
        pings=sum(one.pings for one in plan.doomed),
    )
    return json.dumps(
        {
            "deleted": gone is not None,
            **json.loads(dumps(told)),
            "left_open": list(plan.left_open),
            "copied_in": list(plan.copied_in),
            "transcripts": list(plan.transcripts),
            "swept": swept,
        },
        indent=2,
    )


def _undo(connection: sqlite3.Connection, prefix: str, *, as_json: bool) -> None:
    found = tombstones.starting_with(connection, prefix) if prefix else []
    if len(found) != 1 and prefix not in found:
        many = f"{prefix!r} names more than one forgotten session" if found else f"no forgotten session {prefix!r}"
        raise sessions.UnknownSession(many)
    session_id = prefix if prefix in found else found[0]
    tombstones.lift(connection, session_id)
    if as_json:
        click.echo(json.dumps({"session": session_id, "forgotten": False}, indent=2))
        return
    click.echo(f"{clean(session_id)} may be read again. What its client still has comes back with: warmside import")


def _swept(connection: sqlite3.Connection, *, as_json: bool) -> None:
    trouble = forgetting.sweep(connection)
    if as_json:
        click.echo(json.dumps({"swept": not trouble}, indent=2))
    elif not trouble:
        click.echo("Written anew: nothing that was deleted is left in the store's file.")
    if trouble:
        _complain_of_sweep(trouble)


def _complain_of_sweep(trouble: str) -> None:
    click.echo(
        f"warmside: bytes of what was deleted may still lie in the store's file ({trouble}):"
        " `warmside forget --sweep` writes it anew",
        err=True,
    )
    sys.exit(1)
