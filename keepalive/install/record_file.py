"""The record of installs on disk: one private file beside the keeper's state."""

from __future__ import annotations

from pathlib import Path

from keepalive.install import files
from keepalive.install.record import Record, decode, encode
from keepalive.install.refusal import InstallError


def read(path: Path) -> tuple[Record, bytes | None]:
    """The record and its bytes, for `save`; an empty one where there is no file.

    Raises:
        InstallError: what is there cannot be read or understood.
    """
    data = files.read(path)
    if data is None:
        return Record(), None
    try:
        return decode(data), data
    except InstallError as error:
        raise InstallError(f"{path} {error}") from error


def save(path: Path, before: bytes | None, record: Record) -> bytes | None:
    """Write the record (0600), or remove the file when nothing is left in it; returns the file's new bytes.

    Raises:
        ChangedMeanwhile: another install has written it.
    """
    if record.claude:
        data = encode(record)
        if data != before:
            files.replace(path, before, data)
        return data
    if before is not None:
        files.remove(path, before)
    return None
