"""Reads what was appended to a file since the last look, by complete lines.

A last line without its newline may be half written and waits; a file that shrank, was replaced or was rewritten is
read again from its start, and the reader is told. The tailer interprets nothing and watches nothing: somebody polls.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from store.ingest.lines import read_lines

CHUNK_BYTES = 8 << 20
"""How much one poll reads, unless a single line is longer."""

_ANCHOR_BYTES = 256


@dataclass(frozen=True, slots=True)
class TailState:
    """Where reading stands; can be stored and handed to a new tailer.

    `offset` (bytes) and `lines` count what was handed out; `size`, `mtime_ns` and `inode` are the file's at that look;
    `anchor` is a digest of the last bytes before `offset`, which tells an appended file from a rewritten one.
    """

    offset: int = 0
    lines: int = 0
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class TailResult:
    """What one poll found. Lines come without their newline."""

    lines: tuple[bytes, ...] = ()
    reset: bool = False
    """The file is not what it was: forget what came before, these lines start at its first one."""
    more: bool = False
    """More lines may be ready at once."""
    missing: bool = False


class Tailer:
    """Follows one file."""

    def __init__(self, path: Path, state: TailState | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self.path = path
        self._chunk_bytes = chunk_bytes
        self._state = state or TailState()

    @property
    def state(self) -> TailState:
        """Where reading stands."""
        return self._state

    def poll(self) -> TailResult:
        """The complete lines since the last poll.

        A missing file is no error: the place is kept in case it comes back. Other errors of the file system
        (`OSError`) are the caller's to show.
        """
        known = self._state
        try:
            found = self.path.stat()
            if (found.st_size, found.st_mtime_ns, found.st_ino) == (known.size, known.mtime_ns, known.inode):
                return TailResult()
            file = self.path.open("rb")
        except FileNotFoundError:
            return TailResult(missing=True)
        with file:
            stat = os.fstat(file.fileno())
            start, reset = known, False
            if known.offset and not _continues(file, stat, known):
                start, reset = TailState(), True
            data = read_lines(file, start.offset, self._chunk_bytes)
            offset = start.offset + len(data)
            more = bool(data) and offset < stat.st_size
            self._state = replace(
                start,
                offset=offset,
                lines=start.lines + data.count(b"\n"),
                # While more is to come the file must not look unchanged at the next poll.
                size=-1 if more else stat.st_size,
                mtime_ns=stat.st_mtime_ns,
                inode=stat.st_ino,
                anchor=_anchor(file, offset),
            )
        return TailResult(lines=tuple(data.split(b"\n")[:-1]), reset=reset, more=more)


def _continues(file: BinaryIO, stat: os.stat_result, known: TailState) -> bool:
    """Whether the file still begins with what was read. A new inode alone proves nothing either way: editors and
    clients replace files by copies that went on, and inode numbers are reused."""
    if stat.st_size < known.offset:
        return False
    return not known.anchor or _anchor(file, known.offset) == known.anchor


def _anchor(file: BinaryIO, offset: int) -> str:
    start = max(0, offset - _ANCHOR_BYTES)
    file.seek(start)
    return hashlib.blake2b(file.read(offset - start), digest_size=8).hexdigest()
