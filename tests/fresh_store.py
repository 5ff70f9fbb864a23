"""An empty store, migrated once for the whole run and then copied: the steps themselves have their own tests."""

from __future__ import annotations

import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from store.migrations import open_store


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warmside.db"
        open_store(path).close()  # (which leaves everything in the one file)
        return path.read_bytes()


def fresh_store(path: Path) -> sqlite3.Connection:
    """A connection to a new store at `path`, which only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(_migrated())
    return open_store(path)
