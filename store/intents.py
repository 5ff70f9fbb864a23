"""Intents: "ping now" from a person, taken by the keeper within 250 ms and void after five seconds.

A request that nobody took in time must not fire later, when the person has forgotten it.
"""

from __future__ import annotations

import sqlite3

from store.database import immediate
from store.row import fetch_all, fetch_one
from store.rows import IntentRow

VOID_AFTER = 5.0
"""Seconds until an intent that nobody took is closed."""


def ask_ping(connection: sqlite3.Connection, session_id: str, now: float) -> int:
    """Ask for one ping of the session's main lineage; returns the intent's id."""
    cursor = connection.execute(
        "INSERT INTO intents (kind, session_id, created_at) VALUES ('ping', ?, ?)", (session_id, now)
    )
    return int(cursor.lastrowid or 0)


def take(connection: sqlite3.Connection, now: float) -> list[IntentRow]:
    """Close every open intent and return those that are still young enough to act on."""
    with immediate(connection):
        rows = fetch_all(IntentRow, connection.execute("SELECT * FROM intents WHERE closed_at IS NULL ORDER BY id"))
        if not rows:
            return []
        connection.execute(
            "UPDATE intents SET closed_at = ?, result = CASE WHEN created_at <= ? THEN 'no_keeper' ELSE '' END"
            " WHERE closed_at IS NULL",
            (now, now - VOID_AFTER),
        )
    return [row for row in rows if row.created_at > now - VOID_AFTER]


def expire(connection: sqlite3.Connection, now: float) -> None:
    """Close what nobody took in time: *keeper was not running* (called by the front end that asked)."""
    connection.execute(
        "UPDATE intents SET closed_at = ?, result = 'no_keeper' WHERE closed_at IS NULL AND created_at <= ?",
        (now, now - VOID_AFTER),
    )


def answer(connection: sqlite3.Connection, intent_id: int, result: str) -> None:
    """Record what came of an intent (a ping's outcome or a reason code)."""
    connection.execute("UPDATE intents SET result = ? WHERE id = ?", (result, intent_id))


def get(connection: sqlite3.Connection, intent_id: int) -> IntentRow | None:
    """One intent, to show its result to who asked."""
    return fetch_one(IntentRow, connection.execute("SELECT * FROM intents WHERE id = ?", (intent_id,)))
