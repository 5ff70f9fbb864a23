"""Turns as an import leaves them, written in one call."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from store import turns
from store.database import immediate
from store.ingest.reading import TurnRow
from store.words import SEPARATOR
from tests.store.made_up import NOW


def add_turn(
    db: sqlite3.Connection,
    n: int = 1,
    session_id: str = "s1",
    *,
    prompt: str = "",
    answer: str = "",
    files: Sequence[tuple[str, str]] = (),
    failed: Sequence[tuple[str, int]] = (),
    at: float | None = NOW,
    prompt_id: str | None = None,
) -> None:
    """One turn; `files` are (path, kind), `failed` are (command, exit code)."""
    row = TurnRow(
        n=n,
        started_at=at,
        ended_at=at,
        prompt=prompt,
        answer=answer,
        model="",
        paths=SEPARATOR.join(path for path, _ in files),
        path_kinds="".join(kind for _, kind in files),
        failed=SEPARATOR.join(command for command, _ in failed),
        exit_codes=" ".join(str(code) for _, code in failed),
        prompt_id=prompt_id,
        background=0,
        compactions=0,
    )
    with immediate(db):
        turns.save(db, session_id, [row])
