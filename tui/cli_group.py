"""The commands as click knows them. Every body is imported when its command runs, so that each start is quick."""

from __future__ import annotations

import importlib

import click

from tui.cli import COMMANDS
from tui.imports import uncollected


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
        with uncollected():
            from tui.cli_sidebar import sidebar

        sidebar(no_keeper=no_keeper, demo_if_empty=demo_if_empty)
