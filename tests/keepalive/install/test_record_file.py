"""The record on disk: private, whole, and gone when nothing is left in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.install import record_file
from keepalive.install.files import ChangedMeanwhile
from keepalive.install.record import Record, with_entry
from keepalive.install.refusal import InstallError
from tests.keepalive.install.test_record import ENTRY

RECORD = with_entry(Record(), Path("/a"), ENTRY)


def test_it_is_kept_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "installed.json"
    assert record_file.read(path) == (Record(), None)
    data = record_file.save(path, None, RECORD)
    assert record_file.read(path) == (RECORD, data)
    assert path.stat().st_mode & 0o777 == 0o600
    assert record_file.save(path, data, RECORD) == data
    assert record_file.save(path, data, Record()) is None
    assert not path.exists()
    assert record_file.save(path, None, Record()) is None


def test_another_install_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "installed.json"
    record_file.save(path, None, RECORD)
    with pytest.raises(ChangedMeanwhile):
        record_file.save(path, None, RECORD)


def test_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "installed.json"
    path.write_bytes(b"{")
    with pytest.raises(InstallError, match=f"^{path} is damaged"):
        record_file.read(path)
