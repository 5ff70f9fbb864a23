"""`run -- CMD…`: start an agent through the gateway by becoming it: same pid, terminal, signals and exit code."""

from __future__ import annotations

import click

from tui import become


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--upstream", help="Where this launch's requests go; default: where they went before.")
@click.option("--check", is_flag=True, hidden=True)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def run(upstream: str | None, check: bool, command: tuple[str, ...]) -> None:
    """Start an agent so that its cache can be kept warm: warmside run -- claude"""
    if check:  # for the shell's function: would a start have got as far as the client?
        become.check()
    elif command:
        become.become(command, upstream)
    else:
        raise click.UsageError("Missing argument 'COMMAND...'.")
