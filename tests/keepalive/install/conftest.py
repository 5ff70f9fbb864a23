"""Folders of a made-up person, with a client's folder in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.paths import Paths, find_paths


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A home without anything in it; our own folders lie in it where the platform puts them."""
    home = (tmp_path / "home").resolve()
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return find_paths({})
