"""Where the real clients are that a test drives; a test whose client is missing is skipped with the reason."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".e2e" / "node_modules" / ".bin"
"""Where .ci/run installs them."""
ALWAYS = frozenset({"claude", "codex", "opencode", "gemini"})
"""Those that .ci/run installs: with WARMSIDE_E2E=required it is a failure when they are missing."""


def installed(name: str, *, terminal: bool = False) -> Path:
    """The client: $WARMSIDE_<NAME>, or the installed one. `terminal`: the test needs tmux too."""
    variable = f"WARMSIDE_{name.upper()}"
    named = os.environ.get(variable)
    path = Path(named) if named else FOLDER / name
    missing = (
        [] if os.access(path, os.X_OK) else [f"{name} is not installed (set {variable}, or npm install it in .e2e)"]
    )
    if terminal and shutil.which("tmux") is None:
        missing.append("tmux is not installed")
    if missing:
        reason = "; ".join(missing)
        if name in ALWAYS and os.environ.get("WARMSIDE_E2E") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
