"""`export`: to stdout or into a folder, whole or not at all, and never over what is not ours."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.models import SessionDetail
from tests.fresh_store import fresh_store
from tests.store.made_up import NOW, add_session
from tests.store.written_turns import add_turn
from tests.tui.cli_home import EVIL, Cli
from tui import cli_export
from tui.cli_export import file_name

FIRST, SECOND = "0b1c2d3e-0000-4000-8000-00000000abcd", "0b1c2fff-0000-4000-8000-00000000abcd"
NAME = f"2026-09-21-par-ser-{FIRST}"


@pytest.fixture
def written(cli: Cli) -> Iterator[sqlite3.Connection]:
    """Two sessions, one of them with a turn whose text is hostile."""
    connection = fresh_store(cli.paths.store_file)
    add_session(connection, FIRST, cwd="/src/par\x07ser", last_activity_at=NOW + 9)
    add_session(connection, SECOND, cwd="/src/docs", last_activity_at=NOW)
    add_turn(connection, 1, FIRST, prompt=f"mend {EVIL}", answer="done")
    yield connection
    connection.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("written")
def test_one_session_goes_to_stdout(cli: Cli) -> None:
    shown = cli("export", "0b1c2d")
    assert shown.code == 0
    assert shown.out.startswith("# par")
    assert "mend red C1" in shown.out
    assert shown.out == cli("show", FIRST, "--markdown").out
    assert shown.out.replace("\n", "").isprintable()
    assert cli("export", FIRST, "--json").object()["id"] == FIRST


@pytest.mark.usefixtures("written")
def test_every_session_as_one_list(cli: Cli) -> None:
    listed = cli("export", "--all", "--json").json()
    assert isinstance(listed, list)
    assert [entry["id"] for entry in listed if isinstance(entry, dict)] == [FIRST, SECOND]


def test_an_empty_store_is_an_empty_list(cli: Cli, tmp_path: Path) -> None:
    assert cli("export", "--all", "--json").json() == []
    assert (
        cli("export", "--all", "--output", str(tmp_path / "out")).out == f"0 sessions written to {tmp_path / 'out'}\n"
    )


@pytest.mark.usefixtures("written")
def test_a_folder_gets_a_file_for_each_session(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    assert cli("export", "--all", "--output", str(folder)).out == f"2 sessions written to {folder}\n"
    assert names(folder) == [f"2026-09-21-docs-{SECOND}.md", f"{NAME}.md"]
    document = folder / f"{NAME}.md"
    assert document.read_text("utf-8") == f"<!-- warmside session {FIRST} -->\n" + cli("export", FIRST).out
    assert [path.stat().st_mode & 0o777 for path in (document, folder)] == [0o600, 0o700]
    assert cli("export", FIRST, "--json", "--output", str(folder)).out == f"1 session written to {folder}\n"
    assert json.loads((folder / f"{NAME}.json").read_text("utf-8"))["id"] == FIRST


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_earlier_export_is_replaced_and_anything_else_stays(
    cli: Cli, written: sqlite3.Connection, tmp_path: Path, form: list[str]
) -> None:
    export = ["export", FIRST, "--output", str(tmp_path / "out"), *form]
    assert cli(*export).code == 0
    (path,) = (tmp_path / "out").iterdir()
    add_turn(written, 2, FIRST, prompt="and the crane")
    assert cli(*export).code == 0
    assert "and the crane" in path.read_text("utf-8")
    for foreign in ("my notes", '{"id": "another", "turns": []}', "[]", ""):
        path.write_text(foreign, "utf-8")
        assert "--force" in cli(*export).refused()
        assert path.read_text("utf-8") == foreign
    assert cli(*export, "--force").code == 0
    assert "and the crane" in path.read_text("utf-8")
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert "--force" in cli(*export).refused(), "a link is not ours, whatever it leads to"


@pytest.mark.usefixtures("written")
def test_a_file_is_written_whole_or_not_at_all(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = ["export", FIRST, "--output", str(tmp_path / "out")]
    assert cli(*export).code == 0
    before = (tmp_path / "out" / f"{NAME}.md").read_bytes()

    def fails(self: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fails)
    assert "no space left" in cli(*export).refused()
    assert names(tmp_path / "out") == [f"{NAME}.md"]
    assert (tmp_path / "out" / f"{NAME}.md").read_bytes() == before


@pytest.mark.usefixtures("written")
def test_a_folder_that_is_none_is_one_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    assert cli("export", FIRST, "--output", str(tmp_path / "file")).refused().startswith("cannot write to ")


@pytest.mark.parametrize("arguments", [[], ["--all"], ["--all", "x"], ["--all", "x", "--json"]])
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: list[str]) -> None:
    assert cli("export", *arguments).code == 2
    assert cli("show", "x", "--json", "--markdown").code == 2


@pytest.mark.usefixtures("written")
def test_a_session_that_went_meanwhile_is_left_out(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_export, "_every_id", lambda connection: ["gone", SECOND])
    listed = cli("export", "--all", "--json").json()
    assert isinstance(listed, list)
    assert len(listed) == 1


def test_names_are_safe_and_apart() -> None:
    def named(session_id: str, project: str = "p", at: float | None = NOW) -> str:
        return file_name(SessionDetail(id=session_id, agent="x", project=project, cwd="", first_at=at), "md")

    assert named("a-1") == "2026-09-21-p-a-1.md"
    assert named("a-1", at=None) == "undated-p-a-1.md"
    assert named("a-1", project="/../") == "2026-09-21-project-a-1.md"
    assert named("a/b") != named("a:b")
    for hostile in ("../../etc/passwd", "", "\x00", "登录", "x" * 500, "-->", ".hidden"):
        name = named(hostile, project=hostile)
        assert Path(name).name == name
        assert name.isascii()
        assert len(name) < 160
