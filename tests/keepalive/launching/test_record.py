"""The light way to the store says the same as the store's own modules."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from keepalive import keeper, supervisor
from keepalive.launching import record
from keepalive.launching.start import Start
from store import launches, settings
from tests.fresh_store import fresh_store

KEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()", "keepalive.keeper_main"]
"""A process whose command line is the keeper's."""
START = Start(
    agent="claude",
    argv=("claude",),
    upstream="https://x.example.com",
    environment={},
    proxy="http://proxy.example.com",
    ca_file="/ca.pem",
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = fresh_store(tmp_path / "warmside.db")
    yield connection
    connection.close()


@pytest.fixture
def pid() -> Iterator[int]:
    with subprocess.Popen(KEEPER, stdin=subprocess.PIPE) as process:
        yield process.pid


def status(pid: int) -> dict[str, settings.JsonValue]:
    return {
        "pid": pid,
        "worker_pid": pid,
        "port": 4242,
        "upstream": "https://default.example.com",
        "since": 1.0,
        "supervised": True,
    }


def test_a_running_keeper_is_found_as_the_keeper_itself_finds_it(db: sqlite3.Connection, pid: int) -> None:
    assert record.STATUS == supervisor.STATUS
    assert record.running(db) is None
    settings.put(db, record.STATUS, status(pid))
    found, full = record.running(db), keeper.status(db)
    assert found is not None
    assert full is not None
    assert (
        (found.url, found.upstream)
        == (full.url, full.upstream)
        == (
            "http://127.0.0.1:4242",
            "https://default.example.com",
        )
    )


@pytest.mark.parametrize(
    "wrong", [{"supervised": False}, {"pid": os.getpid()}, {"pid": 2**22 + 1}, {"port": None}, {"upstream": 3}]
)
def test_anything_less_is_left_to_the_keepers_own_start(
    db: sqlite3.Connection, pid: int, wrong: dict[str, settings.JsonValue]
) -> None:
    settings.put(db, record.STATUS, status(pid) | wrong)
    assert record.running(db) is None


def test_a_launch_is_stored_as_the_store_reads_it(db: sqlite3.Connection) -> None:
    record.record(db, START, launch_id="launch-1", token="made-up")
    [row] = launches.live(db)
    assert row == launches.by_token(db, "made-up")
    assert (row.id, row.agent, row.pid, row.cwd) == ("launch-1", "claude", os.getpid(), str(Path.cwd()))
    assert (row.upstream, row.proxy, row.ca_file) == (START.upstream, START.proxy, START.ca_file)
    assert row.pid_started_at == pytest.approx(psutil.Process().create_time())
    assert row.token_hash == launches.token_hash("made-up")
    assert set(row.__struct_fields__) == {name[1] for name in db.execute("PRAGMA table_info(launches)")}


def test_an_outer_launch_is_known_by_its_token(db: sqlite3.Connection) -> None:
    record.record(db, START, launch_id="launch-1", token="made-up")
    assert record.upstream_of(db, "made-up") == START.upstream
    assert record.upstream_of(db, "another") is None
