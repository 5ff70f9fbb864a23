"""What an install did, kept so that an uninstall takes back exactly that. Pure.

Digests instead of contents: what a person has changed since is known by them, and nothing of theirs is copied.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from keepalive.install.refusal import InstallError


class StatusLine(msgspec.Struct, frozen=True):
    """The value of `statusLine` as it stood in the file, to the byte; `before` None: there was none."""

    before: str | None
    after: str


class Settings(msgspec.Struct, frozen=True):
    """The settings file that was written. Digests are SHA-256 of the whole file."""

    path: str
    after: str
    before: str | None = None
    """None: there was no file, or it was changed by somebody between two installs."""
    created: bool = False
    backups: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """What was written for one configuration folder of the client. Names in `files` are below the plugin's folder."""

    at: float
    plugin: str
    files: dict[str, str]
    folders: tuple[str, ...] = ()
    """Folders that were made for it, ours and the client's."""
    settings: Settings | None = None
    status_line: StatusLine | None = None


class Record(msgspec.Struct, frozen=True):
    """Entries by the client's configuration folder: a person may have several."""

    v: int = 1
    claude: dict[str, Entry] = {}


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes) -> Record:
    """The record in a file.

    Raises:
        InstallError: it is none, or of a newer version; the message is the end of a sentence that names the file.
    """
    try:
        record = msgspec.json.decode(data, type=Record)
    except (ValueError, RecursionError) as error:
        raise InstallError("is damaged, and nothing else says what was installed: move it away") from error
    if record.v != 1:
        raise InstallError("was written by a newer warmside: use that one")
    return record


def encode(record: Record) -> bytes:
    """The bytes of the file, to be read by people too."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def with_entry(record: Record, claude_dir: Path, entry: Entry | None) -> Record:
    """The record with this entry in place of an older one, or without any for this folder."""
    entries = {name: other for name, other in record.claude.items() if name != str(claude_dir)}
    return Record(claude={**entries, str(claude_dir): entry} if entry else entries)
