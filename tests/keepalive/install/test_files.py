"""Files that belong to somebody else: replaced as a whole, through links, with mode and owner, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keepalive.install import files
from keepalive.install.files import ChangedMeanwhile
from keepalive.install.refusal import InstallError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"one")
    path.chmod(0o640)
    before = path.stat()
    files.replace(path, b"one", b"two")
    assert path.read_bytes() == b"two"
    assert mode(path) == 0o640
    assert (path.stat().st_uid, path.stat().st_gid) == (before.st_uid, before.st_gid)
    assert path.stat().st_ino != before.st_ino, "another file took its place at once"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_file_of_another_owner_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b"one")
    os.chown(path, 1234, 2345)
    files.replace(path, b"one", b"two")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)
    files.replace(tmp_path / "copy", None, b"one", like=path)
    assert ((tmp_path / "copy").stat().st_uid, mode(tmp_path / "copy")) == (1234, mode(path))


def test_a_new_file_and_its_folders_are_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    assert files.missing_folders(path) == [tmp_path / "a", tmp_path / "a" / "b"]
    files.replace(path, None, b"x")
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)


@pytest.mark.parametrize("before", [None, b"other"])
def test_a_file_that_is_not_as_it_was_seen_is_left_alone(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"theirs")
    with pytest.raises(ChangedMeanwhile, match="changed by somebody else"):
        files.replace(path, before, b"ours")
    with pytest.raises(ChangedMeanwhile):
        files.remove(path, b"other")
    assert path.read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    path.unlink()
    with pytest.raises(ChangedMeanwhile):
        files.replace(path, b"theirs", b"ours")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_change_while_the_new_bytes_are_written_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"one")
    fsync = os.fsync

    def slow(descriptor: int) -> None:
        path.write_bytes(b"theirs")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    with pytest.raises(ChangedMeanwhile):
        files.replace(path, b"one", b"ours")
    assert path.read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_link_leads_to_the_real_file(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "claude.json"
    target.parent.mkdir()
    link = tmp_path / "settings.json"
    link.symlink_to(Path("dotfiles") / "claude.json")
    assert files.real(link) == target.resolve(), "also where the file has to be made"
    target.write_bytes(b"x")
    assert files.real(link) == target.resolve()


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    link = tmp_path / "settings.json"
    link.symlink_to(tmp_path / "gone" / "claude.json")
    with pytest.raises(InstallError, match=r"is a link to .*gone/claude.json, and that folder does not exist"):
        files.real(link)
    link.unlink()
    link.symlink_to(link)
    with pytest.raises(InstallError, match="leads to itself"):
        files.real(link)


def test_what_is_no_small_file_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="Is a directory"):
        files.read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InstallError, match="no regular file"):
        files.read(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * (files.MOST_BYTES + 1))
    with pytest.raises(InstallError, match="too large"):
        files.read(tmp_path / "large")
    with pytest.raises(InstallError, match="Not a directory"):
        files.read(tmp_path / "large" / "x")
    assert files.read(tmp_path / "none") is None


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.symlink_to(folder)
    with pytest.raises(InstallError, match=r"cannot read .*Too many levels"):
        files.replace(folder / "x", None, b"x")
    long = tmp_path / ("x" * 250)
    with pytest.raises(InstallError, match=r"cannot write .*File name too long"):
        files.replace(long, None, b"x")
    assert not long.exists()


def test_only_empty_folders_go(tmp_path: Path) -> None:
    inner, kept = tmp_path / "a" / "b", tmp_path / "k"
    inner.mkdir(parents=True)
    kept.mkdir()
    (kept / "x").touch()
    files.remove_folders([tmp_path / "a", inner, kept, tmp_path / "gone"])
    assert [path.name for path in tmp_path.iterdir()] == ["k"]
