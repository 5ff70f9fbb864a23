"""What a look finds: each transcript once, whatever leads to it, and what changed since it was read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from store.database import immediate
from store.ingest import scan as scan_module
from store.ingest.scan import changed, place, scan_clients, scan_paths
from store.ingest.writing import write
from store.transcripts.claude_client import CLAUDE
from store.transcripts.clients import Claim, Client, Found
from tests.store.ingest.made_up_reads import file_read, found, unreadable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "projects" / "-src"
    made.mkdir(parents=True)
    return made


def put(path: Path, text: str = "{}\n", at: float = 100.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))
    return path


def test_everything_below_a_folder_by_path(folder: Path) -> None:
    put(folder / "b.jsonl", "{}\n{}\n")
    put(folder / "a" / "subagents" / "agent-7.jsonl")
    put(folder / "notes.txt")
    put(folder / "settings.yaml")
    scan = scan_paths([folder.parent])
    assert scan.found == (
        Found("claude", str(folder / "a" / "subagents" / "agent-7.jsonl"), "a", "7", 3, 100_000_000_000),
        Found("claude", str(folder / "b.jsonl"), "b", "", 6, 100_000_000_000),
    )
    assert scan.errors == ()
    assert set(scan.places) == {str(part) for part in (folder.parent, folder, folder / "a", folder / "a" / "subagents")}
    assert scan.places[str(folder)] == folder.stat().st_mtime_ns


def test_a_file_may_be_named_itself_and_counts_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(folder / "a.jsonl")
    monkeypatch.chdir(folder)
    scan = scan_paths([Path("a.jsonl"), path, folder, folder.parent])
    assert [one.path for one in scan.found] == [str(path)]


def test_the_persons_own_folder_may_be_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    put(folder / "a.jsonl")
    assert len(scan_paths([Path("~/-src")]).found) == 1


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no .*nowhere"):
        scan_paths([tmp_path, tmp_path / "nowhere"])


def test_links_to_one_file_are_one_file_by_its_least_path(folder: Path) -> None:
    """Whatever the order in which the folder lists them."""
    for number in range(8):
        real = put(folder / f"{number}-m.jsonl")
        (folder / f"{number}-z.jsonl").hardlink_to(real)
        (folder / f"{number}-a.jsonl").symlink_to(real)
    assert [one.session_id for one in scan_paths([folder]).found] == [f"{number}-a" for number in range(8)]


def test_a_folder_goes_by_its_own_name_not_by_a_links(folder: Path) -> None:
    real = put(folder / "m" / "s1.jsonl")
    for name in ("a", "z"):
        (folder / name).symlink_to(folder / "m")
    (folder / "m" / "up").symlink_to(folder)
    assert [one.path for one in scan_paths([folder]).found] == [str(real)]


def test_a_link_to_a_folder_elsewhere_is_followed(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "s1.jsonl")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    assert [one.path for one in scan_paths([folder]).found] == [str(folder / "link" / "s1.jsonl")]


def test_a_link_to_itself_hides_nothing_beside_it(folder: Path) -> None:
    for name in ("aaa", "mmm", "zzz"):
        (folder / name).symlink_to(name)
    for number in range(9):
        put(folder / f"{number}.jsonl")
    scan = scan_paths([folder])
    assert (len(scan.found), scan.errors) == (9, ())


def test_a_transcript_that_is_none_is_told(folder: Path) -> None:
    (folder / "gone.jsonl").symlink_to(folder / "nowhere")
    (folder / "folder.jsonl").mkdir()
    os.mkfifo(folder / "pipe.jsonl")
    scan = scan_paths([folder])
    assert scan.found == ()
    assert scan.errors == (f"{folder / 'gone.jsonl'}: No such file or directory",)


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder / "a.jsonl")
    (folder / "closed").mkdir()
    listed = scan_module._entries

    def refusing(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(scan_module, "_entries", refusing)
    scan = scan_paths([folder])
    assert [one.session_id for one in scan.found] == ["a"]
    assert scan.errors == (f"{folder / 'closed'}: Permission denied",)


# --- the clients' own folders ----------------------------------------------------------------------------------------


def test_the_clients_own_folders(tmp_path: Path) -> None:
    path = put(tmp_path / ".claude" / "projects" / "-src" / "a.jsonl")
    put(tmp_path / ".claude" / "history.jsonl")
    (found_one,) = scan_clients({}, tmp_path, (CLAUDE,)).found
    assert (found_one.agent, found_one.path) == ("claude", str(path))


def test_a_client_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    scan = scan_clients({}, tmp_path, (CLAUDE,))
    assert (scan.found, scan.errors) == ((), ())
    assert scan.places == {str(tmp_path / ".claude" / "projects"): 0}


def database_client(root: Path, fail: Exception | None = None) -> Client:
    def sessions_in(path: Path) -> Iterator[Found]:
        yield Found("made-up", f"{path}#one", "one", "", 5, 7)
        if fail is not None:
            raise fail
        yield Found("made-up", f"{path}#two", "two", "", 6, 8)

    return replace(
        CLAUDE,
        name="made-up",
        roots=lambda *_: (root,),
        claim=lambda path: Claim("") if path.name == "made-up.db" else None,
        sessions_in=sessions_in,
    )


def test_the_sessions_of_a_database(tmp_path: Path) -> None:
    path = put(tmp_path / "made-up.db", at=3.0)
    scan = scan_clients({}, tmp_path, (database_client(tmp_path),))
    assert [one.path for one in scan.found] == [f"{path}#one", f"{path}#two"]
    assert scan.places == {str(tmp_path): place(str(tmp_path)), str(path): 3_000_000_000, f"{path}-wal": 0}


@pytest.mark.parametrize("fail", [sqlite3.DatabaseError("file is not a database"), OSError("gone")])
def test_a_broken_database_is_told_and_what_it_gave_is_kept(tmp_path: Path, fail: Exception) -> None:
    path = put(tmp_path / "made-up.db")
    put(tmp_path / ".claude" / "projects" / "a.jsonl")
    scan = scan_clients({}, tmp_path, (database_client(tmp_path, fail), CLAUDE))
    assert [one.session_id for one in scan.found] == ["a", "one"]
    assert scan.errors == (f"{path}: {fail}",)


# --- what changed ----------------------------------------------------------------------------------------------------


def test_what_the_store_has_not_read_as_it_is_now_newest_first(db: sqlite3.Connection) -> None:
    known = [found(f"/t/{name}.jsonl", name) for name in ("same", "grown", "touched", "unread")]
    with immediate(db):
        for one in known[:3]:
            write(db, file_read(one))
        write(db, unreadable(known[3]))
    same, grown, touched, unread = known
    looked = [
        same,
        replace(grown, size=grown.size + 1),
        replace(touched, mtime_ns=touched.mtime_ns + 1),
        unread,
        found("/t/new.jsonl", "new", at=2e9),
        found("/t/newer.jsonl", "newer", at=2e9),
    ]
    assert [one.session_id for one in changed(db, looked)] == ["new", "newer", "touched", "grown", "unread"]
    assert changed(db, [same]) == []
