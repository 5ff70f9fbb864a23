"""The short way to a client: what it asks for, what it loads, what it says."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from keepalive import keeper, launch
from keepalive.launch import LaunchError
from keepalive.launching import record
from keepalive.launching.start import PASSING, RUN_PID
from keepalive.paths import find_paths
from store import launches
from store.migrations import open_store
from tests.tui.cli_home import UPSTREAM, Cli
from tests.tui.test_cli import loaded_by
from tests.tui.test_cli_run import Executed, agent, no_exec, running
from tui import become

__all__ = ["no_exec"]

GATEWAY = "http://127.0.0.1:4242"


@pytest.fixture
def keeper_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "running", lambda _: record.Running(GATEWAY, UPSTREAM))


def executed(*arguments: str) -> tuple[str, ...]:
    with pytest.raises(Executed) as started:
        become.quick(arguments)
    return started.value.argv


@pytest.mark.usefixtures("no_exec", "keeper_runs", "cli")
def test_the_plain_form_starts_the_client_and_any_other_is_parsed_elsewhere(tmp_path: Path) -> None:
    for arguments in ([], ["--"], ["claude"], ["--upstream", "x", "--", "claude"], ["--help"], ["--check"]):
        assert not become.quick(arguments)
    client = str(agent(tmp_path, "claude"))
    argv = executed("--", client, "--upstream", "theirs", "--", "x")
    assert (argv[0], argv[1], argv[3:]) == (client, "--settings", ("--upstream", "theirs", "--", "x"))
    assert os.environ[RUN_PID] == str(os.getpid()), "what runs below is in a launch"


@pytest.mark.usefixtures("no_exec", "keeper_runs")
def test_settings_that_cannot_be_kept_are_one_line(
    cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        become.quick(["--", str(agent(tmp_path, "claude")), "--settings", "{\n"])
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("warmside: cannot read your --settings")
    assert said.count("\n") == 1
    with pytest.raises(LaunchError):
        become.become([str(agent(tmp_path, "claude")), "--settings", "{"], None)
    assert cli.paths.launch_dir.exists() is False


@pytest.mark.usefixtures("no_exec")
def test_what_holds_no_conversation_needs_nothing_of_ours(cli: Cli, tmp_path: Path) -> None:
    client = str(agent(tmp_path, "claude"))
    assert executed("--", client, "--version") == (client, "--version")
    assert not cli.paths.store_file.exists()
    assert RUN_PID not in os.environ


@pytest.mark.usefixtures("no_exec", "keeper_runs")
def test_a_token_on_a_command_line_is_one_that_only_passes(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_API_KEY", "made-up")
    argv = executed("--", str(agent(tmp_path, "codex")), "x")
    assert argv[1] == "-c"
    token = argv[2].rpartition("/s/")[2].removesuffix('"')
    assert token.startswith(PASSING)
    [stored] = launches.live(db)
    assert (stored.agent, stored.token_hash) == ("codex", launches.token_hash(token))
    assert stored.upstream == "https://api.openai.com/v1"


@pytest.mark.usefixtures("no_exec", "keeper_runs", "cli")
def test_each_thing_is_said_once_to_whom_it_concerns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(name: str) -> str:
        capsys.readouterr()
        executed("--", str(agent(tmp_path, name)))
        return capsys.readouterr().err

    assert "as it is" in (codex := said("codex"))
    assert "keep-alive" not in codex, "nothing is sent for it"
    assert "keep-alive is on, at most $0.25 a ping and $3.00 a day" in (first := said("aider"))
    assert "Remote Control" not in first
    claude = said("claude")
    assert "Remote Control" in claude
    assert "keep-alive is on" not in claude
    assert (said("aider"), said("claude"), said("codex")) == ("", "", "")
    assert "is not known" in said("some-agent")
    assert "is not known" in said("some-agent")


@pytest.mark.usefixtures("no_exec", "keeper_runs")
def test_where_nothing_is_spent_nothing_is_said_of_it(
    cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.config('[budget]\nmode = "off"\n')
    executed("--", str(agent(tmp_path, "aider")))
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("no_exec")
def test_whatever_is_broken_the_client_starts(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = str(agent(tmp_path, "claude"))
    cli.paths.store_file.write_text("no database at all " * 100)
    assert executed("--", client, "x") == (client, "x")
    assert f"starting {client} without it" in capsys.readouterr().err
    monkeypatch.setattr(launch, "holds_conversation", lambda _: 1 / 0)
    assert executed("--", client, "x") == (client, "x")


@pytest.mark.usefixtures("no_exec", "cli")
def test_a_keeper_that_does_not_run_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "ensure", running)
    assert executed("--", str(agent(tmp_path, "claude")))[1] == "--settings"


def test_a_client_that_is_not_there_is_127(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        become.quick(["--", "made-up-command-that-is-nowhere"])
    assert left.value.code == 127
    assert capsys.readouterr().err == "warmside: made-up-command-that-is-nowhere: command not found\n"


@pytest.mark.usefixtures("cli")
def test_a_start_loads_nothing_heavy() -> None:
    open_store(find_paths().store_file).close()
    code = (
        "from keepalive.launching import record; record.running = lambda _: record.Running('http://127.0.0.1:1', 'http://x')\n"
        "from tui import become; become._notes = lambda *given, **named: []; become.quick(['--', 'true'])"
    )
    code = f"import os; os.execvp = lambda *given: None\ntry:\n    exec({code!r})\nfinally:\n    pass"
    heavy = ("textual", "aiohttp", "anthropic", "pydantic", "sqlite_utils", "asyncio", "click", "urllib.request")
    assert loaded_by(code, *heavy) == []


def test_a_check_finds_what_is_broken(tmp_path: Path) -> None:
    become.check()
    # A module of the same name that breaks, before ours on the path.
    broken = tmp_path / "psutil.py"
    broken.write_text("raise ImportError('broken')")
    check = [sys.executable, "-c", "from tui.cli import main; main(['run', '--check'])"]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    fine = subprocess.run(check, env=environ, capture_output=True, check=False)
    assert (fine.returncode, fine.stdout, fine.stderr) == (0, b"", b"")
    assert subprocess.run(
        check, env=environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, check=False
    ).returncode
