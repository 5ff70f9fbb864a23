"""Small facts that outlive a process: the keeper's port, who runs, what was said once."""

from __future__ import annotations

import json
import sqlite3
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


def get(connection: sqlite3.Connection, key: str) -> JsonValue:
    """The value under `key`, or None."""
    row = connection.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    value: JsonValue = json.loads(row[0]) if row else None
    return value


def put(connection: sqlite3.Connection, key: str, value: JsonValue) -> None:
    """Set `key`; the last writer wins."""
    connection.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value)),
    )


def delete(connection: sqlite3.Connection, key: str) -> None:
    """Forget `key`; unknown keys are no error."""
    connection.execute("DELETE FROM settings WHERE key = ?", (key,))


def keys(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """The keys that start with `prefix`."""
    rows = connection.execute("SELECT key FROM settings WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
    return [row[0] for row in rows]
