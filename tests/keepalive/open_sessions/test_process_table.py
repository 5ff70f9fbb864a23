"""The machine's own processes, read as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from keepalive.open_sessions.process_table import SystemTable

SLEEPER = "import sys; opened = open(sys.argv[1]); print(flush=True); input()"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "a file").touch()
    command = [sys.executable, "-c", SLEEPER, "a file"]
    environment = {"PATH": os.environ["PATH"], "TMUX_PANE": "%7"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_of_ours_tells_all(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    table = SystemTable()
    assert child.pid in table.pids()
    assert table.argv(child.pid)[1:] == ("-c", SLEEPER, "a file")
    details = table.details(child.pid)
    assert details is not None
    assert (details.start, details.cwd) == (table.start(child.pid), str(tmp_path.resolve()))
    assert details.created_at == pytest.approx(psutil.Process(child.pid).create_time())
    assert details.ancestors[0] == os.getpid()
    assert (table.environment(child.pid) or {}).get("TMUX_PANE") == "%7"
    assert str((tmp_path / "a file").resolve()) in table.open_files(child.pid)


def test_a_process_that_is_gone_tells_nothing(child: subprocess.Popen[bytes]) -> None:
    table = SystemTable()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert (table.argv(child.pid), table.start(child.pid), table.details(child.pid)) == ((), None, None), "its remains"
    child.wait()
    assert (table.argv(child.pid), table.start(child.pid), table.details(child.pid)) == ((), None, None)
    assert (table.environment(child.pid), table.open_files(child.pid)) == (None, [])


def test_processes_of_others_are_left_out(child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    table = SystemTable()
    assert (table.argv(child.pid), table.details(child.pid)) == ((), None)


def test_a_title_that_a_client_sets_is_its_command_line() -> None:
    # Node writes `pi` over its arguments and leaves the rest of their space empty.
    command = ["pi", "-c", "print(flush=True); input()", "", ""]
    with subprocess.Popen(command, executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert SystemTable().argv(process.pid) == tuple(command[:3])
        process.kill()
