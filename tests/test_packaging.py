"""What is installed: three packages under one name, and nothing beside them."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import keepalive
import store
import tui

ROOT = Path(__file__).parents[1]
PACKAGES = ("keepalive", "store", "tui")


def test_our_generic_names_are_nobody_elses() -> None:
    """Other projects of these names exist; one of them installed beside us would be imported instead."""
    owners = importlib.metadata.packages_distributions()
    for name, module in zip(PACKAGES, (keepalive, store, tui), strict=True):
        # (A development install lists no packages of its own.)
        assert set(owners.get(name, [])) <= {"warmside"}, name
        assert module.__file__ is not None
        assert Path(module.__file__) == ROOT / name / "__init__.py"


def test_the_console_script_is_ours() -> None:
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="warmside")
    assert script.value == "tui.cli:main"


def test_the_wheel_holds_the_packages_and_their_styles_alone(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="the build backend is not installed here")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert names == expected
    assert {Path(name).suffix for name in names} >= {".py", ".tcss", ".typed"}
