"""A command line over folders of the test's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fresh_store import fresh_store
from tests.tui.cli_home import Cli, fill


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs commands in this process."""
    return Cli(tmp_path, monkeypatch, capsys)


@pytest.fixture
def db(cli: Cli) -> Iterator[sqlite3.Connection]:
    """The store that the commands use, with two sessions in it."""
    connection = fresh_store(cli.paths.store_file)
    fill(connection)
    yield connection
    connection.close()
