"""Where things are: one folder when told so, the platform's else, always absolute."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from keepalive.paths import find_paths, fixed


def test_one_folder_holds_everything() -> None:
    paths = find_paths({"WARMSIDE_HOME": "/somewhere/ws", "CLAUDE_CONFIG_DIR": "/somewhere/claude", "CODEX_HOME": "/x"})
    home = Path("/somewhere/ws")
    assert paths.config_file == home / "config.toml"
    assert paths.store_file == home / "warmside.db"
    assert (paths.lock_file, paths.log_file) == (home / "keeper.lock", home / "keeper.log")
    assert paths.launch_dir == home / "launches"
    assert (paths.plugin_dir, paths.installed_file) == (home / "plugin", home / "installed.json")
    assert (paths.claude_dir, paths.codex_dir) == (Path("/somewhere/claude"), Path("/x"))


def test_without_it_the_platforms_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = find_paths({"WARMSIDE_HOME": "", "CLAUDE_CONFIG_DIR": ""})
    assert paths.config_file == platformdirs.user_config_path("warmside") / "config.toml"
    assert paths.state_dir == platformdirs.user_state_path("warmside")
    assert paths.store_file == platformdirs.user_data_path("warmside") / "warmside.db"
    assert (paths.claude_dir, paths.codex_dir) == (tmp_path / ".claude", tmp_path / ".codex")
    assert list(tmp_path.iterdir()) == [], "nothing is created"


def test_relative_folders_mean_the_same_in_a_process_that_runs_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    environ = {"WARMSIDE_HOME": "here/ws", "CLAUDE_CONFIG_DIR": "~/claude", "CODEX_HOME": "codex", "OTHER": "kept"}
    there = fixed(environ)
    assert there == {
        "WARMSIDE_HOME": str(tmp_path / "here/ws"),
        "CLAUDE_CONFIG_DIR": str(tmp_path / "me/claude"),
        "CODEX_HOME": str(tmp_path / "codex"),
        "OTHER": "kept",
    }
    here = find_paths(environ)
    monkeypatch.chdir("/")
    assert find_paths(there) == here
