"""`sessions`, `show`: what the store knows, as text for people or JSON for scripts."""

from __future__ import annotations

import time

import click

from keepalive.allowance import budget_of
from store import board, sessions
from store.models import CacheStateName, SessionDetail, SessionView, WaitingFor
from tui import filters
from tui.cli_context import here
from tui.format import clean
from tui.json_out import dumps, iso

EVERY_SESSION = 1_000_000
HARDLY = 0.05
"""Below this chance a cache counts as gone."""


@click.command("sessions")
@click.option("--open", "open_only", is_flag=True, help="Only sessions that are open.")
@click.option("--project", help=filters.PROJECT_HELP)
@click.option("--agent", help=filters.AGENT_HELP)
@click.option(
    "--limit", type=click.IntRange(1, EVERY_SESSION), default=100, show_default=True, help="At most this many."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON list, newest first.")
def sessions_command(open_only: bool, project: str | None, agent: str | None, limit: int, as_json: bool) -> None:
    """List sessions, newest first."""
    at = here()
    views = board.sessions(
        at.connection,
        now=time.time(),
        keeper_on=at.keeper is not None,
        budget_of=budget_of(at.config),
        costly_usd=at.config.warnings.cold_usd,
        open_only=open_only,
        chosen=filters.sessions(project, agent),
        limit=limit,
    )
    if as_json:
        click.echo(dumps(views))
        return
    if not views:
        narrowed = open_only or project is not None or agent is not None
        click.echo(
            "No session like that."
            if narrowed
            else "No session yet. Start one that can be kept warm: warmside run -- claude"
        )
    for view in views:
        click.echo(_line(view))


@click.command()
@click.argument("session")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--markdown", is_flag=True, help="A Markdown document, as `export` writes it.")
@click.option("--why", type=click.IntRange(min=0), metavar="TURN", help="What broke the cache in this turn.")
def show(session: str, as_json: bool, markdown: bool, why: int | None) -> None:
    """Show one session and its turns; SESSION is an id or the unique beginning of one."""
    if markdown and (as_json or why is not None):
        raise click.UsageError("--markdown goes with neither --json nor --why")
    at = here()
    if why is not None:
        from store import breaks
        from tui.causes import why_text

        found = breaks.why(at.connection, sessions.resolve(at.connection, session), why)
        click.echo(dumps(found) if as_json else why_text(found))
        return
    detail = board.detail(
        at.connection,
        sessions.resolve(at.connection, session),
        now=time.time(),
        keeper_on=at.keeper is not None,
        budget_of=budget_of(at.config),
        costly_usd=at.config.warnings.cold_usd,
    )
    if markdown:
        from store.export import markdown as document

        click.echo(document(detail), nl=False)
        return
    click.echo(dumps(detail) if as_json else _detail(detail))


def _line(view: SessionView) -> str:
    from tui import reasons
    from tui.format import past

    now = time.time()
    cold = "" if view.cache.cold_usd is None else f"  if cold ${view.cache.cold_usd:.2f}"
    waits = f", waits for {view.waiting_for}" if view.waiting_for else ""
    why = reasons.words(view.keepalive.why, view.keepalive.why_args, now, None).full
    project = clean(view.project)
    at = view.last_activity_at or view.opened_at
    return (
        f"{clean(view.id)[:8]}  {'' if at is None else past(at, now, None):7}  {clean(view.agent):8} {project:20}"
        f" {view.status}{waits}  cache {_cache(view)}{cold}  {why}"
    )


def _cache(view: SessionView) -> str:
    """Its state; of one without a promise the chance, as on the board, and that it is gone where there is none."""
    chance = view.cache.probability
    if view.cache.state is not CacheStateName.LIKELY or chance is None:
        return str(view.cache.state)
    return "gone" if chance < HARDLY else f"{100 * chance:.0f}% warm"


def _detail(detail: SessionDetail) -> str:
    from tui import reasons

    lines = [_line(detail), f"{clean(detail.cwd)}  {clean(detail.model or 'no model yet')}"]
    bet = reasons.odds(detail.keepalive.why_args, detail.waiting_for is WaitingFor.YOU)
    lines += [", ".join(bet)] if bet else []
    for turn in detail.turns:
        started = iso(turn.started_at) if turn.started_at else "-"
        lines += [
            "",
            f"turn {turn.n}  {started}  {turn.requests} requests",
            _plain(turn.prompt),
            "",
            _plain(turn.answer),
        ]
        if turn.memory:
            lines += ["", _plain(turn.memory)]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Foreign text of several lines as the terminal may get it: indented as it was, without any control."""
    lines = text.expandtabs(4).splitlines()
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + clean(line) for line in lines)
