"""`statusline` as the command line proper knows it: help and wrong usage. In use it never comes here (tui/cli.py)."""

from __future__ import annotations

import click


@click.command("statusline")
@click.option("--wrap", metavar="COMMAND", help="Your own status line, a shell command: it prints first, unchanged.")
@click.argument("command", nargs=-1, metavar="[-- CMD…]")
def statusline_command(wrap: str | None, command: tuple[str, ...]) -> None:
    """One line for Claude Code's status line.

    Reads the client's JSON on standard input, keeps its report of the prompt cache, and prints state, pings and what
    a cold resume costs. With --wrap or -- CMD your own status line runs first, with the same input.
    """
    if wrap and command:
        raise click.UsageError("choose one of --wrap and -- CMD")
    from tui.statusline import serve

    serve(wrap or command or None)
