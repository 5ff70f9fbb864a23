"""The parent's command line: what keeps it from starting is one line on stderr."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive import keeper_main
from keepalive.paths import find_paths
from keepalive.supervisor import STATUS, take_lock
from store import settings
from tests.fresh_store import fresh_store


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Another keeper has the lock."""
    monkeypatch.setenv("WARMSIDE_HOME", str(tmp_path))
    lock = take_lock(find_paths().lock_file)
    assert lock is not None
    yield lock
    os.close(lock)


@pytest.mark.usefixtures("held")
def test_a_second_keeper_gives_up_at_once_when_the_first_one_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = fresh_store(tmp_path / "warmside.db")
    settings.put(connection, STATUS, {"pid": os.getpid(), "supervised": True})
    connection.close()
    monkeypatch.setattr("time.sleep", _no_waiting)
    assert keeper_main.main([]) == 1
    assert capsys.readouterr().err == "warmside: a keeper runs already; `warmside keeper stop` ends it\n"


def _no_waiting(seconds: float) -> None:
    raise AssertionError("it waits")


@pytest.mark.usefixtures("held")
def test_it_waits_for_one_that_is_leaving_but_not_for_ever(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_main, "LOCK_WITHIN", 0.0)
    assert keeper_main.main(["--background"]) == 1
    assert "a keeper runs already" in capsys.readouterr().err


def test_a_port_that_cannot_be_had_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMSIDE_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert keeper_main.main([f"--port={port}"]) == 1
    assert f"port {port}" in capsys.readouterr().err
