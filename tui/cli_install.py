"""`install` and `uninstall`: what warmside puts into clients and shells. Each part is imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

Parts = Mapping[str, tuple[str, str, str]]
INSTALL: Parts = {
    "claude": ("tui.cli_install_claude", "install_claude", "The plugin and the status line of Claude Code."),
    "shell": ("tui.cli_install_shell", "install_command", "Let `claude` mean `warmside run -- claude`."),
}
UNINSTALL: Parts = {
    "claude": ("tui.cli_install_claude", "uninstall_claude", "Take plugin and status line out of Claude Code again."),
    "shell": ("tui.cli_install_shell", "uninstall_command", "Take the function out of your shells again."),
}
"""Name: module, object in it, and its line in the help."""


class PartsGroup(click.Group):
    """Knows its parts by name and imports one only when it is asked for."""

    def __init__(self, name: str, parts: Parts, text: str) -> None:
        super().__init__(name, help=text)
        self._parts = parts

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._parts)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = self._parts.get(cmd_name)
        if found is None:
            return None
        command = getattr(importlib.import_module(found[0]), found[1])
        assert isinstance(command, click.Command)  # noqa: S101 - our own table
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._parts[name][2]) for name in self.list_commands(ctx)])


install = PartsGroup("install", INSTALL, "Put warmside into a client, or into your shells. Shows what it will write.")
uninstall = PartsGroup("uninstall", UNINSTALL, "Take back exactly what `install` has written.")
