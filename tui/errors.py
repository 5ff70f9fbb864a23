"""Which errors are a person's to act on, and the one line that says so; anything else is ours and keeps its trace."""

from __future__ import annotations

import sqlite3


def one_line(error: Exception) -> str | None:
    """The error as one line, or None for a fault of the program."""
    from keepalive.config import ConfigError
    from keepalive.launch import LaunchError
    from keepalive.supervisor import KeeperError
    from store.database import StoreError
    from store.sessions import UnknownSession

    if isinstance(error, ConfigError | KeeperError | LaunchError | StoreError | UnknownSession):
        return " ".join(str(error).split())
    if isinstance(error, sqlite3.Error):
        return f"the store does not answer: {error}"
    return None
