"""Export from the sidebar: by the command's rules, into a folder that a person finds."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.tui import history_sample
from tests.tui.cli_home import FIRST, Cli
from tui.cli_export import ExportError
from tui.history_export import export, export_folder, short

DETAIL = history_sample.session("s0").detail


def test_the_folder_is_under_warmside_home_or_easy_to_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert export_folder({"WARMSIDE_HOME": str(tmp_path)}) == tmp_path / "exports"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert export_folder({}) == tmp_path / "warmside-exports"
    assert short(tmp_path / "x" / "y.md") == "~/x/y.md"
    assert short(Path("/elsewhere/y.md")) == "/elsewhere/y.md"


def test_a_file_is_written_for_its_owner_and_an_own_export_written_again(tmp_path: Path) -> None:
    said = export(DETAIL, tmp_path / "out")
    (file,) = (tmp_path / "out").iterdir()
    assert said == f"exported: {file}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert export(DETAIL, tmp_path / "out") == f"exported again: {file}"


def test_somebody_elses_file_of_that_name_stays(tmp_path: Path) -> None:
    export(DETAIL, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text("my notes", encoding="utf-8")
    with pytest.raises(ExportError, match="is no export of session s0"):
        export(DETAIL, tmp_path)
    assert file.read_text("utf-8") == "my notes"


@pytest.mark.usefixtures("db")
def test_it_is_the_same_file_as_the_command_writes(cli: Cli, tmp_path: Path) -> None:
    from keepalive.allowance import budget_of
    from keepalive.clock import SystemClock
    from keepalive.config import load
    from tui.history_reader import StoreHistory

    assert cli("export", FIRST, "--output", str(tmp_path / "command")).code == 0
    history = StoreHistory(
        cli.paths.store_file, SystemClock(), budget_of(load(cli.paths.config_file)), tmp_path / "sidebar"
    )
    history.export(FIRST)
    history.close()
    (first,), (second,) = ((tmp_path / name).iterdir() for name in ("command", "sidebar"))
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())
