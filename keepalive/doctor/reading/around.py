"""What every reader starts from: this machine's folders and environment, and the store opened to be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from keepalive.clock import Clock, SystemClock
from keepalive.doctor.clients import Client
from keepalive.install import surroundings
from keepalive.install.surroundings import Layer
from keepalive.paths import Paths
from store import database

BUSY_MS = 500
"""How long a query waits for a locked store: a doctor who is kept waiting says so instead."""


@dataclass
class Around:
    """One run of the doctor. `deep`: take the time to read the whole store."""

    environ: Mapping[str, str]
    paths: Paths
    cwd: Path
    clock: Clock
    deep: bool = False

    @classmethod
    def here(cls, environ: Mapping[str, str], paths: Paths, *, deep: bool = False) -> Around:
        """The real one. A current folder that is gone counts as the root: no project's settings are there."""
        try:
            cwd = Path.cwd()
        except OSError:
            cwd = Path("/")
        return cls(environ, paths, cwd, SystemClock(), deep)

    @property
    def home(self) -> Path:
        """The person's home, as the clients find it."""
        return Path(self.environ.get("HOME") or Path.home())

    @cached_property
    def clients(self) -> tuple[Client, ...]:
        """Clients on PATH, looked for once."""
        from keepalive.doctor.reading.clients import read

        return read(self.environ)

    @cached_property
    def layers(self) -> list[Layer]:
        """Claude Code's settings files, read once."""
        return surroundings.layers(self.paths.claude_dir, self.cwd)

    @contextmanager
    def store(self) -> Iterator[sqlite3.Connection | None]:
        """The store, or None where there is none, or one that nothing was ever written to.

        Raises StoreError where it cannot be opened.
        """
        if not self.paths.store_file.exists():
            yield None
            return
        with closing(database.connect(self.paths.store_file, read_only=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone()
            yield connection if made else None
