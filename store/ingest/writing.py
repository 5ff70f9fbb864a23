"""Writes what was read from transcripts, so that reading anything again changes nothing.

A request counts once per store: of several files that hold it (forks begin with a copy of their parent's records) the
one whose path sorts first keeps it, whatever the order of reading; the others are remembered as copies. What the
gateway saw itself is never overwritten. All functions work within the caller's transaction.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from store import tombstones, turns
from store.ingest import chains
from store.ingest.chains import LIFETIMES, Lifetime
from store.ingest.reading import FileRead, RequestRow
from store.transcripts.clients import Found
from store.transcripts.reading import Facts

UNREAD = -1
"""Size of a file that could not be read: it never looks unchanged."""


def write(
    connection: sqlite3.Connection,
    read: FileRead,
    lifetime: Lifetime = LIFETIMES.get,
    *,
    whole: bool = True,
    bulk: turns.Bulk | None = None,
) -> str:
    """Store one transcript, or what is new in it; returns its session's id.

    `whole`: `read` holds everything that the file says, so that what it says no longer is taken away. `bulk` collects
    the turns of many for the search index. Of a session that was forgotten nothing is stored.
    """
    found, facts = read.found, read.facts
    session_id = session_of(read)
    if tombstones.holds(connection, session_id):
        return session_id
    source = _source(connection, read, session_id)
    if read.error or not (_says_anything(read) or _known_session(connection, session_id)):
        return session_id
    _session(connection, session_id, found, facts)
    if not found.agent_id and _tells_turns(connection, session_id, source, read):
        if bulk is not None:
            bulk.save(session_id, read.turns)
        else:
            turns.save(connection, session_id, read.turns)
        if whole:
            turns.keep_only(connection, session_id, [turn.n for turn in read.turns])
    _requests(connection, session_id, source, found.path, read.requests)
    if whole:
        _let_go(connection, source, {request.message_id for request in read.requests})
    if not found.agent_id:
        _last_activity(connection, session_id, read.requests)
        attached, seen_since = connection.execute(_SEEN, (session_id,)).fetchone()
        chains.write(
            connection,
            session_id,
            read.requests,
            facts.compacted_at,
            lifetime,
            attached=bool(attached),
            seen_since=math.inf if seen_since is None else seen_since,
        )
    return session_id


def session_of(read: FileRead) -> str:
    """The session that a file belongs to."""
    return read.found.session_id or read.facts.session_id or PurePath(read.found.path).stem


_SEEN = """
SELECT s.launch_id IS NOT NULL, l.started_at FROM sessions s
LEFT JOIN launches l ON l.id = s.launch_id AND l.agent = 'claude' AND s.agent = 'claude' WHERE s.id = ?
"""
"""A session of Claude Code is tied to a launch by a request of its own that passed the gateway; of other clients the
gateway may not understand a word."""


def _says_anything(read: FileRead) -> bool:
    return bool(read.turns or read.requests or read.facts.malformed or read.facts.prompts)


def _known_session(connection: sqlite3.Connection, session_id: str) -> bool:
    return connection.execute("SELECT 1 FROM sessions WHERE id = ?", (session_id,)).fetchone() is not None


def _source(connection: sqlite3.Connection, read: FileRead, session_id: str) -> int:
    found, facts = read.found, read.facts
    values = {
        "path": found.path,
        "agent": found.agent,
        "session_id": session_id,
        "agent_id": found.agent_id,
        "size": UNREAD if read.error else found.size,
        "mtime_ns": found.mtime_ns,
        "offset": read.offset,
        "lines": facts.lines,
        "malformed": facts.malformed,
        "first_at": facts.first_at,
        "last_at": facts.last_at,
        "client_version": facts.client_version,
        "forked_from": facts.forked_from,
        "last_write": facts.last_write,
        "compactions": len(facts.compacted_at),
        "prompts": facts.prompts,
        "queued": facts.queued,
        "notifications": facts.notifications,
        "slash_commands": facts.slash_commands,
        "shell_commands": facts.shell_commands,
        "interrupts": facts.interrupts,
        "error": read.error,
    }
    # What could not be read now may have been read before: only the error is new.
    taken = ("size", "error") if read.error else tuple(values)
    row = connection.execute(
        f"INSERT INTO sources ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"  # noqa: S608
        f" ON CONFLICT (path) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in taken)} RETURNING id",
        tuple(values.values()),
    ).fetchone()
    return int(row[0])


_BETTER_FOLDER = (
    "excluded.cwd != '' AND (cwd = '' OR (sessions.seen_by = 'transcript' AND sessions.transcript IS NULL"
    " AND excluded.transcript IS NOT NULL))"
)


def _session(connection: sqlite3.Connection, session_id: str, found: Found, facts: Facts) -> None:
    """What a transcript knows of its session. One that nobody has seen open is taken as ended: the keeper, which looks
    at the processes, opens it again."""
    main = not found.agent_id
    connection.execute(
        "INSERT INTO sessions (id, agent, cwd, project, title, status, client_version, transcript, opened_at,"  # noqa: S608
        " last_activity_at, ended_at, seen_by) VALUES (:id, :agent, :cwd, :project, :title, 'ended', :version,"
        " :transcript, :first, :last, coalesce(:last, :mtime), 'transcript')"
        " ON CONFLICT (id) DO UPDATE SET"
        # (A subagent may work elsewhere: what its file told gives way to the main thread's, whichever comes first.)
        f" cwd = CASE WHEN {_BETTER_FOLDER} THEN excluded.cwd ELSE cwd END,"
        f" project = CASE WHEN {_BETTER_FOLDER} THEN excluded.project ELSE project END,"
        " title = CASE excluded.title WHEN '' THEN title ELSE excluded.title END,"
        " client_version = CASE client_version WHEN '' THEN excluded.client_version ELSE client_version END,"
        " transcript = coalesce(excluded.transcript, transcript),"
        " opened_at = min(coalesce(opened_at, excluded.opened_at), coalesce(excluded.opened_at, opened_at)),"
        " last_activity_at = max(coalesce(last_activity_at, excluded.last_activity_at),"
        "                        coalesce(excluded.last_activity_at, last_activity_at)),"
        # (An end that a transcript told moves on with it; one that the keeper saw stays.)
        " ended_at = CASE WHEN ended_at IS NOT NULL AND end_reason = '' THEN max(ended_at, excluded.ended_at)"
        "            ELSE ended_at END",
        {
            "id": session_id,
            "agent": found.agent,
            "cwd": facts.cwd,
            "project": PurePath(facts.cwd).name,
            "title": facts.title if main else "",
            "version": facts.client_version,
            "transcript": found.path if main else None,
            "first": facts.first_at,
            "last": facts.last_at,
            "mtime": found.mtime_ns / 1e9,
        },
    )


def _tells_turns(connection: sqlite3.Connection, session_id: str, source: int, read: FileRead) -> bool:
    """Whether this file's turns are the session's: of several copies of one transcript the longest one's are."""
    better = connection.execute(
        "SELECT 1 FROM sources WHERE session_id = :session AND agent_id = '' AND id != :source"
        " AND (lines > :lines OR (lines = :lines AND path < :path))",
        {"session": session_id, "source": source, "lines": read.facts.lines, "path": read.found.path},
    ).fetchone()
    return better is None


def _requests(
    connection: sqlite3.Connection, session_id: str, source: int, path: str, requests: Sequence[RequestRow]
) -> None:
    known = _known(connection, [request.message_id for request in requests])
    mine: list[tuple[object, ...]] = []
    seen_by_gateway: list[tuple[object, ...]] = []
    copies: list[tuple[object, ...]] = []
    for request in requests:
        before = known.get(request.message_id)
        if before is None:
            mine.append((session_id, source, *request[:-1]))
            continue
        evidence, at_home, owner, owner_path, owner_session, owner_turn = before
        kept_elsewhere = owner not in (None, source)
        if evidence == "gateway" and at_home != session_id:
            keeps = False
        elif evidence == "gateway" and owner_session != at_home:
            keeps = True
        else:
            keeps = not kept_elsewhere or path < (owner_path or "")
        if not keeps:
            copies.append((request.message_id, source, session_id, request.turn))
            continue
        if kept_elsewhere:
            copies.append((request.message_id, owner, owner_session, owner_turn))
        if evidence == "gateway":
            seen_by_gateway.append((source, request.turn, request.reasoning, request.message_id))
        else:
            mine.append((session_id, source, *request[:-1]))
    connection.executemany(_UPSERT, mine)
    connection.executemany(
        "UPDATE requests SET source = ?, turn = ?, reasoning = ? WHERE message_id = ?", seen_by_gateway
    )
    connection.executemany("INSERT OR REPLACE INTO request_copies VALUES (?, ?, ?, ?)", copies)
    if known:
        kept = [row[2] for row in mine] + [row[-1] for row in seen_by_gateway]
        connection.executemany(
            "DELETE FROM request_copies WHERE message_id = ? AND source = ?", [(name, source) for name in kept]
        )


_UPSERT = """
INSERT INTO requests (session_id, source, evidence, message_id, turn, agent_id, model, started_at, ended_at, input,
    output, cache_read, cache_write_5m, cache_write_1h, reasoning)
VALUES (?1, ?2, 'transcript', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
ON CONFLICT (message_id) DO UPDATE SET session_id = excluded.session_id, source = excluded.source,
    turn = excluded.turn, agent_id = excluded.agent_id, model = excluded.model, started_at = excluded.started_at,
    ended_at = excluded.ended_at, input = excluded.input, output = excluded.output,
    cache_read = excluded.cache_read, cache_write_5m = excluded.cache_write_5m,
    cache_write_1h = excluded.cache_write_1h, reasoning = excluded.reasoning
"""


def _known(
    connection: sqlite3.Connection, message_ids: Iterable[str]
) -> dict[str, tuple[str, str, int | None, str | None, str | None, int | None]]:
    """What the store has of these requests: evidence, session; the file that keeps it, its path and session; turn."""
    rows = connection.execute(
        "SELECT r.message_id, r.evidence, r.session_id, r.source, s.path, s.session_id, r.turn"
        " FROM json_each(?) j CROSS JOIN requests r ON r.message_id = j.value LEFT JOIN sources s ON s.id = r.source",
        (json.dumps(list(message_ids)),),
    )
    return {row[0]: row[1:] for row in rows}


def _let_go(connection: sqlite3.Connection, source: int, said: set[str]) -> None:
    """The file was written anew and says less: what it alone said is gone, what another file says too is that one's."""
    for table in ("requests", "request_copies"):
        held = {row[0] for row in connection.execute(f"SELECT message_id FROM {table} WHERE source = ?", (source,))}  # noqa: S608
        gone = [(message_id,) for message_id in held - said]
        if table == "request_copies":
            connection.executemany(f"DELETE FROM request_copies WHERE message_id = ? AND source = {source}", gone)  # noqa: S608
            continue
        for (message_id,) in gone:
            _pass_on(connection, message_id)


def _pass_on(connection: sqlite3.Connection, message_id: str) -> None:
    # What the gateway saw stays in its session, so that only another copy of that session's file can keep it.
    heir = connection.execute(
        "SELECT c.source, c.session_id, c.turn FROM request_copies c JOIN sources s ON s.id = c.source"
        " JOIN requests r USING (message_id) WHERE c.message_id = ?"
        " AND (r.evidence != 'gateway' OR r.session_id = c.session_id) ORDER BY s.path LIMIT 1",
        (message_id,),
    ).fetchone()
    if heir is None:
        connection.execute("DELETE FROM requests WHERE message_id = ? AND evidence != 'gateway'", (message_id,))
        connection.execute("UPDATE requests SET source = NULL, turn = NULL WHERE message_id = ?", (message_id,))
        return
    connection.execute(
        "UPDATE requests SET source = ?, session_id = ?, turn = ? WHERE message_id = ?", (*heir, message_id)
    )
    connection.execute("DELETE FROM request_copies WHERE message_id = ? AND source = ?", (message_id, heir[0]))


def _last_activity(connection: sqlite3.Connection, session_id: str, requests: Sequence[RequestRow]) -> None:
    """The session's model and context are those of its last request."""
    last = max(
        (one for one in requests if not one.agent_id and one.model), key=lambda one: one.started_at, default=None
    )
    if last is None:
        return
    connection.execute(
        "UPDATE sessions SET model = ?, context_tokens = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM requests"
        " WHERE session_id = ? AND agent_id = '' AND started_at > ?)",
        (
            last.model,
            last.input + last.cache_read + last.cache_write_5m + last.cache_write_1h,
            session_id,
            session_id,
            last.started_at,
        ),
    )
