"""What the file system may do to an import: odd entries, files that change or go away. Nothing lost, nothing fatal."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.ingest.importer import Totals, import_paths, import_scan
from store.ingest.scan import scan_paths
from tests.store import quirks
from tests.store.damaged import SAMPLES, at_most, check, healthy, only, place
from tests.store.made_up import memory_store
from tests.store.quirks import QUIRKS, claude_path, uuid
from tests.store.reference_counter import count_file, count_tree
from tests.store.stored_facts import disagreements, dump, imported


def healthy_id() -> str:
    """The healthy session's id."""
    return Path(next(iter(healthy()))).stem


def odd_tree(root: Path) -> Path:
    """The healthy session, and a place for something odd beside it."""
    (path,) = quirks.write(healthy(), root)
    return path.with_name(f"{uuid(1)}.jsonl")


def test_directory_named_like_a_transcript(tmp_path: Path, db: sqlite3.Connection) -> None:
    odd = odd_tree(tmp_path)
    odd.mkdir()
    (odd / f"{uuid(2)}.jsonl").mkdir()
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.requests) == (1, 2)
    assert import_paths(db, [odd]).files == 0


def test_symlink_loops(tmp_path: Path, db: sqlite3.Connection) -> None:
    odd = odd_tree(tmp_path)
    odd.symlink_to(odd.with_name(f"{uuid(2)}.jsonl"))
    odd.with_name(f"{uuid(2)}.jsonl").symlink_to(odd)
    (odd.parent / "up").symlink_to(tmp_path)
    (odd.parent / "self").symlink_to("self")
    with at_most(30):
        totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.requests) == (1, 2)
    assert totals.errors == 2  # the two that lead to each other; a folder seen before is no error


def test_links_to_one_file_count_once(tmp_path: Path, db: sqlite3.Connection) -> None:
    odd = odd_tree(tmp_path)
    (target,) = quirks.write({claude_path(7): only("plain")}, tmp_path)
    odd.with_name(f"{uuid(9)}.jsonl").symlink_to(target)
    totals = import_paths(db, [tmp_path])
    assert totals.requests == 2 + 9


def test_dangling_link(tmp_path: Path, db: sqlite3.Connection) -> None:
    odd_tree(tmp_path).symlink_to(tmp_path / "gone")
    totals = import_paths(db, [tmp_path])
    assert (totals.files, totals.requests, totals.errors) == (1, 2, 1)


def test_pipe_named_like_a_transcript(tmp_path: Path, db: sqlite3.Connection) -> None:
    odd = odd_tree(tmp_path)
    os.mkfifo(odd)
    with at_most(30):
        totals = import_paths(db, [tmp_path])
        import_paths(db, [odd])
    assert (totals.files, totals.requests) == (1, 2)


@contextmanager
def as_nobody() -> Iterator[None]:
    """File access as a user without rights, where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may look into (pytest's own is for its user alone)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize("what", ["file", "folder"])
def test_unreadable(what: str, open_folder: Path) -> None:
    """Counted as an error with its path and cause; read as soon as it may be."""
    quirks.write(healthy(), open_folder)
    (path,) = quirks.write({f"claude/-secret/{uuid(1)}.jsonl": only("plain")}, open_folder)
    closed = path if what == "file" else path.parent
    complaints: list[str] = []
    with memory_store() as connection:
        import_paths(connection, [path.parent.parent])  # (loads whatever is loaded late, with all rights)
    with memory_store() as connection:
        closed.chmod(0)
        with as_nobody():
            totals = import_paths(connection, [open_folder], complain=complaints.append)
        assert (totals.files, totals.requests, totals.errors) == (1, 2, 1)
        assert str(closed) in complaints[0]
        assert "Permission denied" in complaints[0]
        closed.chmod(0o755)
        totals = import_paths(connection, [open_folder])
        assert (totals.files, totals.errors) == (1, 0)
        assert disagreements(connection, count_tree(open_folder.rglob("*.jsonl")), open_folder) == []


def between_look_and_read(connection: sqlite3.Connection, root: Path, change: Callable[[], object]) -> Totals:
    """Import, with something happening to a file after it was listed."""
    scan = scan_paths([root])
    change()
    return import_scan(connection, scan)


def test_vanishes_between_listing_and_reading(tmp_path: Path, db: sqlite3.Connection) -> None:
    quirks.write(healthy(), tmp_path)
    (path,) = quirks.write({claude_path(1): only("plain")}, tmp_path)
    totals = between_look_and_read(db, tmp_path, path.unlink)
    assert (totals.files, totals.requests, totals.errors) == (1, 2, 1)
    path.write_bytes(only("plain"))
    assert import_paths(db, [tmp_path]).requests == 9


@pytest.mark.parametrize("name", ["plain", "codex_plain"])
def test_changes_between_listing_and_reading(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """It grew or shrank meanwhile: the next import puts it right."""
    data, where = only(name), place(name)
    paths = quirks.write(healthy() | {where: data}, tmp_path)
    for size in (len(data) // 2, len(data), len(data) // 3, 0, len(data)):
        between_look_and_read(db, tmp_path, lambda size=size: paths[1].write_bytes(data[:size]))  # type: ignore[misc]
        import_paths(db, [tmp_path])
        if size == len(data):
            assert disagreements(db, count_tree(paths), tmp_path) == []


@pytest.mark.parametrize("name", ["plain", "codex_plain"])
def test_file_that_shrank(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    """Facts of the file are those of what it holds now."""
    data, where = only(name), place(name)
    paths = quirks.write(healthy() | {where: data}, tmp_path)
    import_paths(db, [tmp_path])
    paths[1].write_bytes(b"\n".join(data.split(b"\n")[:4]) + b"\n")
    assert import_paths(db, [tmp_path]).errors == 0
    file = count_file(paths[1])
    row = db.execute("SELECT lines, prompts FROM sources WHERE path = ?", (str(paths[1]),)).fetchone()
    assert tuple(row) == (file.lines, file.prompts)
    paths[1].write_bytes(data)
    import_paths(db, [tmp_path])
    assert disagreements(db, count_tree(paths), tmp_path) == []


def test_file_replaced_by_another_of_the_same_size(tmp_path: Path, db: sqlite3.Connection) -> None:
    data = only("plain")
    (path,) = quirks.write({claude_path(1): data}, tmp_path)
    import_paths(db, [tmp_path])
    before = path.stat()
    other = path.with_suffix(".new")
    other.write_bytes(data.replace(b"part_1.py", b"part_7.py"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    other.rename(path)
    import_paths(db, [tmp_path])
    assert disagreements(db, count_tree([path]), tmp_path) == []


@pytest.mark.parametrize("name", ["plain", "subagents", "fork_after_parent", "codex_fork"])
def test_deleting_transcripts_loses_nothing(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    paths = quirks.write(QUIRKS[name](), tmp_path)
    import_paths(db, [tmp_path])
    before = dump(db)
    for path in paths:
        path.unlink()
        totals = import_paths(db, [tmp_path])
        assert (totals.files, totals.errors) == (0, 0)
        assert dump(db) == before
    quirks.write(QUIRKS[name](), tmp_path)  # and back again
    import_paths(db, [tmp_path])
    assert dump(db) == before


def test_name_that_is_no_text(tmp_path: Path, db: sqlite3.Connection) -> None:
    """A file name may hold any byte."""
    odd = odd_tree(tmp_path)
    Path(os.fsdecode(os.fsencode(odd.parent) + b"/caf\xe9.jsonl")).write_bytes(only("plain"))
    folder = Path(os.fsdecode(os.fsencode(odd.parent.parent) + b"/-\xff\xfe"))
    folder.mkdir()
    (folder / f"{uuid(2)}.jsonl").write_bytes(only("files_changed"))
    totals = import_paths(db, [tmp_path])
    assert totals.files + totals.errors == 3
    assert db.execute("SELECT count(*) FROM requests WHERE session_id = ?", (healthy_id(),)).fetchone()[0] == 2


@pytest.mark.parametrize("name", ["a b.jsonl", "a\nb.jsonl", "a#b.jsonl", "%41?x.jsonl", "ü\u202e.jsonl", "'--.jsonl"])
def test_odd_names(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    check(db, tmp_path, {f"claude/-x {name}/{name}": only("plain")})


@pytest.mark.parametrize("at_ns", [0, -(10**18), 2**62, 1])
def test_odd_times_of_a_file(at_ns: int, tmp_path: Path, db: sqlite3.Connection) -> None:
    (path,) = quirks.write({claude_path(1): only("plain")}, tmp_path)
    os.utime(path, ns=(at_ns, at_ns))
    assert import_paths(db, [tmp_path]).requests == 9
    assert import_paths(db, [tmp_path]).unchanged == 1


def test_damaged_files_together(tmp_path: Path) -> None:
    """Everything odd in one tree, read by two processes: the same as by one."""
    odd = odd_tree(tmp_path)
    tree = {claude_path(number + 16): only(name) for number, name in enumerate(SAMPLES)}
    tree |= {
        claude_path(64): b"\x00" * 4096,
        claude_path(65): only("plain")[:777],
        claude_path(66): b"\xff" * 999 + b"\n",
    }
    quirks.write(tree, tmp_path)
    odd.symlink_to(tmp_path / "gone")
    os.mkfifo(odd.with_name(f"{uuid(67)}.jsonl"))
    odd.with_name(f"{uuid(68)}.jsonl").mkdir()
    with memory_store() as connection, at_most(60):
        totals = import_paths(connection, [tmp_path], workers=2)
        both = dump(connection)
    assert (totals.files, totals.errors) == (len(tree) + 1, 1)
    assert both == imported([tmp_path])
