"""A terminal that went away."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import psutil

from tui.hangup import hung_up


def test_it_is_told_from_one_that_is_there() -> None:
    ours, theirs = pty.openpty()
    assert not hung_up(theirs)
    os.close(ours)
    assert hung_up(theirs)
    os.close(theirs)


def test_the_sidebar_ends_with_its_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "WARMSIDE_HOME": str(tmp_path), "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-c", "from tui.cli import main; main(['--no-keeper'])"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        assert os.read(ours, 1), "it is up"
        os.close(ours)
        process.wait(20)
    finally:
        if psutil.pid_exists(process.pid):
            process.kill()
            process.wait()
