"""Which errors are a person's to act on, and the one line that says so; anything else is ours and keeps its trace."""

from __future__ import annotations

import errno
import sqlite3
import sys


class NoTerminal(Exception):
    """The sidebar was started where there is no screen."""


def need_terminal() -> None:
    """The screen is read from stdin and drawn on stderr, by the library's own rule; stdout would be an odd place too.

    Raises NoTerminal where one of them is no terminal.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream is not None and stream.isatty() for stream in streams):
        raise NoTerminal("the sidebar needs a terminal; `warmside sessions` lists without one")


def one_line(error: Exception) -> str | None:
    """The error as one line, or None for a fault of the program."""
    from keepalive.config import ConfigError
    from keepalive.launch import LaunchError
    from keepalive.supervisor import KeeperError
    from store.database import StoreError
    from store.sessions import UnknownSession

    if isinstance(error, ConfigError | KeeperError | LaunchError | NoTerminal | StoreError | UnknownSession):
        return " ".join(str(error).split())
    if isinstance(error, sqlite3.Error):
        return f"the store does not answer: {error}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT):
        return f"cannot write: {error.strerror}"
    return None
