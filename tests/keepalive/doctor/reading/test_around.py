"""What every reader starts from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keepalive.doctor.reading.around import Around
from store.migrations import open_store


def test_without_a_store_there_is_no_connection_and_none_is_made(around: Around) -> None:
    with around.store() as connection:
        assert connection is None
    assert not around.paths.store_file.exists()


def test_a_store_that_nothing_was_written_to_counts_as_none(around: Around) -> None:
    around.paths.store_file.parent.mkdir()
    around.paths.store_file.touch()
    with around.store() as connection:
        assert connection is None


def test_a_store_is_opened_to_read_alone(around: Around) -> None:
    open_store(around.paths.store_file).close()
    with around.store() as connection:
        assert connection is not None
        with pytest.raises(Exception, match="readonly"):
            connection.execute("DELETE FROM sessions")


def test_a_current_folder_that_is_gone_is_no_folder(
    around: Around, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Around.here(os.environ, around.paths).cwd == Path("/")
    assert around.home == Path(around.environ["HOME"])
