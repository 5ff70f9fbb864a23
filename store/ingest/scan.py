"""Which transcripts are there, and which of them changed since they were last read.

A look at names, sizes and times; no file is opened, so that a second import of an unchanged machine is over at once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from store.transcripts.clients import Client, Environ, Found
from store.transcripts.registry import CLIENTS

_SUFFIXES = (".jsonl", ".json", ".db")
"""Of all transcripts: no other name is looked at twice."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look found. `found` is sorted by path, each file once, however many links lead to it."""

    found: tuple[Found, ...]
    errors: tuple[str, ...]
    """Folders and databases that could not be read, one line each."""
    places: Mapping[str, int]
    """Where something new would show first: folders and databases, with the time of their last change (ns)."""


@dataclass(slots=True)
class _Look:
    clients: Sequence[Client]
    found: dict[tuple[int, int] | str, Found] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)

    def take(self, path: str, info: Callable[[], os.stat_result]) -> None:
        """Note a file when it is somebody's transcript."""
        if not path.endswith(_SUFFIXES):
            return
        if not _is_text(path):
            self.errors.append(f"{os.fsencode(path)!r}: its name is no text")
            return
        as_path = Path(path)
        for client in self.clients:
            claim = client.claim(as_path)
            if claim is None:
                continue
            if client.sessions_in is not None:
                self._take_database(client, as_path)
                return
            try:
                seen = info()
            except OSError as error:  # a dangling link, or gone since it was listed
                self.errors.append(f"{path}: {error.strerror}")
                return
            if stat.S_ISREG(seen.st_mode):
                known = self.found.get((seen.st_dev, seen.st_ino))
                if known is None or path < known.path:
                    self.found[seen.st_dev, seen.st_ino] = Found(
                        client.name, path, claim.session_id, claim.agent_id, seen.st_size, seen.st_mtime_ns
                    )
            return

    def _take_database(self, client: Client, path: Path) -> None:
        for file in (str(path), f"{path}-wal"):
            self.places[file] = place(file)
        try:
            for session in client.sessions_in(path) if client.sessions_in else ():
                self.found[session.path] = session
        except (OSError, sqlite3.Error) as error:
            self.errors.append(f"{path}: {error}")


def scan_paths(paths: Iterable[Path]) -> Scan:
    """Everything below some folders (or the files themselves), whichever client wrote it.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    look = _Look(CLIENTS)
    for path in paths:
        root = path.expanduser().absolute()
        if not root.exists():
            raise FileNotFoundError(f"there is no {path}")
        _walk(look, root)
    return _result(look)


def scan_clients(environ: Environ, home: Path, clients: Sequence[Client] = CLIENTS) -> Scan:
    """Everything in the clients' own folders; a client that is not there is no error."""
    errors: list[str] = []
    found: dict[str, Found] = {}
    places: dict[str, int] = {}
    for client in clients:
        look = _Look((client,))
        for root in client.roots(environ, home):
            places[str(root)] = place(str(root))
            if root.exists():
                _walk(look, root.absolute())
        places |= look.places
        found |= {one.path: one for one in look.found.values()}
        errors += look.errors
    return Scan(tuple(found[path] for path in sorted(found)), tuple(errors), places)


def place(path: str) -> int:
    """When a folder or database was last changed, nanoseconds since the epoch; 0 while there is none."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - thousands of them: a Path each would cost more
    except OSError:
        return 0


def as_read(connection: sqlite3.Connection, paths: Sequence[str] | None = None) -> dict[str, tuple[int, int]]:
    """Size and time of every transcript (or of these) as it was when it was read, by path."""
    if paths is None:
        rows = connection.execute("SELECT path, size, mtime_ns FROM sources")
    else:
        rows = connection.execute(
            "SELECT path, size, mtime_ns FROM sources WHERE path IN (SELECT value FROM json_each(?))",
            (json.dumps(paths),),
        )
    return {row[0]: (row[1], row[2]) for row in rows}


def changed(connection: sqlite3.Connection, found: Iterable[Found]) -> list[Found]:
    """Those that the store has not read as they are now, newest first."""
    known = as_read(connection)
    news = [one for one in found if known.get(one.path) != (one.size, one.mtime_ns)]
    return sorted(news, key=lambda one: (-one.mtime_ns, one.path))


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:  # (bytes of a name that are no UTF-8: no database could hold it as text)
        return False
    return True


def _result(look: _Look) -> Scan:
    return Scan(tuple(sorted(look.found.values(), key=lambda one: one.path)), tuple(look.errors), look.places)


def _walk(look: _Look, root: Path) -> None:
    if not root.is_dir():
        look.take(str(root), root.stat)
        return
    visited: set[tuple[int, int]] = set()
    folders, links = [str(root)], list[str]()
    while folders or links:
        folder = folders.pop() if folders else links.pop()  # a folder goes by its own name, not by a link's
        try:
            seen = os.stat(folder)  # noqa: PTH116 - thousands of them: a Path each would cost more
            if (seen.st_dev, seen.st_ino) in visited:
                continue  # a link that leads back
            visited.add((seen.st_dev, seen.st_ino))
            look.places[folder] = seen.st_mtime_ns
            for entry in _entries(folder):
                if _is_folder(entry):
                    (links if entry.is_symlink() else folders).append(entry.path)
                else:
                    look.take(entry.path, entry.stat)
        except OSError as error:
            look.errors.append(f"{folder}: {error.strerror}")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries
