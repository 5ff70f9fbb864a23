"""Where OpenCode keeps its database, which sessions are in it, and their rows as lines.

The database is another program's and may be in use: it is opened for reading only, nothing is left beside it, and a
row that is damaged becomes a line that the reader counts as malformed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from store.transcripts.clients import Claim, Client, Environ, Found, Reader

NAME = "opencode"
_DATABASE = "opencode.db"
_PATIENCE_SECONDS = 1.0
"""How long to wait for a writer that keeps readers out, which one in WAL mode does for moments only."""

_SESSIONS = """
    WITH newest AS (
        SELECT id, parent_id, time_updated,
            (SELECT id FROM message WHERE session_id = session.id ORDER BY time_created DESC, id DESC LIMIT 1) AS last
        FROM session
    )
    SELECT id, parent_id,
        max(time_updated,
            coalesce((SELECT time_updated FROM message WHERE id = newest.last), 0),
            coalesce((SELECT max(time_updated) FROM part WHERE message_id = newest.last), 0)),
        (SELECT count(*) FROM message WHERE session_id = newest.id)
            + (SELECT count(*) FROM part WHERE session_id = newest.id)
    FROM newest
"""
"""A session's own time stands still while a tool runs; those of its newest message and its parts do not. Indexes
answer all of it."""


_PARTS = "SELECT id, CAST(data AS BLOB) FROM part WHERE message_id = ? ORDER BY id"


def _roots(environ: Environ, home: Path) -> tuple[Path, ...]:
    data = environ.get("XDG_DATA_HOME")
    folder = (Path(data) if data else home / ".local" / "share") / "opencode"
    named = environ.get("OPENCODE_DB")
    if named and named != ":memory:":
        return (folder / named,)
    return (folder / _DATABASE,)


def _claim(path: Path) -> Claim | None:
    """`opencode.db`; builds of other channels write `opencode-<channel>.db`. The sessions are known inside only."""
    is_database = path.name == _DATABASE or (path.name.startswith(f"{NAME}-") and path.suffix == ".db")
    return Claim("") if is_database else None


def _reader() -> Reader:
    from store.transcripts.opencode import OpenCodeReader

    return OpenCodeReader()


def _sessions_in(path: Path) -> Iterator[Found]:
    """All sessions; a subagent's under the main thread that it belongs to, however deep.

    Raises:
        OSError: there is no such file.
        sqlite3.Error: it cannot be read, or is no database of this client.
    """
    with _open(path) as connection:
        rows = connection.execute(_SESSIONS).fetchall()
    parents = {str(row[0]): str(row[1]) for row in rows if row[1]}
    known = {str(row[0]) for row in rows}
    for session, _, updated, size in rows:
        session_id = str(session)
        root = _root(session_id, parents, known)
        yield Found(
            agent=NAME,
            path=f"{path}#{session_id}",
            session_id=root,
            agent_id="" if root == session_id else session_id,
            size=size,
            mtime_ns=updated * 1_000_000 if isinstance(updated, int) and 0 <= updated < 2**43 else 0,
        )


def _root(session_id: str, parents: dict[str, str], known: set[str]) -> str:
    """The main thread above a session; itself when its parent is gone. A circle of parents ends somewhere in it."""
    seen = {session_id}
    while (parent := parents.get(session_id)) in known and parent not in seen:
        seen.add(parent)
        session_id = parent
    return session_id


def _lines(found: Found) -> Iterator[bytes]:
    """One session's rows: its own, then for each message its parts and itself.

    Raises:
        OSError: there is no such file.
        sqlite3.Error: it cannot be read.
    """
    path, _, session_id = found.path.rpartition("#")
    with _open(Path(path)) as connection:
        connection.execute("BEGIN")  # all of it as it is now, whatever is written meanwhile
        session = connection.execute("SELECT * FROM session WHERE id = ?", (session_id,)).fetchone()
        if session is None:
            return
        columns = dict(zip(session.keys(), session, strict=True))
        yield _line("session", session_id, json.dumps(columns, default=str).encode(), session=found.session_id)
        originals = _originals(connection, session_id, columns.get("time_created"))
        messages = connection.execute(
            "SELECT id, CAST(data AS BLOB) FROM message WHERE session_id = ? ORDER BY time_created, id", (session_id,)
        )
        for message_id, data in messages:
            parts = connection.execute(_PARTS, (message_id,))
            for part_id, part in parts:
                yield _line("part", part_id, part, message=message_id)
            original = originals.get(str(message_id))
            if original is None:
                yield _line("message", message_id, data)
            else:
                yield _line("message", message_id, data, original={"id": original[0], "session": original[1]})


def _line(table: str, row_id: object, data: bytes | None, **more: object) -> bytes:
    """A row as a line. Its JSON is taken as it is, so that only the reader judges it."""
    import msgspec  # a look for changed sessions does without

    head = msgspec.json.encode({"table": table, "id": row_id, **more})
    body = b"null" if data is None else data
    if b"\n" in body:
        body = body.replace(b"\n", b" ")
    return b'%b,"data":%b}\n' % (head[:-1], body)


def _originals(connection: sqlite3.Connection, session_id: str, began: object) -> dict[str, tuple[str, str]]:
    """Of each message that a fork copied: the id of its original and of the session where that is.

    A fork's messages have new ids and keep their times, which is before the fork began; that is all the client
    records of where they come from. Where the original was deleted, one of its copies stands for all of them.
    """
    copies = connection.execute(
        "SELECT id, time_created, data FROM message WHERE session_id = ? AND time_created < ?", (session_id, began)
    ).fetchall()
    if not copies:
        return {}
    at_time: dict[object, list[tuple[str, str, bool]]] = {copy["time_created"]: [] for copy in copies}
    everywhere = connection.execute(
        "SELECT message.id, session_id, message.time_created, message.time_created < session.time_created"
        " FROM message JOIN session ON session.id = session_id"
    )
    for message_id, where, at, is_copy in everywhere:
        if at in at_time:
            at_time[at].append((str(message_id), str(where), bool(is_copy)))
    found: dict[str, tuple[str, str]] = {}
    for copy in copies:
        alike = at_time[copy["time_created"]]
        if len({where for _, where, _ in alike}) < len(alike) or sum(not is_copy for *_, is_copy in alike) > 1:
            alike = [one for one in alike if _same(connection, one[0], copy["data"])]
        best = min(((is_copy, message_id, where) for message_id, where, is_copy in alike), default=None)
        if best and best[1] != str(copy["id"]):
            found[str(copy["id"])] = best[1:]
    return found


def _same(connection: sqlite3.Connection, message_id: str, data: object) -> bool:
    """Whether two messages of one millisecond are one: equal but for the parent's id."""
    other = connection.execute("SELECT data FROM message WHERE id = ?", (message_id,)).fetchone()
    return other is not None and _without_parent(str(other[0])) == _without_parent(str(data))


def _without_parent(data: str) -> object:
    try:
        loaded = json.loads(data)
    except (ValueError, RecursionError):
        return data
    return {key: loaded[key] for key in loaded if key != "parentID"} if isinstance(loaded, dict) else loaded


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(_connect(path)) as connection:
        try:
            yield connection
        except UnicodeDecodeError as error:  # a damaged name in the schema, raised by the module itself
            raise sqlite3.DatabaseError(f"the database is damaged: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    path.stat()  # a missing file is an OSError with the reason in it
    # Even a reader makes the two files of the write-ahead log where they are missing, and leaves them. Without a log
    # no program has the database open, so that it can be read as a file that does not change.
    quiet = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro{quiet}", uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


OPENCODE = Client(name=NAME, roots=_roots, claim=_claim, reader=_reader, sessions_in=_sessions_in, lines=_lines)
