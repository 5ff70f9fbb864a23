"""Turns and their memory: what was asked, what it changed, what failed, what was said at the end.

What a turn cost is not stored with it: it is the sum of its requests, each of which counts once per store.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from store import turn_cache
from store.models import CacheEvent, FailedCommand, FileChange, TurnView, Usage
from store.row import Row, fetch_all
from store.turn_memory import ChangedFile, ChangeKind, TurnMemory, render_memory
from store.turn_memory import FailedCommand as Failed
from store.words import SEPARATOR

if TYPE_CHECKING:
    from store.ingest.reading import TurnRow


_ASLEEP = "search.asleep"
"""Setting while the insert trigger of the search index sleeps; never committed."""


class Bulk:
    """Turns of many new sessions in one transaction, indexed for the search by one statement at its end.

    Each statement that writes to the index costs a segment of it, so this is several times as fast as the trigger.
    What is rolled back takes the sleeping trigger along.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Within the caller's transaction."""
        self._connection = connection
        self._sessions: list[str] = []

    def __enter__(self) -> Bulk:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._index()

    def save(self, session_id: str, rows: Sequence[TurnRow]) -> None:
        """As the function `save`."""
        if session_id in self._sessions:
            self._index()  # from here on the triggers must find what they replace
        if self._connection.execute("SELECT 1 FROM turns WHERE session_id = ? LIMIT 1", (session_id,)).fetchone():
            save(self._connection, session_id, rows)
            return
        self._connection.execute("INSERT INTO settings (key, value) VALUES (?, '1')", (_ASLEEP,))
        save(self._connection, session_id, rows)
        self._connection.execute("DELETE FROM settings WHERE key = ?", (_ASLEEP,))
        self._sessions.append(session_id)

    def _index(self) -> None:
        if self._sessions:
            self._connection.execute(
                "INSERT INTO turns_fts (rowid, prompt, answer, paths, failed) SELECT id, prompt, answer, paths, failed"
                " FROM turns WHERE session_id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(self._sessions),),
            )
            self._sessions.clear()


def save(connection: sqlite3.Connection, session_id: str, rows: Sequence[TurnRow]) -> None:
    """Store turns by their number; a turn that is still going on is written again as it grows."""
    connection.executemany(_SAVE, [(session_id, *row) for row in rows])


_SAVE = """
INSERT INTO turns (session_id, n, started_at, ended_at, prompt, answer, model, paths, path_kinds, failed, exit_codes,
    prompt_id, background, compactions, resumed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session_id, n) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at,
    prompt = excluded.prompt, answer = excluded.answer, model = coalesce(nullif(excluded.model, ''), model),
    paths = excluded.paths, path_kinds = excluded.path_kinds, failed = excluded.failed,
    exit_codes = excluded.exit_codes, prompt_id = excluded.prompt_id, background = excluded.background,
    compactions = excluded.compactions, resumed = excluded.resumed
"""


def keep_only(connection: sqlite3.Connection, session_id: str, numbers: Sequence[int]) -> None:
    """Remove a session's turns of other numbers: its transcript was written anew and has them no longer."""
    connection.execute(
        "DELETE FROM turns WHERE session_id = ? AND n NOT IN (SELECT value FROM json_each(?))",
        (session_id, json.dumps(numbers)),
    )


def requests_of_last(connection: sqlite3.Connection, session_id: str) -> int:
    """How many requests of the main thread the session's last turn has."""
    row = connection.execute(
        "SELECT count(*) FROM requests WHERE session_id = :id AND agent_id = ''"
        " AND turn = (SELECT max(n) FROM turns WHERE session_id = :id)",
        {"id": session_id},
    ).fetchone()
    return int(row[0])


class _TurnRow(Row, frozen=True, kw_only=True):
    n: int
    started_at: float | None
    ended_at: float | None
    prompt: str
    answer: str
    paths: str
    path_kinds: str
    failed: str
    exit_codes: str


class _Cost(NamedTuple):
    usage: Usage
    requests: int
    usd: float | None


_NOTHING = _Cost(Usage(), 0, 0.0)


def read(connection: sqlite3.Connection, session_id: str, last: int | None = None) -> tuple[TurnView, ...]:
    """A session's turns in order, all or the last few."""
    rows = fetch_all(
        _TurnRow,
        connection.execute(
            f"SELECT {', '.join(_TurnRow.__struct_fields__)} FROM turns WHERE session_id = ? ORDER BY n DESC LIMIT ?",  # noqa: S608
            (session_id, -1 if last is None else last),
        ),
    )
    if not rows:
        return ()
    costs = _costs(connection, session_id, first=rows[-1])
    contexts = dict(connection.execute(_CONTEXTS, (session_id,)).fetchall())
    happened = turn_cache.read(connection, session_id)
    views = []
    before = max(((n, tokens) for n, tokens in contexts.items() if n < rows[-1].n), default=(0, None))[1]
    for row in reversed(rows):
        after = contexts.get(row.n, before)
        views.append(_view(row, costs.get(row.n, _NOTHING), (before, after), happened.get(row.n, (None, ()))))
        before = after
    return tuple(views)


_COSTS = """
SELECT coalesce(r.turn, (SELECT max(n) FROM turns t WHERE t.session_id = r.session_id AND t.started_at <= r.started_at))
           AS n,
       count(*), CASE WHEN count(*) = count(m.usd) THEN sum(m.usd) END,
       sum(r.input), sum(r.output), sum(r.cache_read), sum(r.cache_write_5m), sum(r.cache_write_1h), sum(r.reasoning)
FROM requests r JOIN request_money m ON m.id = r.id
WHERE r.session_id = :session AND (r.turn >= :first OR (r.turn IS NULL AND r.started_at >= :since)) GROUP BY 1
"""
"""A request that no transcript of the main thread names (a subagent's) belongs to the turn that ran at its time."""


_CONTEXTS = """
SELECT turn, tokens FROM (
    SELECT turn, input + cache_read + cache_write_5m + cache_write_1h AS tokens, max(started_at) FROM requests
    WHERE session_id = ? AND agent_id = '' AND turn IS NOT NULL GROUP BY turn)
"""
"""How long the conversation was at the last request of each turn (SQLite takes the row of the maximum)."""


def _costs(connection: sqlite3.Connection, session_id: str, first: _TurnRow) -> dict[int | None, _Cost]:
    since = -math.inf if first.started_at is None else first.started_at
    cursor = connection.execute(_COSTS, {"session": session_id, "first": first.n, "since": since})
    return {
        n: _Cost(Usage(**dict(zip(Usage.__struct_fields__, sums, strict=True))), requests, usd)
        for n, requests, usd, *sums in cursor
    }


def _view(
    row: _TurnRow,
    cost: _Cost,
    context: tuple[int | None, int | None],
    happened: tuple[CacheEvent | None, tuple[CacheEvent, ...]],
) -> TurnView:
    kinds = cast("Sequence[ChangeKind]", row.path_kinds)
    codes = [int(code) for code in row.exit_codes.split()]
    changed = [ChangedFile(*entry) for entry in zip(_split(row.paths, kinds), kinds, strict=True)]
    failed = [Failed(*entry) for entry in zip(_split(row.failed, codes), codes, strict=True)]
    return TurnView(
        n=row.n,
        started_at=row.started_at,
        ended_at=row.ended_at,
        prompt=row.prompt,
        answer=row.answer,
        files_changed=tuple(FileChange(path=file.path, kind=file.kind) for file in changed),
        failed_commands=tuple(FailedCommand(command=entry.command, exit_code=entry.exit_code) for entry in failed),
        requests=cost.requests,
        usage=cost.usage,
        usd=cost.usd,
        context_before=context[0],
        context_after=context[1],
        cache_event=happened[0],
        cache_events=happened[1],
        memory=render_memory(TurnMemory(tuple(changed), tuple(dict.fromkeys(failed)))),
    )


def _split(joined: str, others: Sequence[object]) -> list[str]:
    """The entries of a column; `others` has as many (one entry may be an empty text)."""
    return joined.split(SEPARATOR) if others else []
