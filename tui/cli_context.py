"""What most commands need first: paths, configuration, an open store."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from keepalive import config, keeper
from keepalive.config import Config, Paths
from store import database
from store.migrations import open_store, open_to_read
from store.models import KeeperView


@dataclass(frozen=True, slots=True)
class Here:
    """This machine's warmside."""

    paths: Paths
    config: Config
    connection: sqlite3.Connection

    @property
    def keeper(self) -> KeeperView | None:
        """The running keeper."""
        return keeper.status(self.connection)


def here(*, any_config: bool = False) -> Here:
    """Open the store for reading and writing, or for reading alone where that is all that can be had.

    With `any_config` a wrong configuration counts as none: what stops spending must work then too.

    Raises:
        ConfigError, StoreError: one line each.
    """
    paths = config.find_paths()
    try:
        loaded = config.load(paths.config_file, paths.checked_file)
    except config.ConfigError:
        if not any_config:
            raise
        loaded = Config()
    try:
        connection = open_store(paths.store_file)
    except (database.StoreError, sqlite3.OperationalError):
        connection = open_to_read(paths.store_file)
    return Here(paths, loaded, connection)
