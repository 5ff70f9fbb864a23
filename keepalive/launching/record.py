"""The store's side of a launch: the running keeper, an outer launch, and the launch itself.

The same as `keeper.status` and `store.launches` say, without their models: validating three rows is no reason to let
everyday starts of a client wait a tenth of a second.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from keepalive.launching.start import Start
from store import settings

STATUS = "keeper.status"
"""Setting: who runs; see keepalive/supervisor.py."""
_KEEPER = "keepalive.keeper_main"


class Running(NamedTuple):
    """The keeper that takes the launch's requests."""

    url: str
    upstream: str
    """Anthropic's address, from its configuration."""


def running(connection: sqlite3.Connection) -> Running | None:
    """The keeper, if it runs and is whole; else `keeper.ensure` has to see to it."""
    said = settings.get(connection, STATUS)
    if not isinstance(said, dict) or not said.get("supervised"):
        return None
    pid, port, upstream = said.get("pid"), said.get("port"), said.get("upstream")
    if not isinstance(pid, int) or not isinstance(port, int) or not isinstance(upstream, str):
        return None
    try:
        process = psutil.Process(pid)
        ours = _KEEPER in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return Running(f"http://127.0.0.1:{port}", upstream) if ours else None


def upstream_of(connection: sqlite3.Connection, token: str) -> str | None:
    """Where the launch with this token sends its requests; None for an unknown token."""
    found = connection.execute("SELECT upstream FROM launches WHERE token_hash = ?", (_hash(token),)).fetchone()
    return str(found[0]) if found else None


def record(connection: sqlite3.Connection, start: Start, *, launch_id: str, token: str) -> None:
    """Store the launch that this process is about to become."""
    me = psutil.Process()
    row = {
        "id": launch_id,
        "token_hash": _hash(token),
        "agent": start.agent,
        "pid": me.pid,
        "pid_started_at": me.create_time(),
        "cwd": str(Path.cwd()),
        "upstream": start.upstream,
        "proxy": start.proxy,
        "ca_file": start.ca_file,
        "started_at": time.time(),
        "ended_at": None,
    }
    connection.execute(
        f"INSERT INTO launches ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608
        row,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
