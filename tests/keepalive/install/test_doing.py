"""An install on disk and its end: the home folder is what it was, to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keepalive.install import files
from keepalive.install.doing import Installer
from keepalive.install.files import ChangedMeanwhile
from keepalive.install.reading import plugin_folder
from keepalive.install.refusal import InstallError
from keepalive.paths import Paths
from keepalive.plugin_files import plugin_files
from tests.keepalive.install.found import FILES, NOW, wanted

OWN = b'{\r\n\t"statusLine" : {"type":"command","command":"date # \xc3\xbc"}\r\n}'


def tree(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Everything below a folder: mode, and content or where a link leads to."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        what = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, what)
    return found


def install(paths: Paths, program: str = "/opt/warmside", plugin: dict[str, bytes] | None = None) -> None:
    installer = Installer(paths)
    installer.install(installer.plan_install(wanted(plugin or FILES, program), NOW))


def uninstall(paths: Paths) -> tuple[str, ...]:
    installer = Installer(paths)
    return installer.uninstall(installer.plan_uninstall())


@pytest.mark.parametrize("home", ["empty", "own", "linked", "dangling", "private"])
def test_after_install_and_uninstall_the_home_is_what_it_was(paths: Paths, home: str) -> None:
    root, settings = paths.claude_dir.parent, paths.claude_dir / "settings.json"
    if home != "empty":
        (paths.claude_dir / "skills").mkdir(parents=True)
        (root / "dotfiles").mkdir()
    if home in ("linked", "dangling"):
        settings.symlink_to(Path("..") / "dotfiles" / "claude.json")
    if home in ("own", "linked", "private"):
        settings.write_bytes(OWN)
        settings.chmod(0o600 if home == "private" else 0o664)
    before = tree(root)
    install(paths)
    assert Installer(paths).installed
    there = tree(root)
    assert json.loads(settings.read_bytes())["statusLine"]["command"].startswith("/opt/warmside statusline")
    assert paths.plugin_dir.stat().st_mode & 0o777 == 0o700
    assert paths.installed_file.stat().st_mode & 0o777 == 0o600
    install(paths)
    assert tree(root) == there, "a second install changes nothing"
    install(paths, "/other/warmside", {"plugin.json": b"2\n", "new.ts": b""})
    (paths.plugin_dir / "0b1c2d3e-0000-4000-8000-00000000abcd.state.json").write_text("{}", encoding="utf-8")
    assert uninstall(paths) == ()
    assert tree(root) == before
    assert not Installer(paths).installed


def test_the_shipped_plugin_is_written_as_it_is(paths: Paths) -> None:
    shipped = plugin_files(paths.plugin_dir)
    install(paths, plugin=shipped)
    folder = plugin_folder(paths.claude_dir)
    assert {name: (folder / name).read_bytes() for name in shipped} == shipped
    uninstall(paths)
    assert not paths.claude_dir.exists()


def test_every_backup_has_a_name_of_its_own(paths: Paths) -> None:
    paths.claude_dir.mkdir()
    settings = paths.claude_dir / "settings.json"
    for model in (b"one", b"two"):
        settings.write_bytes(b'{"model": "%s"}' % model)
        install(paths)
        settings.write_bytes(settings.read_bytes().replace(model, model + b" edited"))
        uninstall(paths)
    kept = [path.read_bytes() for path in sorted(paths.claude_dir.glob("*.bak"))]
    assert sorted(kept) == [b'{"model": "one"}', b'{"model": "two"}']
    assert settings.read_bytes() == b'{"model": "two edited"}'


def test_a_change_since_the_plan_leaves_everything_as_it_was(paths: Paths) -> None:
    paths.claude_dir.mkdir()
    settings = paths.claude_dir / "settings.json"
    settings.write_bytes(OWN)
    installer = Installer(paths)
    plan = installer.plan_install(wanted(), NOW)
    settings.write_bytes(b"{}")
    before = tree(paths.claude_dir.parent)
    with pytest.raises(ChangedMeanwhile):
        installer.install(plan)
    assert tree(paths.claude_dir.parent) == before


def test_what_breaks_halfway_can_be_taken_back(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.claude_dir.mkdir()
    (paths.claude_dir / "settings.json").write_bytes(OWN)
    before = tree(paths.claude_dir.parent)
    replace = files.replace

    def failing(path: Path, before: bytes | None, after: bytes, *, like: Path | None = None) -> None:
        if path.name == "register.ts":
            raise InstallError(f"cannot write {path}: No space left on device")
        replace(path, before, after, like=like)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", failing)
        with pytest.raises(InstallError, match=r"No space left.*`warmside uninstall claude` takes back"):
            install(paths)
    assert tree(paths.claude_dir.parent) != before
    uninstall(paths)
    assert tree(paths.claude_dir.parent) == before


def test_two_folders_of_the_client_share_the_place_where_plugins_meet(paths: Paths, tmp_path: Path) -> None:
    other = paths._replace(claude_dir=tmp_path / "other")
    install(paths)
    install(other)
    uninstall(paths)
    assert paths.plugin_dir.exists()
    assert Installer(other).installed
    uninstall(other)
    assert not paths.plugin_dir.exists()
    assert not other.claude_dir.exists()
    assert list(paths.claude_dir.parent.iterdir()) == [], "the last one removes what the first one made"


def test_what_is_not_ours_in_the_meeting_place_stays_and_is_named(paths: Paths) -> None:
    install(paths)
    (paths.plugin_dir / "notes.txt").touch()
    assert uninstall(paths) == (f"{paths.plugin_dir} stays: something else lies in it",)
    assert (paths.plugin_dir / "notes.txt").exists()
