"""Launches: which client was started through us, where its requests go, and whether it still runs."""

from __future__ import annotations

import hashlib
import sqlite3

from msgspec.structs import asdict

from store.database import immediate
from store.row import fetch_all, fetch_one
from store.rows import LaunchRow


def token_hash(token: str) -> str:
    """What the store keeps of a path token: enough to recognise it, useless to forge one."""
    return hashlib.sha256(token.encode()).hexdigest()


def record(connection: sqlite3.Connection, launch: LaunchRow) -> None:
    """Store a launch before its client starts."""
    values = asdict(launch)
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(f"INSERT INTO launches ({names}) VALUES ({marks})", values)  # noqa: S608 - our field names


def by_token(connection: sqlite3.Connection, token: str) -> LaunchRow | None:
    """The launch that a request's path names, ended or not."""
    return fetch_one(LaunchRow, connection.execute("SELECT * FROM launches WHERE token_hash = ?", (token_hash(token),)))


def get(connection: sqlite3.Connection, launch_id: str) -> LaunchRow | None:
    """One launch."""
    return fetch_one(LaunchRow, connection.execute("SELECT * FROM launches WHERE id = ?", (launch_id,)))


def live(connection: sqlite3.Connection) -> list[LaunchRow]:
    """Launches whose process was alive when last looked at."""
    return fetch_all(LaunchRow, connection.execute("SELECT * FROM launches WHERE ended_at IS NULL ORDER BY started_at"))


def end(connection: sqlite3.Connection, launch_id: str, now: float) -> None:
    """The client is gone: its sessions end with it, and nothing more is sent for them."""
    with immediate(connection):
        connection.execute("UPDATE launches SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (now, launch_id))
        connection.execute(
            "UPDATE sessions SET ended_at = ?, status = 'ended', end_reason = 'ended', waiting_for = NULL"
            " WHERE launch_id = ? AND ended_at IS NULL",
            (now, launch_id),
        )
