"""Which transcripts changed since the last look, cheaply enough to ask every second.

A look asks for the times of folders and databases and of the files that are being written; only when a folder has
changed, and once in a while to be sure, everything is walked again.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from store.ingest.scan import place, scan_clients
from store.transcripts.clients import Client, Environ, Found
from store.transcripts.registry import CLIENTS

WALK_EVERY = 60
"""Looks after which everything is walked, whatever the folders say."""
LIVELY_NS = 86_400 * 10**9
"""A folder below a project's that did not change in the day before the newest one did is left to the walks: clients
keep one for each session, thousands of them, and write in the newest."""


class Index:
    """The transcripts of all clients, as they were at the last look."""

    def __init__(self, environ: Environ, home: Path, clients: Sequence[Client] = CLIENTS) -> None:
        self._environ = environ
        self._home = home
        self._clients = clients
        self._places: dict[str, Mapping[str, int]] = {}
        """By client: one that writes into its database every second must not have the folders of all walked."""
        self._looks = 0
        self.files: dict[str, Found] = {}
        """By path. A file that was deleted is forgotten; what it said is in the store."""

    def look(self, hot: Collection[str]) -> list[Found]:
        """Those that are new or have changed. `hot`: paths of files that are likely to grow now."""
        self._looks += 1
        everything = self._looks % WALK_EVERY == 1
        walked = [client for client in self._clients if everything or self._moved(client)]
        news = [found for client in walked for found in self._walk(client)]
        new = {found.path for found in news}
        return news + [found for path in hot if path not in new and (found := self._again(path)) is not None]

    def forget(self, path: str) -> None:
        """Let the next look find this file new."""
        self.files.pop(path, None)
        self._looks = 0

    def _moved(self, client: Client) -> bool:
        return any(place(path) != at for path, at in self._places.get(client.name, {}).items())

    def _walk(self, client: Client) -> list[Found]:
        scan = scan_clients(self._environ, self._home, (client,))
        self._places[client.name] = self._lively(client, scan.places)
        before = self.files
        self.files = {path: found for path, found in before.items() if found.agent != client.name}
        self.files |= {found.path: found for found in scan.found}
        return [found for found in scan.found if before.get(found.path) != found]

    def _lively(self, client: Client, places: Mapping[str, int]) -> dict[str, int]:
        """The places worth a look each time: those at the top, and those in which something happens."""
        if client.sessions_in is not None:
            return dict(places)  # (a database and its log)
        top = {str(root) for root in client.roots(self._environ, self._home)}
        since = max(places.values(), default=0) - LIVELY_NS
        return {
            path: at
            for path, at in places.items()
            if at >= since or path in top or str(Path(path).parent) in top or not at
        }

    def _again(self, path: str) -> Found | None:
        known = self.files.get(path)
        if known is None:
            return None
        try:
            seen = os.stat(path)  # noqa: PTH116 - asked every second for each open session
        except OSError:
            return None  # (a session in a database has no file of its own; its database is a place)
        if (seen.st_size, seen.st_mtime_ns) == (known.size, known.mtime_ns):
            return None
        self.files[path] = replace(known, size=seen.st_size, mtime_ns=seen.st_mtime_ns)
        return self.files[path]
