"""Opening the store: rights, read-only folders, broken files; transactions that hold the write lock."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from store import database
from store.database import StoreError, connect, data_version, immediate, snapshot
from store.migrations import open_store
from tests.store.conftest import Connect
from tests.store.made_up import add_session


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def one_line(error: pytest.ExceptionInfo[StoreError], path: Path) -> None:
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text


@pytest.fixture
def wide_open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("wide_open_umask")
def test_the_files_are_for_their_owner_alone(store_file: Path) -> None:
    with closing(open_store(store_file)) as connection:
        add_session(connection)
        assert mode(store_file.parent) == 0o700
        files = sorted(store_file.parent.iterdir())
        assert [file.name for file in files] == ["warmside.db", "warmside.db-shm", "warmside.db-wal"]
        assert [mode(file) for file in files] == [0o600, 0o600, 0o600]


def test_every_writer_opens_it_in_the_same_way(store_file: Path) -> None:
    with closing(connect(store_file)) as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert settings == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 5_000}


def test_a_new_file_that_another_program_just_uses_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "warmside.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                other.execute("COMMIT")

        monkeypatch.setattr("store.database.time.sleep", nap)
        with closing(connect(path)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert len(naps) == 3


def test_a_new_file_that_stays_locked_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 0)
    path = tmp_path / "warmside.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked") as error:
            connect(path)
        one_line(error, path)


def test_a_missing_store_is_not_made_by_a_reader(store_file: Path) -> None:
    with pytest.raises(StoreError) as error:
        connect(store_file, read_only=True)
    one_line(error, store_file)
    assert not store_file.parent.exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "warmside.db"
    path.write_bytes(b"# my shopping list\n" * 100)
    with pytest.raises(StoreError) as error:
        connect(path, read_only=read_only)
    one_line(error, path)
    assert path.read_bytes().startswith(b"# my shopping list")


@pytest.mark.parametrize("read_only", [True, False])
def test_a_failed_open_leaves_no_connection_behind(
    tmp_path: Path, read_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[sqlite3.Connection] = []

    class Remembered(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Remembered))
    path = tmp_path / "warmside.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError):
        connect(path, read_only=read_only)
    assert made
    for connection in made:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_folder_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError) as error:
        connect(tmp_path / "data" / "warmside.db")
    one_line(error, tmp_path / "data" / "warmside.db")


def test_a_reader_cannot_write(db: sqlite3.Connection, store_file: Path) -> None:
    add_session(db, "s1")
    with closing(connect(store_file, read_only=True)) as reader:
        assert reader.execute("SELECT id FROM sessions").fetchall() == [("s1",)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            add_session(reader, "s2")


def test_a_reader_sees_what_is_written_after_it_opened(db: sqlite3.Connection, store_file: Path) -> None:
    with closing(connect(store_file, read_only=True)) as reader:
        add_session(db, "s1")
        assert reader.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def closed_store(path: Path) -> None:
    with closing(open_store(path)) as connection:
        add_session(connection, "s1")


def failing_first(monkeypatch: pytest.MonkeyPatch, code: int, message: str) -> list[str]:
    """Let every open fail but an immutable one; returns the queries that were tried."""
    tried: list[str] = []
    real = database._open_uri

    def open_uri(path: Path, query: str) -> sqlite3.Connection:
        tried.append(query)
        if "immutable" not in query:
            error = sqlite3.OperationalError(message)
            error.sqlite_errorcode = code
            raise error
        return real(path, query)

    monkeypatch.setattr(database, "_open_uri", open_uri)
    return tried


def test_a_folder_without_write_rights_is_read_as_it_is(store_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_store(store_file)
    assert [file.name for file in store_file.parent.iterdir()] == ["warmside.db"]  # no -shm: the case at hand
    tried = failing_first(monkeypatch, sqlite3.SQLITE_CANTOPEN, "unable to open database file")
    with closing(connect(store_file, read_only=True)) as reader:
        assert reader.execute("SELECT id FROM sessions").fetchall() == [("s1",)]
    assert tried == ["mode=ro", "mode=ro&immutable=1"]
    assert [file.name for file in store_file.parent.iterdir()] == ["warmside.db"]


def test_a_busy_store_is_not_read_as_if_nobody_wrote(store_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed_store(store_file)
    tried = failing_first(monkeypatch, sqlite3.SQLITE_BUSY, "database is locked")
    with pytest.raises(StoreError, match="database is locked"):
        connect(store_file, read_only=True)
    assert tried == ["mode=ro"]


READ_SESSIONS = """
import os, sys
from pathlib import Path
from store.database import connect
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
connection = connect(Path(sys.argv[1]), read_only=True)
print(connection.execute("SELECT id FROM sessions").fetchall())
connection.close()
try:
    connect(Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__)
"""


def test_somebody_without_write_rights_reads_the_store() -> None:
    """The same with real rights; root, whom no mode binds, becomes nobody first."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        path = folder / "warmside.db"
        closed_store(path)
        path.chmod(0o444)
        folder.chmod(0o555)
        found = subprocess.run(
            [sys.executable, "-c", READ_SESSIONS, str(path)],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=Path(__file__).parents[2],
        )
        assert found.stdout.splitlines() == ["[('s1',)]", "StoreError"], found.stderr
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_immediate_commits_at_its_end(db: sqlite3.Connection, another: Connect) -> None:
    other = another()
    with immediate(db):
        add_session(db)
        assert other.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    assert other.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_immediate_undoes_everything_on_an_error(db: sqlite3.Connection) -> None:
    class Odd(BaseException):
        pass

    def fails() -> None:
        with immediate(db):
            add_session(db)
            raise Odd

    with pytest.raises(Odd):
        fails()
    assert not db.in_transaction
    assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


def test_nested_use_is_one_transaction(db: sqlite3.Connection, another: Connect) -> None:
    other = another()

    def fails_after_its_inner_part() -> None:
        with immediate(db):
            with immediate(db):
                add_session(db)
            assert db.in_transaction
            assert other.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
            raise KeyError

    with pytest.raises(KeyError):
        fails_after_its_inner_part()
    assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)


def test_a_commit_that_fails_leaves_no_transaction_open(db: sqlite3.Connection, another: Connect) -> None:
    """Else every later `immediate` would join it, and nothing would be stored again."""

    def breaks_a_rule_that_the_commit_checks() -> None:
        with immediate(db):
            db.execute("PRAGMA defer_foreign_keys = ON")
            db.execute("INSERT INTO turns (session_id, n) VALUES ('nobody', 1)")

    with pytest.raises(sqlite3.IntegrityError):
        breaks_a_rule_that_the_commit_checks()
    assert not db.in_transaction
    with immediate(db):
        add_session(db)
    assert another().execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_immediate_holds_the_write_lock_from_its_start(db: sqlite3.Connection, another: Connect) -> None:
    other = another()
    with immediate(db):
        with pytest.raises(sqlite3.OperationalError, match="locked"), immediate(other):
            pass
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            add_session(other)
    add_session(other)


def test_a_snapshot_sees_one_moment(db: sqlite3.Connection, another: Connect) -> None:
    other = another()
    with snapshot(db):
        assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
        add_session(other)
        assert db.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
    assert db.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_the_version_changes_when_somebody_else_commits(db: sqlite3.Connection, another: Connect) -> None:
    other = another()
    mine, theirs = data_version(db), data_version(other)
    add_session(db, "s1")
    assert data_version(other) != theirs
    assert data_version(db) == mine
    theirs = data_version(other)
    with immediate(db):
        add_session(db, "s2")
        assert data_version(other) == theirs
    assert data_version(other) != theirs
