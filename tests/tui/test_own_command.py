"""How others start us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.own_command import own_command


def test_the_name_on_path_comes_first_then_the_interpreters_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr("sys.argv", ["somewhere/main"])
    assert own_command() == Path.cwd() / "somewhere" / "main"
    beside = tmp_path / "bin" / "warmside"
    beside.parent.mkdir()
    beside.touch()
    assert own_command() == beside
    named = tmp_path / "warmside"
    named.touch(mode=0o700)
    assert own_command() == named
