"""The keeper's log stays small and private."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive.keeper_log import BACKUPS, log_to


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A log of 2 KB a file; the logging of the test run is as before afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("warmside")
    levels = (root.level, ours.level)
    umask = os.umask(0)
    path = tmp_path / "state" / "keeper.log"
    handler = log_to(path, max_bytes=2_000)
    yield path
    root.removeHandler(handler)
    handler.close()
    os.umask(umask)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_it_is_rotated_and_every_file_is_private(log: Path) -> None:
    for number in range(300):
        logging.getLogger("warmside.made_up").info("line %d", number)
    files = sorted(log.parent.iterdir())
    assert [file.name for file in files] == ["keeper.log", *(f"keeper.log.{n}" for n in range(1, BACKUPS + 1))]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 2_000 for file in files)
    assert log.read_text(encoding="utf-8").endswith("INFO warmside.made_up line 299\n")


def test_others_are_heard_from_warnings_on(log: Path) -> None:
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("trouble with é")
    assert "chatter" not in log.read_text(encoding="utf-8")
    assert "WARNING some.library trouble with é" in log.read_text(encoding="utf-8")
