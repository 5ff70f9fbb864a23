"""`install` and `uninstall` as groups: parts by name, imported when they are asked for."""

from __future__ import annotations

import click
import pytest

from tests.tui.cli_home import Cli
from tests.tui.test_cli import loaded_by
from tui.cli_install import INSTALL, UNINSTALL, PartsGroup, install, uninstall


@pytest.mark.parametrize(("group", "parts"), [(install, INSTALL), (uninstall, UNINSTALL)])
def test_every_part_exists_and_says_what_it_does(cli: Cli, group: PartsGroup, parts: dict[str, object]) -> None:
    shown = cli(str(group.name), "--help")
    assert shown.code == 0
    context = click.Context(group)
    for name in parts:
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
        assert f"  {name} " in shown.out
    assert group.get_command(context, "nonsense") is None


def test_help_loads_no_part() -> None:
    code = "from tui.cli import main; main(['install', '--help'])"
    assert loaded_by(code, "tui.cli_install_claude", "tui.cli_install_shell", "pydantic", "textual") == []


def test_wrong_usage(cli: Cli) -> None:
    for arguments in (["install", "nonsense"], ["uninstall", "claude", "--nonsense"]):
        result = cli(*arguments)
        assert (result.code, result.out) == (2, "")
