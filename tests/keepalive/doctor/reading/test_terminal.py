"""The terminal's environment, and what tmux says of itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.terminal import read


def test_only_what_is_about_the_terminal_is_taken(around: Around) -> None:
    around.environ = {**around.environ, "TERM": "xterm", "LANG": "C.UTF-8", "SECRET": "x"}
    found = read(around)
    assert (found.environ, found.tmux, found.desktop) == ({"TERM": "xterm", "LANG": "C.UTF-8"}, None, False)


def test_notifications_are_as_configured(around: Around) -> None:
    around.paths.config_file.parent.mkdir()
    around.paths.config_file.write_text("[notify]\ndesktop = true\n")
    assert read(around).desktop
    around.paths.config_file.write_text("wrong")
    assert not read(around).desktop


def test_a_tmux_that_is_gone_says_nothing(around: Around) -> None:
    around.environ = {**around.environ, "TMUX": "/nowhere/socket,1,0"}
    assert read(around).tmux == {}


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_real_tmux_is_asked(around: Around, tmp_path: Path) -> None:
    socket = f"{tmp_path}/s"
    tmux = ["tmux", "-S", socket, "-f", "/dev/null"]
    environ = {**os.environ, "TMUX": ""}
    subprocess.run([*tmux, "new-session", "-d", "sleep 60"], check=True, env=environ)
    try:
        subprocess.run([*tmux, "set", "-s", "set-clipboard", "on"], check=True, env=environ)
        subprocess.run([*tmux, "set", "-g", "allow-passthrough", "on"], check=True, env=environ)
        around.environ = {**os.environ, "HOME": str(around.home), "TMUX": f"{socket},1,0"}
        assert read(around).tmux == {"set-clipboard": "on", "allow-passthrough": "on"}
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, env=environ)
