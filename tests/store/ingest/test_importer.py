"""The import as a whole: what it counts, and that nothing that stops it leaves anything half done."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from store.database import immediate
from store.ingest import importer, reading, writing
from store.ingest.importer import MAX_WORKERS, Progress, Totals, cores, import_paths, import_scan
from store.ingest.reading import FileRead
from store.ingest.scan import Scan, scan_paths
from store.models import TTLClass
from store.transcripts.clients import Found
from tests.store.made_up import memory_store
from tests.store.quirk_lines import Claude, claude_path, conversation, uuid
from tests.store.stored_facts import dump, search_is_whole

FILES = 6
forks_only = pytest.mark.skipif(sys.platform != "linux", reason="readers are forked on Linux alone")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five conversations and a fork of the first; the higher its number, the newer a file."""
    root = tmp_path / "transcripts"
    for number in range(1, FILES + 1):
        fork = number == FILES
        lines = conversation(Claude(number, at=1_780_000_000.0), turns=2, name="m1" if fork else f"m{number}")
        if fork:
            lines.user("and now?")
            lines.answer("only the fork's")
        path = root / claude_path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines.bytes())
        os.utime(path, (1e9 + number, 1e9 + number))
    return root


@pytest.fixture
def one_file_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "_BATCH_BYTES", 1)


def everything(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """All that an import leaves, but for row numbers."""
    assert not db.in_transaction
    assert search_is_whole(db)
    kept = dump(db)
    for name, query in {
        "sessions": "SELECT id, status, opened_at, last_activity_at, ended_at, context_tokens, seen_by FROM sessions",
        "lineages": "SELECT session_id, model, requests, last_request_at, replaced, broke_tokens FROM lineages",
        "settings": "SELECT key FROM settings",
        "found": "SELECT session_id, n FROM turns JOIN turns_fts f ON f.rowid = turns.id WHERE turns_fts MATCH 'part'",
    }.items():
        kept[name] = kept.get(name, []) + sorted(db.execute(query).fetchall())
    return kept


def uninterrupted(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with memory_store() as db:
        import_paths(db, [folder])
        return everything(db)


def sessions(db: sqlite3.Connection) -> list[int]:
    """Numbers of the sessions that are there."""
    return [int(row[0][:8], 16) for row in db.execute("SELECT id FROM sessions ORDER BY id")]


# --- what it counts --------------------------------------------------------------------------------------------------


def test_the_totals(folder: Path, db: sqlite3.Connection) -> None:
    first = folder / claude_path(1)
    first.write_bytes(b"{no json\n" + first.read_bytes() + b'{"torn')
    (folder / claude_path(9)).symlink_to("nowhere")
    totals = import_paths(db, [folder])
    size = sum(path.stat().st_size for path in folder.rglob("*.jsonl") if path.exists())
    assert totals == Totals(
        files=6,
        bytes=size - len(b'{"torn'),
        sessions=6,
        requests=5 * 6 + 1,
        turns=5 * 2 + 3,
        malformed_lines=1,
        seconds=totals.seconds,
        unchanged=0,
        errors=1,
    )
    assert 0 < totals.seconds < 60


def test_what_has_not_changed_is_not_read_again(folder: Path, db: sqlite3.Connection) -> None:
    import_paths(db, [folder])
    before = everything(db)
    again = import_paths(db, [folder])
    assert again == Totals(unchanged=FILES, seconds=again.seconds)
    path = folder / claude_path(2)
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[0])
    third = import_paths(db, [folder])
    assert (third.files, third.unchanged, third.sessions, third.requests, third.turns) == (1, FILES - 1, 1, 6, 3)
    assert everything(db)["requests"] == before["requests"]


def test_nothing_to_read_is_no_error(tmp_path: Path, db: sqlite3.Connection) -> None:
    totals = import_paths(db, [tmp_path], workers=4)
    assert totals == Totals(seconds=totals.seconds)
    with pytest.raises(FileNotFoundError):
        import_paths(db, [tmp_path / "nowhere"])


@pytest.mark.usefixtures("one_file_a_batch")
def test_the_newest_comes_first_and_progress_tells_how_far_it_is(folder: Path, db: sqlite3.Connection) -> None:
    told: list[Progress] = []
    there: list[list[int]] = []

    def report(progress: Progress) -> None:
        told.append(progress)
        there.append(sessions(db))

    import_paths(db, [folder], progress=report)
    assert there == [list(range(FILES - n, FILES + 1)) for n in range(FILES)]
    sizes = [(folder / claude_path(FILES - n)).stat().st_size for n in range(FILES)]
    assert told == [Progress(n + 1, FILES, sum(sizes[: n + 1]), sum(sizes)) for n in range(FILES)]


def test_what_cannot_be_read_is_one_line_each(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder / claude_path(3)
    scan = scan_paths([folder])
    gone.unlink()
    complaints: list[str] = []
    totals = import_scan(
        db, Scan(scan.found, ("/t/closed: Permission denied",), scan.places), complain=complaints.append
    )
    assert complaints == ["/t/closed: Permission denied", f"{gone}: No such file or directory"]
    assert (totals.files, totals.errors, totals.sessions) == (FILES - 1, 2, FILES - 1)


def test_an_unreadable_file_keeps_what_it_said_and_is_tried_again(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_paths(db, [folder])
    before = everything(db)
    path = folder / claude_path(1)
    path.touch()
    with monkeypatch.context() as patch:
        patch.setattr(reading, "_open", refuse(path))
        for _ in range(2):
            totals = import_paths(db, [folder])
            assert (totals.files, totals.errors, totals.sessions, totals.requests) == (0, 1, 0, 0)
    left = everything(db)
    for name in before.keys() - {"sources"}:
        assert left[name] == before[name]
    assert import_paths(db, [folder]).files == 1
    assert everything(db) == before


def refuse(path: Path) -> Callable[[str], BinaryIO]:
    opened = reading._open

    def open_others(name: str) -> BinaryIO:
        if name == str(path):
            raise PermissionError(13, "Permission denied")
        return opened(name)

    return open_others


def test_lifetimes_are_those_that_are_given(folder: Path, db: sqlite3.Connection) -> None:
    def lifetime(ttl_class: TTLClass | None) -> float | None:
        return {"1h": 36.0}.get(ttl_class or "")

    import_paths(db, [folder], lifetime=lifetime)
    assert db.execute("SELECT DISTINCT ttl_class, ttl_seconds FROM lineages").fetchall() == [("1h", 36.0)]


# --- what stops it ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_file_a_batch")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=forks_only)])
@pytest.mark.parametrize("after", [1, 3, FILES])
def test_ctrl_c_between_batches_loses_nothing(folder: Path, db: sqlite3.Connection, after: int, workers: int) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.files == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        import_paths(db, [folder], progress=interrupt, workers=workers)
    assert multiprocessing.active_children() == [], "not only once the traceback is forgotten"
    assert stopped.tb
    assert len(sessions(db)) == after
    everything(db)
    totals = import_paths(db, [folder], workers=workers)
    assert (totals.files, totals.unchanged) == (FILES - after, after)
    assert everything(db) == uninterrupted(folder)


@pytest.mark.parametrize("batch_bytes", [1, 3 << 16, 1 << 30])
def test_ctrl_c_while_reading_loses_nothing(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    monkeypatch.setattr(importer, "_BATCH_BYTES", batch_bytes)
    opened = iter(range(FILES))
    with monkeypatch.context() as patch:

        def interrupted(path: str) -> BinaryIO:
            if next(opened) == 4:
                raise KeyboardInterrupt
            return untouched(path)

        untouched = reading._open
        patch.setattr(reading, "_open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            import_paths(db, [folder])
    assert len(sessions(db)) == {1: 4, 3 << 16: 3, 1 << 30: 0}[batch_bytes]
    import_paths(db, [folder])
    assert everything(db) == uninterrupted(folder)


@pytest.mark.parametrize("others_read", [0, 1])
def test_what_somebody_else_stored_meanwhile_stays(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, others_read: int
) -> None:
    """The keeper follows the file that an import has read and not yet stored; `others_read`: looks of it before."""
    path = folder / claude_path(2)
    for _ in range(others_read):
        import_paths(db, [path])
    more = Claude(2, at=1_790_000_000.0)
    more.user("one more")

    def read_before_it_grew(found: Found) -> FileRead:
        result = untouched(found)
        if found.path == str(path) and not grown:
            grown.append(found.path)
            with path.open("ab") as file:
                file.write(more.bytes())
            with immediate(db):
                writing.write(db, untouched(scan_paths([path]).found[0]))
        return result

    grown: list[str] = []
    untouched = reading.read
    with path.open("ab") as file:
        file.write(b"{}\n")
    monkeypatch.setattr(reading, "read", read_before_it_grew)
    totals = import_paths(db, [folder])
    assert grown
    assert (totals.files, totals.unchanged) == (FILES - 1, 1)
    assert everything(db) == uninterrupted(folder)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), sqlite3.OperationalError("disk I/O error")])
def test_a_batch_is_there_as_a_whole_or_not_at_all(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    nothing = everything(db)
    written = iter(range(FILES))
    untouched = writing._last_activity

    def fail(*arguments: object) -> None:
        if next(written) == 3:
            raise failure
        untouched(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_last_activity", fail)
        with pytest.raises(type(failure)):
            import_paths(db, [folder])
    assert everything(db) == nothing
    import_paths(db, [folder])
    assert everything(db) == uninterrupted(folder)


# --- several readers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [2, 3, 64])
def test_several_readers_leave_what_one_leaves(folder: Path, db: sqlite3.Connection, workers: int) -> None:
    totals = import_paths(db, [folder], workers=workers)
    assert (totals.files, totals.requests) == (FILES, 31)
    assert everything(db) == uninterrupted(folder)
    assert multiprocessing.active_children() == []


@forks_only
@pytest.mark.parametrize("killers", [{3}, {1}, {6, 5}, {1, 2, 3, 4, 5, 6}], ids=str)
def test_a_killed_reader_costs_its_file_and_nothing_else(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, killers: set[int]
) -> None:
    deadly = {str(folder / claude_path(number)) for number in killers}
    untouched = reading._open

    def kill(path: str) -> BinaryIO:
        if path in deadly:
            os._exit(9)
        return untouched(path)

    complaints: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(reading, "_open", kill)
        totals = import_paths(db, [folder], workers=2, complain=complaints.append)
    assert sorted(complaints) == sorted(f"{path}: its reader was killed" for path in deadly)
    assert (totals.files, totals.errors) == (FILES - len(killers), len(killers))
    assert set(sessions(db)) == set(range(1, FILES + 1)) - killers
    assert import_paths(db, [folder], workers=2).files == len(killers)
    assert everything(db) == uninterrupted(folder)


@forks_only
def test_a_reader_that_is_killed_while_others_are_stored_costs_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it shows when the next file is handed out: that one must not be lost."""
    gate, killed_once = tmp_path / "gate", tmp_path / "killed"
    os.mkfifo(gate)
    untouched = reading._open

    def wait_to_be_killed(path: str) -> BinaryIO:
        if path == str(folder / claude_path(FILES)) and not killed_once.exists():
            killed_once.touch()
            gate.read_bytes()
            os._exit(9)
        return untouched(path)

    monkeypatch.setattr(reading, "_open", wait_to_be_killed)
    reads = importer._read_all(scan_newest_first(folder), 2)
    read = [next(reads)]
    readers = multiprocessing.active_children()
    gate.write_bytes(b"now")
    for reader in readers:
        reader.join(30)
    read += reads
    assert sorted(one.found.path for one in read) == sorted(str(path) for path in folder.rglob("*.jsonl"))
    assert {one.error for one in read} == {""}


@forks_only
def test_readers_end_with_an_import_that_is_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    pids: list[int] = []

    def hang(path: str) -> BinaryIO:
        os.write(theirs, os.getpid().to_bytes(8, "big"))
        signal.pause()
        raise AssertionError

    def run() -> None:
        with memory_store() as db:
            import_paths(db, [folder], workers=2)

    def next_from_readers() -> bytes:
        assert select.select([ours], [], [], 20)[0], "a reader lives on"
        return os.read(ours, 8)

    monkeypatch.setattr(reading, "_open", hang)
    importing = multiprocessing.get_context("fork").Process(target=run)
    importing.start()
    os.close(theirs)
    try:
        pids += (int.from_bytes(next_from_readers(), "big") for _ in range(2))
        importing.kill()
        importing.join()
        assert next_from_readers() == b"", "nobody holds the other end any more"
        pids.clear()
    finally:
        os.close(ours)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


def scan_newest_first(folder: Path) -> list[Found]:
    return sorted(scan_paths([folder]).found, key=lambda found: -found.mtime_ns)


@forks_only
def test_readers_leave_ctrl_c_to_the_import(
    folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal sends it to all of them; a reader that died of it would be taken for a killed one."""
    import signal

    untouched = reading._open

    def hit(path: str) -> BinaryIO:
        os.kill(os.getpid(), signal.SIGINT)
        return untouched(path)

    monkeypatch.setattr(reading, "_open", hit)
    totals = import_paths(db, [folder], workers=2)
    assert (totals.files, totals.errors) == (FILES, 0)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say which cores may be used")
@pytest.mark.parametrize(("usable", "expected"), [(1, 1), (3, 3), (64, MAX_WORKERS)])
def test_as_many_readers_as_cores_within_reason(monkeypatch: pytest.MonkeyPatch, usable: int, expected: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(usable)))
    assert cores() == expected


def test_a_fork_that_was_read_first_gives_up_its_parents_requests(folder: Path, db: sqlite3.Connection) -> None:
    import_paths(db, [folder / claude_path(FILES)])
    assert db.execute("SELECT count(*) FROM requests WHERE session_id = ?", (uuid(FILES),)).fetchone() == (7,)
    import_paths(db, [folder])
    assert db.execute("SELECT count(*) FROM requests WHERE session_id = ?", (uuid(FILES),)).fetchone() == (1,)
    assert everything(db) == uninterrupted(folder)


def test_reading_is_lazy(folder: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a batch lies read and unwritten, or a year of transcripts would fill the memory."""
    monkeypatch.setattr(importer, "_BATCH_BYTES", 2 << 16)
    log: list[str] = []
    untouched = reading._open

    def noted(path: str) -> BinaryIO:
        log.append("read")
        return untouched(path)

    monkeypatch.setattr(reading, "_open", noted)
    import_paths(db, [folder], progress=lambda progress: log.append("written"))
    assert log == ["read", "read", "written"] * (FILES // 2)
