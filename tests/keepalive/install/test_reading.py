"""What the reader says of a client's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keepalive.install.reading import look, plugin_folder
from keepalive.install.record import Entry, Settings
from keepalive.install.refusal import InstallError
from keepalive.paths import Paths

NAMES = ("plugin.json", "hooks/register.ts")


def test_an_empty_home(paths: Paths) -> None:
    found = look(paths, None, NAMES)
    assert found.settings is None
    assert dict(found.plugin) == dict.fromkeys(NAMES)
    assert found.beside == ()
    folder = paths.claude_dir / "skills" / "warmside"
    assert {paths.claude_dir, folder, folder / "hooks", paths.state_dir} <= set(found.missing)
    assert list(paths.claude_dir.parent.iterdir()) == [], "nothing is made"


def test_what_lies_there(paths: Paths) -> None:
    folder = plugin_folder(paths.claude_dir)
    (folder / "hooks" / "deep").mkdir(parents=True)
    (folder / "plugin.json").write_bytes(b"{}")
    (folder / "hooks" / "register.ts").symlink_to(folder / "plugin.json")
    (folder / "old.ts").write_bytes(b"old")
    (folder / "hooks" / "deep" / "notes").write_bytes(b"")
    backup = paths.claude_dir / "b"
    backup.write_bytes(b"former")
    entry = Entry(0.0, "0", {"old.ts": "x"}, settings=Settings("s", "x", backups=(str(backup), "/gone", "/")))
    found = look(paths, entry, NAMES)
    assert dict(found.plugin) == {"plugin.json": b"{}", "hooks/register.ts": False, "old.ts": b"old"}
    assert found.beside == ("hooks/deep/notes",)
    assert dict(found.backups) == {str(backup): b"former", "/gone": None, "/": None}
    assert replace(found, missing=()) == replace(look(paths, entry, NAMES), missing=())


def test_the_settings_behind_a_link(paths: Paths, tmp_path: Path) -> None:
    paths.claude_dir.mkdir()
    (tmp_path / "dot.json").write_bytes(b"{}")
    (paths.claude_dir / "settings.json").symlink_to(tmp_path / "dot.json")
    found = look(paths, None, NAMES)
    assert (found.settings_file, found.settings) == ((tmp_path / "dot.json").resolve(), b"{}")


@pytest.mark.parametrize("kind", ["file", "link"])
def test_another_thing_of_the_plugins_name_is_refused(paths: Paths, tmp_path: Path, kind: str) -> None:
    folder = plugin_folder(paths.claude_dir)
    folder.parent.mkdir(parents=True)
    if kind == "file":
        folder.touch()
    else:
        folder.symlink_to(tmp_path)
    with pytest.raises(InstallError, match="is not warmside's folder"):
        look(paths, None, NAMES)
