"""Opens the store for writing, with its schema up to date. The steps are in store/schema/."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from store.database import connect, immediate

STEPS = (
    "m001_sessions_and_launches",
    "m002_lineages_and_requests",
    "m003_turns",
    "m004_money",
    "m005_bus",
    "m006_money_views",
    "m007_indexes_for_the_board",
    "m008_history",
    "m009_search",
    "m010_indexes_for_the_search",
    "m011_cache_truth",
    "m012_budgets_and_trials",
    "m013_pinged_periods",
    "m014_forgotten",
    "m015_failed_turns",
)
"""Every step by name, so that a store that is up to date is opened without importing the steps (30 ms)."""


def open_store(path: Path) -> sqlite3.Connection:
    """Open the database for writing and bring its schema up to date."""
    connection = connect(path)
    try:
        if not _up_to_date(connection):
            migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a store that may not be written. One of an older version is read through a copy in memory that is brought up
    to date; should somebody write to it after all, the copy falls behind.

    Raises StoreError as `connect` does.
    """
    connection = connect(path, read_only=True)
    if _up_to_date(connection):
        return connection
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        with closing(connection):
            connection.backup(copy)
        migrate(copy)
        copy.execute("PRAGMA query_only = ON")  # what was written here would be lost without a word
    except BaseException:
        copy.close()
        raise
    return copy


def _up_to_date(connection: sqlite3.Connection) -> bool:
    try:
        rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'warmside'").fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return False
        raise
    return {row[0] for row in rows} >= set(STEPS)


def migrate(connection: sqlite3.Connection) -> None:
    """Run the steps that this database has not seen."""
    from sqlite_utils import Database

    from store.schema import core, history, truth, wallet, worth, yielded, yore  # noqa: F401 - importing registers the steps
    from store.schema.registry import migrations

    with immediate(connection):  # two programs that start at once must not both create a table
        migrations.apply(Database(connection))
