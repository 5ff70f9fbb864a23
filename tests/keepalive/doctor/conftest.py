"""A made-up person's machine: a home of the test's own and an environment with nothing else in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.clock import ManualClock
from keepalive.doctor.reading.around import Around
from keepalive.paths import find_paths


@pytest.fixture
def around(tmp_path: Path) -> Around:
    """An empty home; our own folders lie below it and do not exist yet."""
    home = (tmp_path / "home").resolve()
    home.mkdir()
    bin_dir = home / "bin"
    bin_dir.mkdir()
    environ = {"HOME": str(home), "PATH": str(bin_dir), "WARMSIDE_HOME": str(home / "ws")}
    paths = find_paths({**environ, "CLAUDE_CONFIG_DIR": str(home / ".claude"), "CODEX_HOME": str(home / ".codex")})
    return Around(environ, paths, home, ManualClock())
