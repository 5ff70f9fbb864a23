"""A file that was found right is not checked again; anything else is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from keepalive import config, config_shape
from keepalive.config import Config, ConfigError, load

TEXT = """
[providers.anthropic]
upstream = "https://gateway.example.com/anthropic/"
[budget]
mode = "hold"
usd_per_day = 3.0
[budget.project.api]
pings = 2
[history]
ignore_paths = ["~/secret"]
[keys]
down = "n"
[look]
theme = "dark"
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    file = tmp_path / "config.toml"
    file.write_text(TEXT, encoding="utf-8")
    return file, tmp_path / "state" / "config-checked.json"


def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_checked", lambda path, text: pytest.fail("checked again"))


def test_it_comes_to_the_same(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(*files)
    assert first == load(files[0])
    _unchecked(monkeypatch)
    second = load(*files)
    assert second == first
    assert second.budget.says("usd_per_day"), "although it is what it would be anyway"
    assert (second.keys, second.history.ignore_paths) == ({"down": ("n",)}, ("~/secret",))


def test_nobody_else_can_read_it(files: tuple[Path, Path]) -> None:
    load(*files)
    assert stat.S_IMODE(files[1].stat().st_mode) == 0o600
    assert [one.name for one in files[1].parent.iterdir()] == [files[1].name]


def test_nothing_of_its_comments_is_kept(files: tuple[Path, Path]) -> None:
    files[0].write_text(f"{TEXT}# note to self: hunter2\n", encoding="utf-8")
    load(*files)
    assert b"hunter2" not in files[1].read_bytes()


def test_another_text_is_checked(files: tuple[Path, Path]) -> None:
    load(*files)
    files[0].write_text(TEXT.replace("2", "-2"), encoding="utf-8")
    with pytest.raises(ConfigError, match="pings"):
        load(*files)
    files[0].write_text(TEXT.replace("2", "4"), encoding="utf-8")
    assert load(*files).budget.project["api"].pings == 4


def test_other_rules_check_it_again(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    load(*files)
    newer = tmp_path / "config_shape.py"
    newer.touch()
    monkeypatch.setattr(config_shape, "__file__", str(newer))
    monkeypatch.setattr(config, "_checked", lambda path, text: Config())
    assert load(*files) == Config()


@pytest.mark.parametrize("kept", [b"", b"{", b"[1]", b'{"of": 1, "config": {}}', b"\xff"])
def test_a_damaged_memory_is_none(files: tuple[Path, Path], kept: bytes) -> None:
    files[1].parent.mkdir()
    files[1].write_bytes(kept)
    assert load(*files).look.theme == "dark"
    assert files[1].read_bytes() != kept


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(files: tuple[Path, Path]) -> None:
    files[1].parent.mkdir(mode=0o500)
    assert load(*files).look.theme == "dark"


def test_a_file_in_the_way(files: tuple[Path, Path]) -> None:
    files[1].parent.touch()
    assert load(*files).look.theme == "dark"


def test_the_checking_library_is_left_alone(files: tuple[Path, Path]) -> None:
    code = (
        "import sys; from pathlib import Path; from keepalive import config;"
        " config.load(*map(Path, sys.argv[1:])); print('pydantic' in sys.modules)"
    )
    run = [sys.executable, "-c", code, *map(str, files)]
    said = [subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]
    assert said == ["True", "False"]
