"""Transcripts as they are after reading, made up by hand: no file, no reader."""

from __future__ import annotations

from collections.abc import Sequence

from store.ingest.reading import FileRead, RequestRow, TurnRow
from store.models import TTLClass
from store.transcripts.clients import Found
from store.transcripts.reading import Facts
from tests.store.made_up import NOW, OPUS


def found(path: str = "/t/s1.jsonl", session_id: str = "s1", *, agent_id: str = "", at: float = NOW) -> Found:
    """A transcript of Claude Code that was written last at `at`."""
    return Found("claude", path, session_id, agent_id, 1_000, int(at * 1e9))


def request(
    message_id: str,
    at: float = NOW,
    *,
    turn: int | None = 1,
    output: int = 10,
    read: int = 1_000,
    write: int = 100,
    model: str = OPUS,
    ttl: TTLClass | None = "5m",
    agent_id: str = "",
    reasoning: int = 0,
) -> RequestRow:
    """A request that read and wrote some of its prefix; `write` counts in the five-minute class."""
    return RequestRow(message_id, turn, agent_id, model, at, at + 1, 5, output, read, write, 0, reasoning, ttl)


def turn(
    n: int = 1, prompt: str = "mend the pier", answer: str = "", at: float = NOW, paths: Sequence[str] = ()
) -> TurnRow:
    """A turn of one minute that modified some files."""
    return TurnRow(
        n, at, at + 60, prompt, answer, OPUS, "\x1e".join(paths), "M" * len(paths), "", "", f"p{n}", 0, 0
    )  # fmt: skip


def file_read(
    of: Found | None = None,
    *,
    turns: Sequence[TurnRow] = (),
    requests: Sequence[RequestRow] = (),
    lines: int = 10,
    first_at: float | None = NOW,
    last_at: float | None = NOW + 60,
    title: str = "",
    compacted_at: Sequence[float | None] = (),
    malformed: int = 0,
    session_id: str = "",
) -> FileRead:
    """A transcript that was read; `session_id` is the one that its records name."""
    facts = Facts(
        session_id=session_id,
        cwd="/home/x/harbour",
        title=title,
        client_version="2.1.150",
        lines=lines,
        malformed=malformed,
        first_at=first_at,
        last_at=last_at,
        last_write="5m" if requests else None,
        compacted_at=list(compacted_at),
        prompts=len(turns),
    )
    return FileRead(of or found(), facts, 1_000, list(turns), list(requests))


def unreadable(of: Found | None = None, why: str = "Permission denied") -> FileRead:
    """A transcript that could not be read."""
    return FileRead(of or found(), error=why)
