"""Who holds the lock of a file, without ever trying it: a lock of ours, however short, could make a client's fail."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from keepalive.open_sessions.process_table import ProcessTable

_LOCK = re.compile(rb"\d+: FLOCK +\S+ +\S+ +(\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) ")


class Locks(Protocol):
    """The holders of whole-file locks (flock)."""

    def holders(self, files: Iterable[Path], among: Iterable[int]) -> Mapping[Path, int]:
        """The process that holds each file's lock; files whose lock nobody holds are left out.

        `among`: the processes that may hold them. Raises OSError when the system does not say.
        """
        ...


class KernelLocks:
    """Linux lists every lock with its file and process."""

    def __init__(self, listing: Path = Path("/proc/locks")) -> None:
        self._listing = listing

    def holders(self, files: Iterable[Path], among: Iterable[int]) -> Mapping[Path, int]:
        exact: dict[tuple[int, int, int], int] = {}
        by_inode: dict[int, int] = {}
        for pid, major, minor, inode in _LOCK.findall(self._listing.read_bytes()):
            exact[int(major, 16), int(minor, 16), int(inode)] = int(pid)
            by_inode[int(inode)] = int(pid)
        suspects = set(among)
        found = {}
        for file in files:
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue
            holder = exact.get((os.major(stat.st_dev), os.minor(stat.st_dev), stat.st_ino))
            if holder is None and by_inode.get(stat.st_ino) in suspects:
                holder = by_inode[stat.st_ino]  # some file systems give their files another device number there
            if holder is not None and holder > 0:
                found[file] = holder
        return found


class OpenFileLocks:
    """Elsewhere: the process that has the lock's file open is its holder."""

    def __init__(self, table: ProcessTable) -> None:
        self._table = table

    def holders(self, files: Iterable[Path], among: Iterable[int]) -> Mapping[Path, int]:
        wanted = {str(file.resolve()): file for file in files}
        return {wanted[name]: pid for pid in sorted(among) for name in self._table.open_files(pid) if name in wanted}


def system_locks(table: ProcessTable) -> Locks:
    """What this machine offers."""
    return KernelLocks() if Path("/proc/locks").exists() else OpenFileLocks(table)
