"""Deletes sessions for good: their text leaves the file, and nothing of them comes back with the next import.

Money is not undone by forgetting: pings stay, with the idle periods that judge them, under one session without a name
or a place. So the day's cap holds, the ledger adds up, and what has lost money is not tried again. A request that the
transcript of another session holds too (a fork begins with a copy of its parent's) becomes that session's.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from store import budgets, tombstones
from store.database import StoreError, immediate
from store.forget_models import Doomed, Gone
from store.row import fetch_all
from store.session_filter import EVERY_SESSION, SessionFilter
from store.sessions import FORGOTTEN, NAMED, NAMELESS


class CannotForget(StoreError):
    """A session that must not be forgotten now; the message is one line for a person."""


def chosen(
    connection: sqlite3.Connection, *, before: float | None = None, among: SessionFilter = EVERY_SESSION
) -> list[str]:
    """Sessions whose last activity lies before a time, of a project; oldest first."""
    condition, values = among.condition()
    where = [NAMED, *([condition] if condition else ())]
    if before is not None:
        where.append("coalesce(last_activity_at, opened_at, ended_at) < :before")
    rows = connection.execute(
        f"SELECT id FROM sessions WHERE {' AND '.join(where)}"  # noqa: S608
        " ORDER BY coalesce(last_activity_at, opened_at, ended_at), id",
        {**values, "before": before},
    )
    return [str(row[0]) for row in rows]


def look(connection: sqlite3.Connection, session_ids: Sequence[str]) -> list[Doomed]:
    """What there is of these sessions, in their order."""
    found = {one.id: one for one in fetch_all(Doomed, connection.execute(_LOOK, (json.dumps(session_ids),)))}
    return [found[one] for one in session_ids if one in found]


_LOOK = """
SELECT s.id, s.agent, s.project, s.title, s.last_activity_at, s.ended_at IS NULL AS open,
    (SELECT count(*) FROM turns t WHERE t.session_id = s.id) AS turns,
    (SELECT count(*) FROM requests r WHERE r.session_id = s.id) AS requests,
    (SELECT count(*) FROM pings g WHERE g.session_id = s.id) AS pings
FROM sessions s WHERE s.id IN (SELECT value FROM json_each(?))
"""


def copied_in(connection: sqlite3.Connection, session_ids: Sequence[str]) -> list[str]:
    """Other sessions that hold copies of turns of these: forks, which keep them."""
    rows = connection.execute(_COPIED, {"ids": json.dumps(session_ids)})
    return [str(row[0]) for row in rows]


_COPIED = """
SELECT DISTINCT t.session_id FROM turns o JOIN turns t ON t.prompt_id = o.prompt_id
WHERE o.prompt_id IS NOT NULL AND o.session_id IN (SELECT value FROM json_each(:ids))
    AND t.session_id NOT IN (SELECT value FROM json_each(:ids)) ORDER BY 1
"""


def transcripts(connection: sqlite3.Connection, session_ids: Sequence[str]) -> list[str]:
    """The clients' own files (or `database#session`) that these sessions were read from."""
    rows = connection.execute(
        "SELECT path FROM sources WHERE session_id IN (SELECT value FROM json_each(?)) ORDER BY path",
        (json.dumps(session_ids),),
    )
    return [str(row[0]) for row in rows]


def delete(connection: sqlite3.Connection, session_ids: Sequence[str], now: float, *, open_too: bool = False) -> Gone:
    """Delete these sessions, all or none. What was deleted before may still lie in the file: `sweep` it afterwards.

    `open_too`: also those that the store has as open; only right while no keeper runs, which would go on with them.

    Raises:
        CannotForget: one of them is open, or a ping of it is on its way.
    """
    connection.execute("PRAGMA secure_delete = ON")
    with immediate(connection):
        found = look(connection, session_ids)
        _refuse(connection, found, open_too=open_too)
        given = {"ids": json.dumps([one.id for one in found])}
        passed_on = _pass_on(connection, given)
        counts = {table: connection.execute(_DELETE.format(table), given).rowcount for table in _TOLD}
        for one in found:
            budgets.forget(connection, one.id)
        _keep_money(connection, given)
        _keep_away(connection, [one.id for one in found], given, now)
        launches = connection.execute(f"SELECT launch_id FROM sessions WHERE id IN {_IDS}", given).fetchall()  # noqa: S608
        connection.execute(f"DELETE FROM sessions WHERE id IN {_IDS}", given)  # noqa: S608
        connection.executemany(_LAUNCH, launches)
    return Gone(
        sessions=tuple(one.id for one in found),
        turns=counts["turns"],
        requests=counts["requests"],
        passed_on=passed_on,
        pings=sum(one.pings for one in found),
    )


def sweep(connection: sqlite3.Connection) -> str:
    """Write the whole file anew, so that nothing that was ever deleted is left in it or in its log; returns why that
    could not be done, or ''.

    Whoever does not delete thoroughly (everybody else: it costs) leaves old bytes in free pages; the search index keeps
    words of deleted turns until its parts are merged.
    """
    try:
        connection.execute("INSERT INTO turns_fts (turns_fts) VALUES ('optimize')")
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        return str(error)
    return "somebody reads it" if busy else ""


_IDS = "(SELECT value FROM json_each(:ids))"
_FILES = f"(SELECT id FROM sources WHERE session_id IN {_IDS})"  # noqa: S608
_DELETE = f"DELETE FROM {{}} WHERE session_id IN {_IDS}"  # noqa: S608
_TOLD = ("turns", "requests", "breaks", "client_reports", "intents")
_LAUNCH = """
DELETE FROM launches WHERE id = ? AND ended_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE launch_id = launches.id)
"""


def _refuse(connection: sqlite3.Connection, found: Sequence[Doomed], *, open_too: bool) -> None:
    for one in found:
        if one.id == NAMELESS:
            raise CannotForget(f"{NAMELESS!r} holds what pings of forgotten sessions cost; it names nobody")
        if one.open and not open_too:
            raise CannotForget(f"session {one.id} is open: end it first")
        if connection.execute("SELECT 1 FROM pings WHERE session_id = ? AND outcome = ''", (one.id,)).fetchone():
            raise CannotForget(f"a ping of session {one.id} is on its way: try again in a minute")


def _pass_on(connection: sqlite3.Connection, given: dict[str, str]) -> int:
    """Requests that another session's file holds become that session's, of several the first one's by path. Returns how
    many went over."""
    connection.execute(f"DELETE FROM request_copies WHERE source IN {_FILES}", given)  # noqa: S608
    heirs = connection.execute(_HEIRS, given).fetchall()
    connection.executemany(
        "UPDATE requests SET source = ?2, session_id = ?3, turn = ?4,"
        " lineage_id = CASE session_id WHEN ?3 THEN lineage_id END WHERE message_id = ?1",
        [row[:4] for row in heirs],
    )
    connection.executemany("DELETE FROM request_copies WHERE message_id = ? AND source = ?", [row[:2] for row in heirs])
    return sum(row[4] != row[2] for row in heirs)


# What the gateway saw of a session that stays is that session's, whoever else's file was the one to keep it.
_HEIRS = f"""
SELECT message_id, source, session_id, turn, before FROM (
    SELECT c.message_id, c.source, c.session_id, c.turn, r.session_id AS before,
        row_number() OVER (PARTITION BY c.message_id ORDER BY s.path) AS place
    FROM requests r JOIN request_copies c USING (message_id) JOIN sources s ON s.id = c.source
    WHERE r.session_id IN {_IDS}
        OR (r.source IN {_FILES} AND (r.evidence != 'gateway' OR r.session_id = c.session_id)))
WHERE place = 1
"""  # noqa: S608


def _keep_money(connection: sqlite3.Connection, given: dict[str, str]) -> None:
    """Pings, the idle periods that they were for and those periods' lineages stay, without a name."""
    periods = f"(SELECT id FROM idle_periods WHERE session_id IN {_IDS})"  # noqa: S608
    connection.execute(f"DELETE FROM assignments WHERE idle_id IN {periods}", given)  # noqa: S608
    if connection.execute(f"SELECT 1 FROM pings WHERE session_id IN {_IDS}", given).fetchone():  # noqa: S608
        connection.execute(
            "INSERT INTO sessions (id, agent, project, title, status, ended_at) VALUES (?, ?, ?, ?, ?, 0)"
            " ON CONFLICT DO UPDATE SET agent = excluded.agent, project = excluded.project",
            (NAMELESS, FORGOTTEN, FORGOTTEN, "pings of forgotten sessions", "ended"),
        )
    for statement in _MONEY:
        connection.execute(statement, given)


_MONEY = tuple(
    statement.format(ids=_IDS, nameless=NAMELESS)
    for statement in (
        "UPDATE pings SET session_id = '{nameless}' WHERE session_id IN {ids}",
        "UPDATE idle_periods SET session_id = '{nameless}' WHERE session_id IN {ids}"
        " AND id IN (SELECT idle_id FROM pings)",
        "DELETE FROM idle_periods WHERE session_id IN {ids}",
        "UPDATE lineages SET session_id = '{nameless}', replaced = 'cleared', held = 0, next_ping_at = NULL, why = '',"
        " why_args = '{{}}', stop = '', stop_args = '{{}}' WHERE session_id IN {ids}"
        " AND (id IN (SELECT lineage_id FROM pings) OR id IN (SELECT lineage_id FROM idle_periods))",
        "UPDATE requests SET lineage_id = NULL WHERE lineage_id IN (SELECT id FROM lineages WHERE session_id IN {ids})",
        "DELETE FROM lineages WHERE session_id IN {ids}",
    )
)


def _keep_away(connection: sqlite3.Connection, ids: Sequence[str], given: dict[str, str], now: float) -> None:
    files = connection.execute(f"SELECT path, size, mtime_ns FROM sources WHERE id IN {_FILES}", given).fetchall()  # noqa: S608
    tombstones.put(connection, ids, now)
    tombstones.note_unkept(connection, files, tombstones.FORGOTTEN)
    connection.execute(f"UPDATE requests SET source = NULL, turn = NULL WHERE source IN {_FILES}", given)  # noqa: S608
    connection.execute(_DELETE.format("sources"), given)
