"""`keeper run|start|stop|status` with a real keeper."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.models import KeeperView
from tests.keepalive.keeper_home import Home, ask, ended, eventually, made_home
from tests.tui.cli_home import Cli

WARMSIDE = [sys.executable, "-c", "from tui.cli import main; main()"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with made_home(tmp_path, monkeypatch) as made:
        yield made


def warmside(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*WARMSIDE, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_start_status_and_stop(home: Home) -> None:
    none = warmside("keeper", "status", "--json")
    assert (none.returncode, none.stdout, none.stderr) == (1, "null\n", "")
    started = warmside("keeper", "start")
    found = home.status()
    assert found is not None
    assert (started.returncode, started.stdout) == (0, f"keeper runs: pid {found.pid}, {found.url}\n")
    status = json.loads(warmside("keeper", "status", "--json").stdout)
    assert set(status) >= {"pid", "port", "url", "upstream", "sessions", "since", "supervised"}
    assert (status["pid"], status["port"], status["upstream"]) == (found.pid, found.port, home.upstream.url)
    assert (status["sessions"], status["supervised"]) == (0, True)
    assert status["since"].endswith("Z")
    assert warmside("keeper", "stop").stdout == "stopped\n"
    assert ended(found.pid)
    assert warmside("keeper", "stop").stdout == "no keeper runs\n"


def test_run_stays_in_the_foreground_with_its_options(home: Home, tmp_path: Path) -> None:
    (tmp_path / "keepalive").mkdir()
    (tmp_path / "keepalive" / "__init__.py").write_text("raise SystemExit('the wrong package')")
    home.config('[providers.anthropic.ttl_seconds]\n"5m" = 60\n')
    elsewhere = f"{home.upstream.url}/elsewhere"
    with subprocess.Popen(
        [sys.executable, "-P", *WARMSIDE[1:], "keeper", "run", f"--upstream={elsewhere}"], cwd=tmp_path
    ) as process:
        try:

            def up() -> KeeperView | None:
                assert process.poll() is None
                return home.status()

            found = eventually(up)
            assert (found.pid, found.upstream) == (process.pid, elsewhere)
            assert os.getsid(process.pid) == os.getsid(0), "Ctrl-C reaches it"
            assert ask(found.port)[0] == 200
            assert home.upstream.requests[-1][0] == "/elsewhere/v1/messages"
            second = warmside("keeper", "run")
            assert second.returncode == 1
            assert second.stderr == "warmside: a keeper runs already; `warmside keeper stop` ends it\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert ended(found.worker_pid)
        finally:
            process.kill()


def test_an_orphan_is_said_to_be_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan = KeeperView(
        pid=1,
        port=4242,
        url="http://127.0.0.1:4242",
        upstream="http://127.0.0.1:9",
        sessions=2,
        since=0.0,
        supervised=False,
    )
    monkeypatch.setattr("tui.cli_context.keeper.status", lambda connection: orphan)
    said = cli("keeper", "status").out
    assert said == (
        "pid 1, http://127.0.0.1:4242 to http://127.0.0.1:9, 2 sessions, unsupervised: the next start replaces it\n"
    )


def test_a_port_out_of_range_is_wrong_usage(cli: Cli) -> None:
    assert cli("keeper", "run", "--port", "70000").code == 2
