"""Opens a client's SQLite file so that nothing changes in it or beside it, whether the client runs or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

BUSY_SECONDS = 0.05
"""A look must not wait for the client; the next one comes in a second."""

Signature = tuple[tuple[int, int], ...]


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write.

    A database without its `-wal` file is open nowhere: there `immutable` keeps SQLite from making that file anew.

    Raises:
        sqlite3.Error: it cannot be read (now).
    """
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    uri = f"file:{quote(str(path))}?{mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        yield connection


def signature(path: Path) -> Signature:
    """Changes whenever the content does; () for no file."""
    marks = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            found = file.stat()
        except FileNotFoundError:
            continue
        marks.append((found.st_size, found.st_mtime_ns))
    return tuple(marks)
