"""`run`: becomes the agent, through the gateway where that works and as typed where it does not."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from keepalive import keeper
from keepalive.supervisor import KeeperError
from store import launches
from store.models import KeeperView
from store.row import row_of
from tests.keepalive.keeper_home import Home, eventually, made_home
from tests.tui.cli_home import UPSTREAM, Cli

WARMSIDE = [sys.executable, "-c", "from tui.cli import main; main()"]
AGENT = f"""#!{sys.executable} -S
import json, os, sys
settings = None
if "--settings" in sys.argv:
    with open(sys.argv[sys.argv.index("--settings") + 1]) as file:
        settings = json.load(file)
print(json.dumps({{"pid": os.getpid(), "argv": sys.argv, "env": dict(os.environ), "settings": settings}}), flush=True)
sys.stdin.read()
sys.exit(7)
"""
"""A client that says how it was started, stays until its stdin ends, and leaves with a code of its own."""


def agent(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(AGENT)
    path.chmod(0o755)
    return path


class Executed(Exception):
    """What `run` would have become."""

    def __init__(self, name: str, argv: tuple[str, ...]) -> None:
        super().__init__(name)
        self.argv = argv


@pytest.fixture
def no_exec(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands are not started but raised, and what `run` puts into the environment is taken out again."""

    def execvp(name: str, argv: tuple[str, ...]) -> None:
        raise Executed(name, argv)

    before = dict(os.environ)
    monkeypatch.setattr(os, "execvp", execvp)
    yield
    os.environ.clear()
    os.environ.update(before)


def running(*args: object) -> KeeperView:
    return row_of(
        KeeperView,
        {
            "pid": 1,
            "port": 4242,
            "url": "http://127.0.0.1:4242",
            "upstream": UPSTREAM,
            "sessions": 0,
            "since": 1.0,
            "supervised": True,
        },
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with made_home(tmp_path, monkeypatch) as made:
        yield made


def test_it_becomes_the_client_with_a_launch_and_a_private_settings_file(home: Home, tmp_path: Path) -> None:
    client = agent(tmp_path, "claude")
    process = subprocess.Popen(
        [*WARMSIDE, "run", "--", str(client), "--resume", "--", "a prompt"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            said = json.loads(process.stdout.readline())
            found = home.status()
            assert found is not None
            assert said["pid"] == process.pid, "exec: the same process"
            settings_file = Path(said["argv"][2])
            assert said["argv"][1:] == ["--settings", str(settings_file), "--resume", "--", "a prompt"]
            assert stat.S_IMODE(settings_file.stat().st_mode) == 0o600
            assert stat.S_IMODE(settings_file.parent.stat().st_mode) == 0o700
            url = said["settings"]["env"]["ANTHROPIC_BASE_URL"]
            assert url.startswith(f"{found.url}/s/")
            assert said["env"]["ANTHROPIC_BASE_URL"] == url
            (launch,) = launches.live(home.connection)
            assert settings_file.stem == launch.id
            assert launch.token_hash == launches.token_hash(url.rpartition("/")[2])
            assert (launch.agent, launch.pid, launch.upstream) == ("claude", process.pid, home.upstream.url)
            assert launch.pid_started_at == pytest.approx(psutil.Process(process.pid).create_time())
            assert launch.cwd == str(tmp_path)
            process.stdin.close()
            assert process.wait(10) == 7
            notes = process.stderr.read().splitlines()
            assert len(notes) == 1
            assert "Remote Control" in notes[0]
            eventually(lambda: not settings_file.exists() and not launches.live(home.connection))
        finally:
            process.kill()


def test_signals_and_codes_are_the_clients_own(home: Home, tmp_path: Path) -> None:
    home.config("[budget]\nnonsense = 1\n")  # so that no keeper is needed
    process = subprocess.Popen(
        [*WARMSIDE, "run", "--", str(agent(tmp_path, "claude")), "-x"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = json.loads(process.stdout.readline())
        assert said["argv"][1:] == ["-x"], "as typed"
        assert "ANTHROPIC_BASE_URL" not in said["env"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM
        note = process.stderr.read()
    assert note == (
        f"warmside: {home.paths.config_file}:4: budget.nonsense: unknown key, known: mode, pings, usd_per_ping,"
        " usd_per_session, usd_per_day, min_prefix_tokens, ttl, agent, project;"
        f" starting {tmp_path / 'claude'} without it\n"
    )


@pytest.mark.usefixtures("no_exec")
def test_a_keeper_that_does_not_start_stops_no_agent(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = str(agent(tmp_path, "claude"))

    def refused(*args: object) -> KeeperView:
        raise KeeperError("port 1 is taken")

    monkeypatch.setattr(keeper, "ensure", refused)
    with pytest.raises(Executed) as started:
        cli("run", "--", client, "-c")
    assert started.value.argv == (client, "-c")

    def fault(*args: object) -> KeeperView:
        raise ZeroDivisionError

    monkeypatch.setattr(keeper, "ensure", fault)
    with pytest.raises(Executed):
        cli("run", "--", client)


@pytest.mark.usefixtures("no_exec")
def test_going_elsewhere_than_asked_is_worse_than_not_starting(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> KeeperView:
        raise KeeperError("port 1 is taken")

    monkeypatch.setattr(keeper, "ensure", refused)
    client = str(agent(tmp_path, "claude"))
    assert cli("run", "--upstream", "http://127.0.0.1:9/x", "--", client).refused() == "port 1 is taken"


@pytest.mark.usefixtures("no_exec")
def test_settings_that_cannot_be_read_are_said(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "ensure", running)
    client = str(agent(tmp_path, "claude"))
    assert "--settings" in cli("run", "--", client, "--settings", "{broken").refused()
    assert not cli.paths.launch_dir.exists()


@pytest.mark.usefixtures("no_exec")
def test_a_launch_inside_a_launch_has_the_outer_ones_upstream(
    cli: Cli, db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "ensure", running)
    client = str(agent(tmp_path, "some-agent"))
    with pytest.raises(Executed):
        cli("run", "--upstream", "http://127.0.0.1:8/company", "--", client)
    outer = os.environ["ANTHROPIC_BASE_URL"]
    assert outer.startswith("http://127.0.0.1:4242/s/")
    with pytest.raises(Executed):
        cli("run", "--", client)
    assert os.environ["ANTHROPIC_BASE_URL"] != outer
    assert [launch.upstream for launch in launches.live(db)] == ["http://127.0.0.1:8/company"] * 2


@pytest.mark.usefixtures("no_exec")
def test_what_a_base_url_changes_is_said_once(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keeper, "ensure", running)
    client = str(agent(tmp_path, "claude"))
    said = []
    for _ in range(2):
        with pytest.raises(Executed):
            cli("run", "--", client)
        said.append(capsys.readouterr().err)
    assert "Remote Control" in said[0]
    assert said[1] == ""


def test_a_command_that_is_not_there_is_one_line_and_no_launch(cli: Cli) -> None:
    assert "command not found" in cli("run", "--", "made-up-command-that-is-nowhere").refused(127)
    assert not cli.paths.store_file.exists()


def test_options_after_the_command_are_the_commands(cli: Cli, tmp_path: Path) -> None:
    """Even without the two dashes, and with options that `run` has itself."""
    script = tmp_path / "agent"
    script.write_text(f"#!/bin/sh\nprintf '%s ' \"$@\" > {shlex.quote(str(tmp_path / 'said'))}\n")
    script.chmod(0o755)
    cli.config("[budget]\nnonsense = 1\n")
    subprocess.run([*WARMSIDE, "run", str(script), "--upstream", "x", "--help", "-v"], check=True, capture_output=True)
    assert (tmp_path / "said").read_text() == "--upstream x --help -v "


def test_without_a_command_it_is_wrong_usage_but_for_a_check(cli: Cli) -> None:
    wrong = cli("run")
    assert (wrong.code, wrong.out) == (2, "")
    assert "Missing argument" in wrong.err
    checked = cli("run", "--check")
    assert (checked.code, checked.out, checked.err) == (0, "", "")
