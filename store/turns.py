"""Turns and their memory: what was asked, what it changed, what failed, what was said at the end."""

from __future__ import annotations

import json
import sqlite3

from store import prices
from store.models import FailedCommand, FileChange, Row, TurnView, Usage
from store.rows import fetch_all
from store.transcripts.turns import Changes
from store.turn_memory import ChangedFile, TurnMemory, render_memory
from store.turn_memory import FailedCommand as Failed


def save(connection: sqlite3.Connection, session_id: str, changes: Changes) -> None:
    """Store turns by their number; a turn that is still going on is written again as it grows."""
    models = {request.message_id: request.model or "" for request in changes.requests}
    connection.executemany(
        "INSERT INTO turns (session_id, n, started_at, ended_at, prompt, answer, files, commands, requests, model,"
        " input, output, cache_read, cache_write_5m, cache_write_1h)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (session_id, n) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at,"
        " prompt = excluded.prompt, answer = excluded.answer, files = excluded.files, commands = excluded.commands,"
        " requests = excluded.requests, model = coalesce(nullif(excluded.model, ''), model), input = excluded.input,"
        " output = excluded.output, cache_read = excluded.cache_read, cache_write_5m = excluded.cache_write_5m,"
        " cache_write_1h = excluded.cache_write_1h",
        [
            (
                session_id,
                turn.n,
                turn.started_at,
                turn.ended_at,
                turn.prompt,
                turn.answer,
                json.dumps(turn.files_changed, ensure_ascii=False),
                json.dumps(turn.failed_commands, ensure_ascii=False),
                len(turn.message_ids),
                next((models[i] for i in reversed(turn.message_ids) if models.get(i)), ""),
                turn.usage.input,
                turn.usage.output,
                turn.usage.cache_read,
                turn.usage.cache_write_5m,
                turn.usage.cache_write_1h,
            )
            for turn in changes.turns
        ],
    )


class _TurnRow(Row):
    n: int
    started_at: float | None
    ended_at: float | None
    prompt: str
    answer: str
    files: str
    commands: str
    requests: int
    model: str
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int


def read(connection: sqlite3.Connection, session_id: str, last: int | None = None) -> tuple[TurnView, ...]:
    """A session's turns in order, all or the last few."""
    rows = fetch_all(
        _TurnRow,
        connection.execute(
            f"SELECT {', '.join(_TurnRow.model_fields)} FROM turns WHERE session_id = ? ORDER BY n DESC LIMIT ?",  # noqa: S608
            (session_id, -1 if last is None else last),
        ),
    )
    return tuple(_view(connection, row) for row in reversed(rows))


def _view(connection: sqlite3.Connection, row: _TurnRow) -> TurnView:
    usage = Usage(
        input=row.input,
        output=row.output,
        cache_read=row.cache_read,
        cache_write_5m=row.cache_write_5m,
        cache_write_1h=row.cache_write_1h,
    )
    changed = [ChangedFile(*entry) for entry in json.loads(row.files)]
    failed = [Failed(*entry) for entry in json.loads(row.commands)]
    # A turn's sum has no single prompt size, so the lowest tier prices it; sessions are priced request by request.
    price = prices.at(connection, row.model, row.started_at, 0) if row.model and row.started_at else None
    return TurnView(
        n=row.n,
        started_at=row.started_at,
        ended_at=row.ended_at,
        prompt=row.prompt,
        answer=row.answer,
        files_changed=tuple(FileChange(path=file.path, kind=file.kind) for file in changed),
        failed_commands=tuple(FailedCommand(command=entry.command, exit_code=entry.exit_code) for entry in failed),
        requests=row.requests,
        usage=usage,
        usd=None if price is None else prices.usd(price, usage),
        memory=render_memory(TurnMemory(tuple(changed), tuple(dict.fromkeys(failed)))),
    )
