"""Reading a client's database leaves its folder as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keepalive.open_sessions.sqlite_reading import reading, signature


def made(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE t (x)")
    db.execute("INSERT INTO t VALUES (1)")
    db.commit()
    return db


def test_a_database_that_its_client_has_closed_gets_no_files_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a #1?.db"
    made(path).close()
    before = path.read_bytes()
    with reading(path) as connection:
        assert connection.execute("SELECT x FROM t").fetchall() == [(1,)]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_what_the_client_has_not_yet_moved_into_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(made(path)) as db:
        db.execute("INSERT INTO t VALUES (2)")
        db.commit()
        wal = path.with_name("a.db-wal").read_bytes()
        with reading(path) as connection:
            assert connection.execute("SELECT x FROM t").fetchall() == [(1,), (2,)]
        assert path.with_name("a.db-wal").read_bytes() == wal


@pytest.mark.parametrize("client_runs", [True, False])
def test_nothing_can_be_written(tmp_path: Path, client_runs: bool) -> None:
    path = tmp_path / "a.db"
    db = made(path)
    if not client_runs:
        db.close()
    with reading(path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("INSERT INTO t VALUES (3)")
    db.close()


def test_the_signature_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    assert signature(path) == ()
    with closing(made(path)) as db:
        before = signature(path)
        assert signature(path) == before
        db.execute("INSERT INTO t VALUES (2)")
        db.commit()
        assert signature(path) != before
