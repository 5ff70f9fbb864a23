"""The store's file, its disk, and the price table in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.store_file import file_system, read, read_prices
from store import prices, sessions
from store.migrations import STEPS, open_store
from store.rows import PriceRow


@pytest.fixture
def db(around: Around) -> sqlite3.Connection:
    connection = open_store(around.paths.store_file)
    row = {"input": 4.0, "output": 20.0, "cache_read": 0.2, "cache_write_5m": 5.0, "cache_write_1h": 8.0}
    known = PriceRow(model="known-1", valid_from=1_790_000_000.0, above_tokens=0, source="test", **row)
    prices.put(connection, [known])
    for name, model in (("a", "known-1"), ("b", "made-up-9")):
        sessions.save(connection, name, agent="claude", cwd="/src", opened_at=1.0, model=model)
    connection.close()
    return connection


def test_none_says_where_it_would_be(around: Around) -> None:
    found = read(around)
    assert (found.path, found.size, found.rights, found.error) == (around.paths.store_file, None, (), "")
    assert found.free is not None
    assert read_prices(around).models == 0
    assert read_prices(around).library


@pytest.mark.usefixtures("db")
def test_a_store_is_measured(around: Around) -> None:
    found = read(around)
    assert found.size == around.paths.store_file.stat().st_size
    assert (found.sessions, found.steps, found.missing_steps, found.unknown_steps) == (2, len(STEPS), 0, 0)
    assert (found.sound, found.error) == (None, "")
    assert [(one.path.name, one.mode & 0o077) for one in found.rights][:2] == [("ws", 0), ("warmside.db", 0)]
    around.paths.store_file.chmod(0o644)
    assert 0o644 in [one.mode for one in read(around).rights]
    around.deep = True
    assert read(around).sound == "ok"


def test_what_was_written_last_counts_too(around: Around) -> None:
    connection = open_store(around.paths.store_file)
    log = around.paths.store_file.with_name("warmside.db-wal")
    assert read(around).size == around.paths.store_file.stat().st_size + log.stat().st_size
    connection.close()


@pytest.mark.usefixtures("db")
def test_the_schema_of_another_version_is_told(around: Around) -> None:
    with sqlite3.connect(around.paths.store_file) as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (STEPS[-1],))
        connection.execute("UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name = ?", (STEPS[-2],))
    connection.close()
    found = read(around)
    assert (found.missing_steps, found.unknown_steps) == (2, 1)


@pytest.mark.usefixtures("db")
def test_a_damaged_store_is_found_by_a_deep_look(around: Around) -> None:
    with sqlite3.connect(around.paths.store_file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'requests'").fetchone()
    connection.close()
    with around.paths.store_file.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 512)
    around.deep = True
    assert read(around).sound not in (None, "ok")


@pytest.mark.usefixtures("db")
def test_prices_by_source_and_models_without_one(around: Around) -> None:
    found = read_prices(around)
    assert (found.models, found.sources, found.newest) == (1, ["test"], "2026-09-21")
    assert found.unknown == ["made-up-9"]


def test_the_nearest_mount_says_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mounts(all: bool = False) -> list[SimpleNamespace]:
        places = (("/", "ext4"), (str(tmp_path), "ext4"), (str(tmp_path), "nfs4"), (f"{tmp_path}x", "cifs"))
        return [SimpleNamespace(mountpoint=place, fstype=kind) for place, kind in places]

    monkeypatch.setattr(psutil, "disk_partitions", mounts)
    assert file_system(tmp_path / "ws") == "nfs4"
    assert file_system(Path("/")) == "ext4"
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [])
    assert file_system(tmp_path) == ""
