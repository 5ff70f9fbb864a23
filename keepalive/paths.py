"""Where everything is. Only the standard library and platformdirs: the keeper's small parent starts through here.

`WARMSIDE_HOME` puts everything under one folder; else the platform's own folders are used. Nothing is created.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

HOME = "WARMSIDE_HOME"
CLAUDE_HOME = "CLAUDE_CONFIG_DIR"
CODEX_HOME = "CODEX_HOME"


class Paths(NamedTuple):
    """Every file and folder of ours, and the clients' folders that we read; all absolute."""

    config_file: Path
    state_dir: Path
    store_file: Path
    lock_file: Path
    log_file: Path
    claude_dir: Path
    codex_dir: Path

    @property
    def launch_dir(self) -> Path:
        """Settings files of running launches, one each, named by the launch."""
        return self.state_dir / "launches"

    @property
    def plugin_dir(self) -> Path:
        """Where the keeper and the client's plugin meet; it is there while the plugin is installed."""
        return self.state_dir / "plugin"

    @property
    def checked_file(self) -> Path:
        """`config.toml` as it was last found right."""
        return self.state_dir / "config-checked.json"

    @property
    def installed_file(self) -> Path:
        """What was written into clients' folders, so that it can be taken back."""
        return self.state_dir / "installed.json"


def find_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """Resolve all paths from the environment and the current folder."""
    home = environ.get(HOME)
    if home:
        config, state, data = (_absolute(home),) * 3
    else:
        import platformdirs

        config = platformdirs.user_config_path("warmside")
        state = platformdirs.user_state_path("warmside")
        data = platformdirs.user_data_path("warmside")
    claude, codex = environ.get(CLAUDE_HOME), environ.get(CODEX_HOME)
    return Paths(
        config_file=config / "config.toml",
        state_dir=state,
        store_file=data / "warmside.db",
        lock_file=state / "keeper.lock",
        log_file=state / "keeper.log",
        claude_dir=_absolute(claude) if claude else Path.home() / ".claude",
        codex_dir=_absolute(codex) if codex else Path.home() / ".codex",
    )


def fixed(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a process that will run in another folder: relative folders in it made absolute."""
    names = (HOME, CLAUDE_HOME, CODEX_HOME)
    return {**environ, **{name: str(_absolute(environ[name])) for name in names if environ.get(name)}}


def _absolute(path: str) -> Path:
    return Path(path).expanduser().absolute()
