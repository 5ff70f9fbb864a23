"""The command line as a whole: help without weight, errors as one line, exit codes."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from keepalive.config import ConfigError
from tests.tui.cli_home import Cli
from tui.cli import COMMANDS
from tui.cli_group import main_group

HEAVY = ("textual", "aiohttp", "anthropic", "apscheduler", "genai_prices")


def loaded_by(code: str, *names: str) -> list[str]:
    """Which of these modules a fresh interpreter has loaded after running the code."""
    # On stderr, since the code may print; at exit, since it may end by itself.
    script = (
        "import atexit, sys\n"
        f"atexit.register(lambda: sys.stderr.write(','.join(n for n in {names!r} if n in sys.modules)))\n{code}"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return [name for name in ran.stderr.split(",") if name]


@pytest.mark.parametrize(
    "code",
    ["import tui.cli", "from tui.cli import main; main(['--help'])", "from tui.cli import main; main(['--version'])"],
)
def test_help_and_version_load_nothing_heavy(code: str) -> None:
    assert loaded_by(code, *HEAVY, "pydantic", "sqlite_utils", "psutil", "asyncio") == []


@pytest.mark.usefixtures("db")
def test_quick_reads_load_nothing_of_screen_gateway_or_sender(cli: Cli) -> None:
    for arguments in (["sessions"], ["ledger"], ["search", "pier"], ["export", "--all"]):
        code = f"from tui.cli import main; main({[*arguments, '--json']})"
        assert loaded_by(code, *HEAVY) == [], arguments


@pytest.mark.parametrize("module", ["tui.app", "tui.store_feed", "tui.cli_sidebar"])
def test_the_sidebar_loads_nothing_of_gateway_or_sender(module: str) -> None:
    assert loaded_by(f"import {module}", *(name for name in HEAVY if name != "textual"), "pydantic") == []


def test_every_command_exists_and_says_what_it_does(cli: Cli) -> None:
    shown = cli("--help")
    assert shown.code == 0
    context = click.Context(main_group)
    for name, (_, _, line) in COMMANDS.items():
        command = main_group.get_command(context, name)
        assert command is not None
        assert command.help
        assert f"  {name} " in shown.out
        assert line in shown.out
        assert "\n" not in line
    assert main_group.get_command(context, "nonsense") is None


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["--nonsense"], ["sessions", "--limit", "many"], ["show"], ["run"], ["keeper", "x"]]
)
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: list[str]) -> None:
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "Usage:" in result.err


@pytest.mark.parametrize(
    "command", [["sessions"], ["ledger", "--json"], ["keeper", "start"], ["budget", "--default"], []]
)
def test_a_broken_config_is_one_line(cli: Cli, command: list[str]) -> None:
    cli.config("[budget]\nusd_per_dya = 1\n")
    assert (
        cli(*command).refused()
        == f"{cli.paths.config_file}:4: budget.usd_per_dya: unknown key, did you mean usd_per_day?"
    )


def test_a_file_that_is_no_store_is_one_line(cli: Cli) -> None:
    cli.paths.store_file.write_bytes(b"this is no database" * 100)
    assert str(cli.paths.store_file) in cli("sessions").refused()


def test_a_fault_of_ours_keeps_its_trace(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **values: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main_group, "main", broken)
    with pytest.raises(ZeroDivisionError):
        cli("sessions")

    def refused(*args: object, **values: object) -> None:
        raise ConfigError("one\nline")

    monkeypatch.setattr(main_group, "main", refused)
    assert cli("sessions").refused() == "one line"
