"""How others start us: what is written into a shell's or tmux's file and has to work there tomorrow."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def own_command() -> Path:
    """By the name on PATH, which stays over upgrades, else by where we are."""
    named = shutil.which("warmside")
    beside = Path(sys.executable).with_name("warmside")
    return Path(named).absolute() if named else beside if beside.exists() else Path(sys.argv[0]).absolute()
