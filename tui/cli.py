"""The command line: parses, calls, prints. Every body is imported when its command runs, so that each start is quick.

Output belongs to stdout, errors are one line on stderr with exit code 1, wrong usage is click's exit code 2.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

COMMANDS = {
    "run": ("tui.cli_run", "run", "Start an agent so that its cache can be kept warm."),
    "demo": ("tui.cli_demo", "demo", "Watch the whole loop on simulated agents: no key, no network."),
    "keeper": ("tui.cli_keeper", "keeper_group", "The background process: run, start, stop, status."),
    "import": ("tui.cli_import", "import_command", "Read transcripts into the store."),
    "sessions": ("tui.cli_read", "sessions_command", "List sessions, newest first."),
    "show": ("tui.cli_read", "show", "Show one session and its turns."),
    "search": ("tui.cli_search", "search_command", "Find turns by what was asked, answered, changed or failed."),
    "export": ("tui.cli_export", "export", "Write sessions as Markdown or JSON."),
    "ledger": ("tui.cli_read", "ledger_command", "What keep-alive spent, saved and lost."),
    "budget": ("tui.cli_budget", "budget", "Show or set what keep-alive may spend."),
}
"""Name: module, object in it, and its line in the help (which must not import them all)."""


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        command = getattr(importlib.import_module(found[0]), found[1])
        assert isinstance(command, click.Command)  # noqa: S101 - our own table
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--no-keeper", is_flag=True, help="Review only: start no keeper, send nothing.")
@click.option("--demo-if-empty", is_flag=True, hidden=True)
@click.version_option(package_name="warmside")
@click.pass_context
def main_group(context: click.Context, no_keeper: bool, demo_if_empty: bool) -> None:
    """Keeps your coding agents' prompt caches warm inside a budget, and shows what each session did.

    Without a command: the sidebar.
    """
    if context.invoked_subcommand is None:
        from tui.cli_sidebar import sidebar

        sidebar(no_keeper=no_keeper, demo_if_empty=demo_if_empty)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    from tui.errors import one_line

    try:
        main_group.main(args=None if arguments is None else list(arguments), prog_name="warmside")
    except Exception as error:
        message = one_line(error)
        if message is None:
            raise
        click.echo(f"warmside: {message}", err=True)
        sys.exit(1)
