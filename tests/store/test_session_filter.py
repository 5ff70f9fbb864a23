"""A project is a name or a folder and all below it; an agent is a name."""

from __future__ import annotations

import sqlite3

import pytest

from store.session_filter import EVERY_SESSION, SessionFilter
from tests.store.made_up import add_session


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (EVERY_SESSION, {"a", "b", "c", "d"}),
        (SessionFilter(project="harbour"), {"a", "d"}),
        (SessionFilter(project="HARBOUR"), {"a", "d"}),
        (SessionFilter(project="/src/harbour"), {"a", "b"}),
        (SessionFilter(project="/src/harbour/"), {"a", "b"}),
        (SessionFilter(project="/"), {"a", "b", "c", "d"}),
        (SessionFilter(agent="Codex"), {"c", "d"}),
        (SessionFilter(project="harbour", agent="codex"), {"d"}),
        (SessionFilter(project="%"), set()),
        (SessionFilter(project=""), set()),
    ],
)
def test_which_sessions_count(db: sqlite3.Connection, chosen: SessionFilter, found: set[str]) -> None:
    add_session(db, "a", cwd="/src/harbour")
    add_session(db, "b", cwd="/src/harbour/pier")
    add_session(db, "c", cwd="/src/harbour2", agent="codex")
    add_session(db, "d", cwd="/old/Harbour", agent="codex")
    condition, values = chosen.condition()
    rows = db.execute(f"SELECT id FROM sessions WHERE {condition or '1'}", values)  # noqa: S608
    assert {row[0] for row in rows} == found
