"""The record of an install: read back as it was written, and refused when it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.install.record import Entry, Record, Settings, StatusLine, decode, encode, with_entry
from keepalive.install.refusal import InstallError

ENTRY = Entry(
    at=1.5,
    plugin="0.1.0",
    files={"hooks/register.ts": "00"},
    folders=("/a",),
    settings=Settings("/a/settings.json", "11", "22", backups=("/a/settings.json.bak",)),
    status_line=StatusLine('{"command": "ü"}', "{}"),
)


def test_it_is_read_back_as_it_was_written() -> None:
    record = with_entry(Record(), Path("/a"), ENTRY)
    assert decode(encode(record)) == record
    assert encode(record).endswith(b"}\n")


def test_folders_of_several_clients_stand_beside_each_other() -> None:
    both = with_entry(with_entry(Record(), Path("/a"), ENTRY), Path("/b"), ENTRY)
    assert set(both.claude) == {"/a", "/b"}
    assert set(with_entry(both, Path("/a"), None).claude) == {"/b"}
    assert with_entry(Record(), Path("/a"), None) == Record()


@pytest.mark.parametrize("data", [b"", b"{", b'{"claude": {"/a": {"at": 1}}}', b"[" * 100_000])
def test_a_damaged_one_is_refused(data: bytes) -> None:
    with pytest.raises(InstallError, match="is damaged"):
        decode(data)


def test_one_of_a_newer_version_is_refused() -> None:
    with pytest.raises(InstallError, match="newer warmside"):
        decode(b'{"v": 2, "claude": {}}')
