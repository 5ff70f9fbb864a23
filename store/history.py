"""Reads over all sessions ever stored, for a list that shows a window of them. Reads only; any connection will do.

A list of ten thousand sessions needs to know their order and days at once, and everything else about a screenful: so
`places` gives ids and times alone, and `lines` what a row says of the few that can be seen.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from store.database import snapshot
from store.row import Row
from store.search import EVERYTHING, Filters
from store.sessions import NAMED

PROMPT_CHARACTERS = 400
"""So much of a first prompt is read: a row shows less."""


class Place(NamedTuple):
    """A session in the list's order."""

    session: str
    at: float | None
    """When it last did something, as far as anybody knows."""


class SessionLine(Row, frozen=True, kw_only=True):
    """What a row says of a session."""

    id: str
    agent: str
    project: str
    title: str
    first_prompt: str
    model: str | None
    turns: int
    usd: float | None
    """None when a model without a known price took part."""


class Overview(Row, frozen=True, kw_only=True):
    """How much is stored, and the names that filters may use, the most used first."""

    sessions: int = 0
    turns: int = 0
    projects: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


def overview(connection: sqlite3.Connection) -> Overview:
    """All of the store in a few numbers and names."""
    with snapshot(connection):
        return Overview(
            sessions=_number(connection, f"SELECT count(*) FROM sessions WHERE {NAMED}"),  # noqa: S608
            turns=_number(connection, "SELECT count(*) FROM turns"),
            projects=_names(connection, "project"),
            agents=_names(connection, "agent"),
        )


def places(connection: sqlite3.Connection, filters: Filters = EVERYTHING) -> tuple[Place, ...]:
    """Sessions newest first. A time filter keeps those that were going on at some moment of it."""
    condition, names = filters.sessions.condition()
    conditions, values = [NAMED, *([condition] if condition else ())], dict[str, str | float](names)
    if filters.since is not None:
        conditions.append("coalesce(last_activity_at, opened_at) >= :since")
        values["since"] = filters.since
    if filters.until is not None:
        conditions.append("coalesce(opened_at, last_activity_at) < :until")
        values["until"] = filters.until
    rows = connection.execute(
        "SELECT id, coalesce(last_activity_at, opened_at) FROM sessions"  # noqa: S608
        f" WHERE {' AND '.join(conditions)} ORDER BY coalesce(last_activity_at, opened_at) DESC, id",
        values,
    )
    return tuple(map(Place._make, rows))


def lines(connection: sqlite3.Connection, ids: Sequence[str]) -> tuple[SessionLine, ...]:
    """What rows say of these sessions, in any order; one that was forgotten meanwhile is left out."""
    rows = connection.execute(_LINES, {"ids": json.dumps(ids), "characters": PROMPT_CHARACTERS})
    return tuple(SessionLine(**dict(zip(SessionLine.__struct_fields__, row, strict=True))) for row in rows)


_LINES = """
SELECT s.id, s.agent, s.project, s.title,
       coalesce((SELECT substr(t.prompt, 1, :characters) FROM turns t WHERE t.session_id = s.id AND t.prompt <> ''
                 ORDER BY t.n LIMIT 1), ''),
       s.model,
       (SELECT count(*) FROM turns t WHERE t.session_id = s.id),
       (SELECT CASE WHEN count(*) = count(m.usd) THEN coalesce(sum(m.usd), 0.0) END
        FROM request_money m WHERE m.session_id = s.id)
FROM sessions s WHERE s.id IN (SELECT value FROM json_each(:ids))
"""


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _names(connection: sqlite3.Connection, column: str) -> tuple[str, ...]:
    rows = connection.execute(
        f"SELECT {column} FROM sessions WHERE {column} <> '' AND {NAMED} GROUP BY 1 ORDER BY count(*) DESC, 1"  # noqa: S608
    )
    return tuple(row[0] for row in rows)
