"""What does not get into the store by an import, and is not read a second time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from store import tombstones, turns
from store.ingest import reading
from store.ingest.gate import Gate
from store.ingest.importer import Totals, import_paths
from store.ingest.keeping import EVERYTHING, Keeping
from store.ingest.reading import FileRead
from store.transcripts.clients import Found
from tests.store.ingest.made_up_reads import file_read, found, request, unreadable
from tests.store.made_up import NOW
from tests.store.quirk_lines import CWD, Claude, conversation, uuid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2):
        (tmp_path / f"{uuid(number)}.jsonl").write_bytes(conversation(Claude(number), 2, f"m{number}").bytes())
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that were read."""
    paths: list[str] = []

    def remember(one: Found) -> FileRead:
        paths.append(one.path)
        return read(one)

    read = reading.read
    monkeypatch.setattr(reading, "read", remember)
    return paths


def bring_in(db: sqlite3.Connection, folder: Path, keeping: Keeping) -> Totals:
    return import_paths(db, [folder], keeping=lambda: keeping)


def test_an_ignored_working_folder_is_read_once(db: sqlite3.Connection, folder: Path, opened: list[str]) -> None:
    out = Keeping(ignored=(CWD,))
    first = bring_in(db, folder, out)
    assert (first.files, first.left_out, first.requests, len(opened)) == (0, 2, 0, 2)
    assert bring_in(db, folder, out).left_out == 2
    assert len(opened) == 2, "neither has changed"
    (folder / f"{uuid(1)}.jsonl").write_bytes(conversation(Claude(1), 3, "m1").bytes())
    assert bring_in(db, folder, out).left_out == 2
    assert len(opened) == 3
    for table in ("sessions", "turns", "requests", "sources"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608
    again = bring_in(db, folder, Keeping(ignored=("/elsewhere",)))
    assert (again.files, again.left_out) == (2, 0), "the person has changed the rule"


def test_an_ignored_path_is_never_read(db: sqlite3.Connection, folder: Path, opened: list[str]) -> None:
    assert bring_in(db, folder, Keeping(ignored=(str(folder),))).left_out == 2
    assert opened == []
    assert db.execute("SELECT count(*) FROM unkept_files").fetchone() == (0,)


def test_without_text_an_import_keeps_the_numbers(db: sqlite3.Connection, folder: Path) -> None:
    told = bring_in(db, folder, Keeping(text=False))
    assert (told.files, told.turns, told.requests) == (2, 4, 12)
    for view in turns.read(db, uuid(1)):
        assert (view.prompt, view.answer) == ("", "")
        assert [(one.command, one.exit_code) for one in view.failed_commands] == [("", view.n)]
        assert [file.path for file in view.files_changed] == [f"{CWD}/part_{view.n}.py"]
    assert db.execute("SELECT rowid FROM turns_fts WHERE turns_fts MATCH 'look OR make OR answer'").fetchall() == []


def test_the_wish_is_asked_for_news_alone(db: sqlite3.Connection) -> None:
    def never() -> Keeping:
        raise AssertionError("nothing new: the configuration is not to be loaded")

    tombstones.put(db, ["s1"], NOW)
    gate = Gate(db, never)
    assert gate.wanted([found()]) == []
    assert gate.wanted([]) == []
    assert gate.left_out == 1


def test_a_session_that_only_its_records_name_is_remembered_by_its_file(db: sqlite3.Connection) -> None:
    tombstones.put(db, ["s1"], NOW)
    unnamed = found("/t/agent-x.jsonl", "", agent_id="x")
    gate = Gate(db, lambda: EVERYTHING)
    assert gate.wanted([unnamed]) == [unnamed]
    assert gate.kept([file_read(unnamed, session_id="s1", requests=[request("m1")])]) == []
    assert gate.wanted([unnamed]) == []
    assert gate.left_out == 2


def test_what_could_not_be_read_is_told(db: sqlite3.Connection) -> None:
    failed = unreadable()
    assert Gate(db, None).kept([failed]) == [failed]
