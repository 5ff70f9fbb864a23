"""What must not come back: sessions that were forgotten, and files that were read and of which nothing is kept.

Clients keep their transcripts. A session's id, which is a number that its client made up, is all that stays of it here;
files are known by a hash of their path, so that nothing tells where somebody worked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # (what looks for changed files starts light)
    from store.transcripts.clients import Found

FORGOTTEN = ""
"""Rule of files that belong to a forgotten session."""


def holds(connection: sqlite3.Connection, session_id: str) -> bool:
    """Whether this session was forgotten."""
    return connection.execute("SELECT 1 FROM forgotten WHERE session_id = ?", (session_id,)).fetchone() is not None


def put(connection: sqlite3.Connection, session_ids: Iterable[str], now: float) -> None:
    """Let nothing of these sessions be stored from now on."""
    connection.executemany("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", [(one, now) for one in session_ids])


def lift(connection: sqlite3.Connection, session_id: str) -> None:
    """Let its transcripts be read again. (Files of other forgotten sessions are looked at once more, too.)"""
    connection.execute("DELETE FROM forgotten WHERE session_id = ?", (session_id,))
    connection.execute("DELETE FROM unkept_files WHERE rule = ?", (FORGOTTEN,))


def starting_with(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """Forgotten sessions whose id begins so."""
    rows = connection.execute(
        "SELECT session_id FROM forgotten WHERE substr(session_id, 1, ?) = ? ORDER BY session_id",
        (len(prefix), prefix),
    )
    return [str(row[0]) for row in rows]


def note_unkept(connection: sqlite3.Connection, files: Iterable[tuple[str, int, int]], rule: str) -> None:
    """Remember files (path, size, time of change in ns) of which nothing was kept, and by which rule."""
    connection.executemany(
        "INSERT OR REPLACE INTO unkept_files VALUES (?, ?, ?, ?)",
        [(_hash(path), size, mtime_ns, rule) for path, size, mtime_ns in files],
    )


def unkept(connection: sqlite3.Connection, files: Iterable[Found], rule: str) -> list[Found]:
    """Those of which nothing is to be kept: of a forgotten session, or not changed since one of the rules in force
    (`rule`, or that of forgotten sessions) kept them out."""
    forgotten = {row[0] for row in connection.execute("SELECT session_id FROM forgotten")}
    known = {
        row[0]: (row[1], row[2])
        for row in connection.execute(
            "SELECT path_hash, size, mtime_ns FROM unkept_files WHERE rule IN (?, ?)", (FORGOTTEN, rule)
        )
    }
    return [
        one
        for one in files
        if one.session_id in forgotten or (known and known.get(_hash(one.path)) == (one.size, one.mtime_ns))
    ]


def _hash(path: str) -> str:
    return sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
