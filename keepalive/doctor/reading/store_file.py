"""Reads what is to be known of the store's file, the disk below it, and the price table in it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from keepalive.doctor.prices import Prices
from keepalive.doctor.reading.around import Around
from keepalive.doctor.store_file import Rights, StoreFile
from store.database import StoreError
from store.migrations import STEPS
from store.sessions import NAMED

_BESIDE = ("", "-wal", "-shm")
"""What is added to the database's name for the files that belong to it."""
_LIBRARY = "genai-prices"
_SESSIONS = f"SELECT count(*) FROM sessions WHERE {NAMED}"  # noqa: S608


def read(around: Around) -> StoreFile:
    """The file where it is, else where it would be."""
    path = around.paths.store_file
    there = next(folder for folder in path.parents if folder.exists())
    size, sessions, applied, sound, error = None, 0, set(STEPS), None, ""
    try:
        size = path.stat().st_size
        with suppress(FileNotFoundError):  # what is written last lies there for a while
            size += path.with_name(f"{path.name}-wal").stat().st_size
        with around.store() as connection:
            if connection is None:
                applied = set()
            else:
                applied = {
                    row[0]
                    for row in connection.execute(
                        "SELECT name FROM _sqlite_migrations WHERE migration_set = 'warmside'"
                    )
                }
                sessions = connection.execute(_SESSIONS).fetchone()[0]
                if around.deep:
                    sound = _sound(connection)
    except FileNotFoundError:
        pass
    except (StoreError, OSError) as wrong:
        error = " ".join(str(wrong).split())
    except sqlite3.Error as wrong:
        error = f"{path} cannot be read: {wrong}"
    return StoreFile(
        path,
        size,
        sessions=sessions,
        steps=len(applied),
        rights=tuple(_rights(path)),
        missing_steps=len(set(STEPS) - applied),
        unknown_steps=len(applied - set(STEPS)),
        writable=os.access(there, os.W_OK) and (size is None or os.access(path, os.W_OK)),
        file_system=file_system(there),
        free=_free(there),
        sound=sound,
        error=error,
    )


def read_prices(around: Around) -> Prices:
    """The installed price data, and what of it is in the store. The library itself is not loaded for it."""
    library, installed_at = _library()
    age, on = None, ""
    if installed_at is not None:
        age, on = (around.clock.wall() - installed_at) / 86_400, _day(installed_at)
    with around.store() as connection:
        if connection is None:
            return Prices(library, age, on)
        models, newest = connection.execute("SELECT count(DISTINCT model), max(valid_from) FROM prices").fetchone()
        sources = [row[0] for row in connection.execute("SELECT DISTINCT source FROM prices ORDER BY source")]
        unknown = connection.execute(
            "SELECT DISTINCT model FROM sessions WHERE ended_at IS NULL AND model IS NOT NULL AND model != ''"
            " AND model NOT IN (SELECT model FROM prices) ORDER BY model LIMIT 10"
        ).fetchall()
    day = _day(newest) if newest else ""
    return Prices(library, age, on, models, sources, day, [row[0] for row in unknown])


def file_system(path: Path) -> str:
    """The kind of file system that a folder lies on; '' where the system does not say."""
    real = path.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if real.is_relative_to(part.mountpoint)]
    # Of several mounts on one place the last is the one that is seen.
    nearest = max(mounts, key=lambda part: (len(Path(part.mountpoint).parts), mounts.index(part)), default=None)
    return nearest.fstype if nearest else ""


def _rights(path: Path) -> Iterator[Rights]:
    if path.exists():
        yield Rights(path.parent, path.parent.stat().st_mode & 0o777, folder=True)
    for end in _BESIDE:
        try:
            yield Rights(file := path.with_name(path.name + end), file.stat().st_mode & 0o777)
        except OSError:
            continue


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _sound(connection: sqlite3.Connection) -> str:
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def _library() -> tuple[str, float | None]:
    """Version of the price data, and when it was installed."""
    from importlib import metadata

    try:
        found = metadata.distribution(_LIBRARY)
    except metadata.PackageNotFoundError:
        return "", None
    try:
        return found.version, Path(str(found.locate_file("genai_prices"))).stat().st_mtime
    except OSError:
        return found.version, None
