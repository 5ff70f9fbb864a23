"""What was written while no keeper ran: read once, beside the worker, and nothing depends on it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from keepalive import catch_up
from keepalive.allowance import budget_of
from keepalive.config import Config
from keepalive.paths import Paths, find_paths
from store import board, prices
from store.database import connect
from tests.keepalive.claude_folder import T0, ClaudeFolder, answer, prompt
from tests.keepalive.keeper_home import eventually

A = "0b1c2d3e-0000-4000-8000-00000000abcd"


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WARMSIDE_HOME", str(tmp_path / "warmside"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    for name in ("CODEX_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    ClaudeFolder(tmp_path / "claude").transcript(A, prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    return find_paths()


def turns_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM turns WHERE session_id = ?", (A,)).fetchone()[0])


def test_it_reads_the_clients_folders_and_prices_what_it_found(paths: Paths) -> None:
    assert catch_up.main() == 0
    with closing(connect(paths.store_file)) as connection:
        assert turns_of(connection) == 1
        assert prices.known(connection, "claude-opus-5-5")
        session = board.sessions(connection, now=T0, keeper_on=False, budget_of=budget_of(Config()))
        assert [(one.id, one.totals.requests, one.seen_by) for one in session] == [(A, 1, "transcript")]
    log = paths.log_file.read_text()
    assert "read 1 transcripts" in log
    assert catch_up.main() == 0
    assert paths.log_file.read_text() == log, "nothing new is nothing to tell"


def test_a_broken_config_stops_no_reading(paths: Paths) -> None:
    paths.config_file.parent.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text("[budget\n")
    assert catch_up.main() == 0
    with closing(connect(paths.store_file)) as connection:
        assert turns_of(connection) == 1


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("[history]\nstore_text = false\n", [("",)]),
        ("[budget\n[history]\nstore_text = false\n", []),
        ('nonsense = 1\n[history]\nignore_paths = ["*"]\n', []),
    ],
)
def test_only_what_may_be_stored_is(paths: Paths, text: str, stored: list[tuple[str]]) -> None:
    paths.config_file.parent.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(text)
    assert catch_up.main() == 0
    with closing(connect(paths.store_file)) as connection:
        assert connection.execute("SELECT prompt || answer FROM turns").fetchall() == stored


def test_a_store_that_is_none_is_one_line_in_the_log(paths: Paths) -> None:
    paths.store_file.parent.mkdir(parents=True, exist_ok=True)
    paths.store_file.write_bytes(b"no database" * 200)
    assert catch_up.main() == 1
    assert "not every transcript was read" in paths.log_file.read_text()


async def test_it_runs_as_a_process_of_its_own(paths: Paths) -> None:
    await catch_up.beside()
    with closing(connect(paths.store_file)) as connection:
        assert turns_of(connection) == 1


async def test_it_ends_with_the_worker(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "python_module", lambda _: ["sleep", "60"])
    task = asyncio.create_task(catch_up.beside())
    child = await asyncio.to_thread(eventually, _sleeper)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not child.is_running()


def _sleeper() -> psutil.Process | None:
    return next((child for child in psutil.Process().children() if child.name() == "sleep"), None)
