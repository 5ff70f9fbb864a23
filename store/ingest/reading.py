"""Reads one transcript as a whole, into rows that cost little to hand to another process.

A file that changed is read again from its start, not from where reading ended: what a later line means depends on
earlier ones (whose call failed, which request goes on), and a whole file takes milliseconds. What was read when is
still told by size, time and offset, so an unchanged file is never opened.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from store.ingest.lines import whole_lines
from store.transcripts.clients import Found
from store.transcripts.reading import Facts, Reading
from store.transcripts.registry import client
from store.transcripts.turns import Changes, Request, Turn
from store.words import SEPARATOR, TTLClass, WaitingFor

_CHUNK_BYTES = 256 << 10
_MOST_TOKENS = 10**12
"""Larger figures are damage; sums of these still fit the database's integers."""


class TurnRow(NamedTuple):
    """A turn as its table has it; several paths or commands are joined."""

    n: int
    started_at: float | None
    ended_at: float | None
    prompt: str
    answer: str
    model: str
    paths: str
    path_kinds: str
    failed: str
    exit_codes: str
    prompt_id: str | None
    background: int
    compactions: int
    resumed: int = 0


class RequestRow(NamedTuple):
    """A request as its table has it."""

    message_id: str
    turn: int | None
    agent_id: str
    model: str
    started_at: float
    ended_at: float | None
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    reasoning: int
    ttl_class: TTLClass | None


@dataclass(slots=True)
class FileRead:
    """One transcript: the facts of the file, its turns and requests in its own order."""

    found: Found
    facts: Facts = field(default_factory=Facts)
    offset: int = 0
    """Bytes up to the end of the last whole line."""
    turns: list[TurnRow] = field(default_factory=list)
    requests: list[RequestRow] = field(default_factory=list)
    error: str = ""
    """Why it could not be read, as one line for a person."""
    waiting_for: WaitingFor | None = None
    """What its session waited for at its end, as far as a transcript can tell; None: it worked."""


def read(found: Found) -> FileRead:
    """Read one transcript. Whatever is wrong with it is in the result."""
    known = client(found.agent)
    reading = Reading(known)
    result = FileRead(found)
    try:
        if known.lines is not None:
            reading.feed(known.lines(found))
            result.offset = found.size
        else:
            with _open(found.path) as file:
                for lines, end in whole_lines(file, _CHUNK_BYTES):
                    reading.feed(lines)
                    result.offset = end
    except (OSError, sqlite3.Error) as error:
        return FileRead(found, error=getattr(error, "strerror", None) or str(error))
    except Exception as error:  # a mistake of ours in one reader must not cost the other files
        return FileRead(found, error=f"its reader failed ({type(error).__name__})")  # its words may quote what it read
    result.facts = reading.facts
    result.turns, result.requests = rows(reading.take_changes(), found, result.facts)
    result.waiting_for = reading.builder.waiting_for
    return result


def rows(changes: Changes, found: Found, facts: Facts) -> tuple[list[TurnRow], list[RequestRow]]:
    """What a reading gave, as rows. A subagent's file has requests alone: its turns are the main thread's."""
    models = {request.message_id: request.model or "" for request in changes.requests}
    subagent = bool(found.agent_id)
    undated = facts.first_at if facts.first_at is not None else found.mtime_ns / 1e9
    return (
        [] if subagent else [_turn_row(turn, models) for turn in changes.turns],
        [_request_row(request, found.agent_id, undated) for request in changes.requests],
    )


def _turn_row(turn: Turn, models: dict[str, str]) -> TurnRow:
    return TurnRow(
        turn.n,
        turn.started_at,
        turn.ended_at,
        turn.prompt,
        turn.answer,
        next((models[i] for i in reversed(turn.message_ids) if models.get(i)), ""),
        SEPARATOR.join(file.path.replace(SEPARATOR, " ") for file in turn.files_changed),
        "".join(file.kind for file in turn.files_changed),
        SEPARATOR.join(failed.command.replace(SEPARATOR, " ") for failed in turn.failed_commands),
        " ".join(str(failed.exit_code) for failed in turn.failed_commands),
        turn.prompt_id,
        turn.background,
        turn.compactions,
        turn.resumed,
    )


def _request_row(request: Request, agent_id: str, undated: float) -> RequestRow:
    usage = request.usage
    started = request.asked_at if request.asked_at is not None else request.first_at
    return RequestRow(
        message_id=request.message_id,
        turn=None if agent_id else request.turn,
        agent_id=agent_id or request.agent_id or ("sidechain" if request.sidechain else ""),
        model=request.model or "",
        started_at=undated if started is None else started,
        ended_at=request.last_at,
        input=_figure(usage.input),
        output=_figure(usage.output),
        cache_read=_figure(usage.cache_read),
        cache_write_5m=_figure(usage.cache_write_5m),
        cache_write_1h=_figure(usage.cache_write_1h),
        reasoning=_figure(usage.reasoning),
        ttl_class=request.written if request.written in ("5m", "1h") else None,
    )


def _figure(tokens: int) -> int:
    return min(max(0, tokens), _MOST_TOKENS)


def _open(path: str) -> BinaryIO:
    """Open a regular file; a pipe of that name must not hold up everything else."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb", buffering=0)
