"""The keeper behind what the store says, and the configuration that it has read."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from keepalive import keeper
from keepalive.doctor.reading import keeper as reading
from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.keeper import read_config, read_keeper
from tests.fresh_store import fresh_store
from tests.keepalive.keeper_home import Home, made_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with made_home(tmp_path, monkeypatch) as made:
        yield made


def test_no_store_no_keeper_no_configuration(around: Around) -> None:
    assert read_keeper(around).pid is None
    config = read_config(around)
    assert (config.exists, config.error, config.newer) == (False, "", False)


def test_a_wrong_configuration_is_named_with_its_line(around: Around) -> None:
    around.paths.config_file.parent.mkdir()
    around.paths.config_file.write_text("[budget]\npings = 2\nusd = 1\n")
    config = read_config(around)
    assert config.exists
    assert str(config.error).startswith(f"{around.paths.config_file}:3: budget.usd: unknown key, known: mode, pings, ")


def test_launches_count_while_their_process_is_the_same(around: Around) -> None:
    connection = fresh_store(around.paths.store_file)
    began = psutil.Process().create_time()
    for name, pid, at in (("a", os.getpid(), began), ("b", os.getpid(), began - 999), ("c", 4_000_000, began)):
        connection.execute(
            "INSERT INTO launches (id, token_hash, agent, pid, pid_started_at, cwd, upstream, started_at)"
            " VALUES (?, ?, 'claude', ?, ?, '/', 'http://127.0.0.1:9', 1.0)",
            (name, name, pid, at),
        )
    connection.close()
    assert (read_keeper(around).pid, read_keeper(around).launches) == (None, 1)


def test_a_real_keeper_is_seen_and_what_changed_since(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    around = Around.here(os.environ, home.paths)
    monkeypatch.setattr(reading, "_installed_at", lambda: 0.0)
    os.utime(home.paths.config_file, (1.0, 1.0))
    view = keeper.ensure(home.connection, home.paths)
    found = read_keeper(around)
    assert (found.pid, found.port, found.upstream) == (view.pid, view.port, home.upstream.url)
    assert found.supervised
    assert found.listening
    assert (found.elsewhere, found.outdated) == ("", False)
    assert not read_config(around).newer
    later = time.time() + 60
    os.utime(home.paths.config_file, (later, later))
    assert read_config(around).newer
    monkeypatch.setattr(reading, "_installed_at", lambda: later)
    assert read_keeper(around).outdated
    monkeypatch.setattr(sys, "executable", "/opt/other/bin/python")
    assert read_keeper(around).elsewhere != ""
