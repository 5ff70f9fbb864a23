"""`run -- CMD…`: start an agent through the gateway by becoming it: same pid, terminal, signals and exit code."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import time
from pathlib import Path

import click

SAID = "said.base_url"
_BASE_URL_NOTE = (
    "warmside: the client talks to a local address now: in it Remote Control and fine-grained tool streaming are off,"
    " tool search stays on; the plain `claude` goes around"
)

_SPENDS = "; keep-alive is on, at most ${ping:.2f} a ping and ${day:.2f} a day: `warmside budget --default --mode off`"


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--upstream", help="Where this launch's requests go; default: where they went before.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(upstream: str | None, command: tuple[str, ...]) -> None:
    """Start an agent so that its cache can be kept warm: warmside run -- claude"""
    if shutil.which(command[0]) is None:  # asked first: no keeper and no launch for a typing error
        click.echo(f"warmside: {command[0]}: command not found", err=True)
        sys.exit(127)
    argv, environment = _prepare(command, upstream)
    os.environ.update(environment)
    try:
        os.execvp(argv[0], argv)  # noqa: S606
    except OSError as error:
        click.echo(f"warmside: cannot start {argv[0]}: {error.strerror}", err=True)
        sys.exit(126)


def _prepare(command: tuple[str, ...], upstream: str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """What to execute. Whatever breaks in warmside itself, the agent starts: then as typed, with a word about it."""
    from keepalive.launch import LaunchError
    from tui.errors import one_line

    try:
        return _through_gateway(command, upstream)
    except LaunchError:
        raise
    except Exception as error:
        if upstream is not None:
            raise  # going elsewhere than asked is worse than not starting
        reason = one_line(error) or f"{type(error).__name__}: {error}"
        click.echo(f"warmside: {reason}; starting {command[0]} without it", err=True)
        return command, {}


def _through_gateway(command: tuple[str, ...], upstream: str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    import psutil

    from keepalive import keeper, launch
    from store import launches, settings
    from store.rows import LaunchRow
    from tui.cli_context import here

    at = here()
    running = keeper.ensure(at.connection, at.paths)
    token, launch_id = secrets.token_hex(16), f"launch-{secrets.token_hex(4)}"
    settings_file = at.paths.launch_dir / f"{launch_id}.json"

    def upstream_of(outer: str) -> str | None:
        known = launches.by_token(at.connection, outer)
        return None if known is None else known.upstream

    start = launch.prepare(
        command,
        gateway_url=f"{running.url}/s/{token}",
        upstream=upstream,
        default_upstream=running.upstream,
        upstream_of=upstream_of,
        environ=os.environ,
        cwd=Path.cwd(),
        claude_dir=at.paths.claude_dir,
        settings_file=settings_file,
    )
    launches.record(
        at.connection,
        LaunchRow(
            id=launch_id,
            token_hash=launches.token_hash(token),
            agent=start.agent,
            pid=os.getpid(),
            pid_started_at=psutil.Process().create_time(),
            cwd=str(Path.cwd()),
            upstream=start.upstream,
            proxy=start.proxy,
            ca_file=start.ca_file,
            started_at=time.time(),
            ended_at=None,
        ),
    )
    if start.settings is not None:  # after the launch was stored: the keeper removes files of launches it does not know
        launch.write_settings(settings_file, start.settings)
    if settings.get(at.connection, SAID) is None:
        settings.put(at.connection, SAID, True)
        budget = at.config.budget
        spends = "" if budget.mode == "off" else _SPENDS.format(ping=budget.usd_per_ping, day=budget.usd_per_day)
        click.echo(_BASE_URL_NOTE + spends, err=True)
    if start.note:
        click.echo(start.note, err=True)
    at.connection.close()
    return start.argv, dict(start.environment)
