"""Where the steps are registered, and how a step runs several statements."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

migrations = Migrations("warmside")


def script(db: Database, sql: str) -> None:
    """Run several statements inside the migration's own transaction (executescript would commit it)."""
    statement = ""
    for line in sql.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            db.execute(statement.strip())
            statement = ""
    if statement.strip():
        raise ValueError("a migration ends in the middle of a statement")
