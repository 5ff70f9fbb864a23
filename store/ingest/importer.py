"""The import: every changed transcript, newest first, read by one process a core, written in batches.

Each batch is one transaction with everything about its files, the note that they were read included; so whatever
stops an import, what was written is right, and the next one goes on from there.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from store.ingest.gate import Gate, Wish
from store.ingest.scan import Scan, as_read, changed, scan_paths

if TYPE_CHECKING:
    from store.ingest.chains import Lifetime
    from store.ingest.reading import FileRead
    from store.transcripts.clients import Found

MAX_WORKERS = 4
"""Beyond that SQLite, which one process writes, is what takes the time (and memory grows with each)."""

_BATCH_BYTES = 24 << 20
"""Of transcripts: a transaction of some tens of milliseconds, so that nobody else waits long."""


@dataclass(slots=True)
class Totals:
    """What one import did. `requests` and `turns` are what its files now hold in the store, copies not counted."""

    files: int = 0
    bytes: int = 0
    sessions: int = 0
    requests: int = 0
    turns: int = 0
    malformed_lines: int = 0
    seconds: float = 0.0
    unchanged: int = 0
    errors: int = 0
    """Files, folders and databases that could not be read."""
    left_out: int = 0
    """Files of forgotten sessions and of folders that are to be ignored."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int


Report = Callable[[Progress], None]


def import_paths(
    connection: sqlite3.Connection,
    paths: Sequence[Path],
    *,
    workers: int = 1,
    progress: Report | None = None,
    complain: Callable[[str], None] | None = None,
    lifetime: Lifetime | None = None,
    keeping: Wish | None = None,
) -> Totals:
    """Import everything below some folders (or the files themselves).

    Raises:
        FileNotFoundError: a path does not exist.
    """
    started = time.monotonic()
    totals = import_scan(
        connection,
        scan_paths(paths),
        workers=workers,
        progress=progress,
        complain=complain,
        lifetime=lifetime,
        keeping=keeping,
    )
    totals.seconds = time.monotonic() - started
    return totals


def import_scan(
    connection: sqlite3.Connection,
    scan: Scan,
    *,
    workers: int = 1,
    progress: Report | None = None,
    complain: Callable[[str], None] | None = None,
    lifetime: Lifetime | None = None,
    keeping: Wish | None = None,
) -> Totals:
    """Import what changed of a scan; `complain` gets one line for each thing that could not be read."""
    started = time.monotonic()
    news = changed(connection, scan.found)
    totals = Totals(unchanged=len(scan.found) - len(news), errors=len(scan.errors))
    if complain is not None:
        for line in scan.errors:
            complain(line)
    gate = Gate(connection, keeping)
    news = gate.wanted(news) if news else []
    if news:
        run = _Run(connection, totals, lifetime, complain, gate)
        done = Progress(0, len(news), 0, sum(max(0, one.size) for one in news))
        with closing(_batches(_read_all(news, workers))) as batches:  # whatever stops us stops the readers
            for batch in batches:
                run.write(batch)
                done = Progress(
                    done.files + len(batch),
                    done.of_files,
                    done.bytes + sum(max(0, read.found.size) for read in batch),
                    done.of_bytes,
                )
                if progress is not None:
                    progress(done)
        run.count()
    totals.left_out = gate.left_out
    totals.seconds = time.monotonic() - started
    return totals


class _Run:
    def __init__(
        self,
        connection: sqlite3.Connection,
        totals: Totals,
        lifetime: Lifetime | None,
        complain: Callable[[str], None] | None,
        gate: Gate,
    ) -> None:
        self._gate = gate
        self._connection = connection
        self._totals = totals
        self._lifetime = lifetime
        self._complain = complain
        self._before = as_read(connection)
        self._paths: list[str] = []
        self._sessions: set[str] = set()

    def write(self, batch: Sequence[FileRead]) -> None:
        from store import turns
        from store.database import immediate
        from store.ingest.chains import LIFETIMES
        from store.ingest.writing import write

        lifetime = self._lifetime or LIFETIMES.get  # (imported here: the processes that read are forked without it)
        with immediate(self._connection), turns.Bulk(self._connection) as bulk:
            now = as_read(self._connection, [read.found.path for read in batch])
            # Who stored a file since we began to read (the keeper follows it) may know more of it than we do.
            mine = [read for read in batch if now.get(read.found.path) == self._before.get(read.found.path)]
            self._totals.unchanged += len(batch) - len(mine)
            mine = self._gate.kept(mine)
            for read in mine:
                session_id = write(self._connection, read, lifetime, bulk=bulk)
                if not read.error:
                    self._sessions.add(session_id)
        totals = self._totals
        for read in mine:
            if read.error:
                totals.errors += 1
                if self._complain is not None:
                    self._complain(f"{read.found.path}: {read.error}")
                continue
            self._paths.append(read.found.path)
            totals.files += 1
            totals.bytes += read.offset
            totals.malformed_lines += read.facts.malformed
            totals.turns += len(read.turns)

    def count(self) -> None:
        """Requests that the files of this import keep, and sessions that they told something of."""
        import json

        self._totals.requests = self._connection.execute(
            "SELECT count(*) FROM requests WHERE source IN"
            " (SELECT id FROM sources WHERE path IN (SELECT value FROM json_each(?)))",
            (json.dumps(self._paths),),
        ).fetchone()[0]
        self._totals.sessions = self._connection.execute(
            "SELECT count(*) FROM sessions WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(self._sessions)),),
        ).fetchone()[0]


def cores() -> int:
    """How many processes may read: one a core that we may use, within reason."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MAX_WORKERS, usable))


def _batches(reads: Iterable[FileRead]) -> Generator[list[FileRead], None, None]:
    batch: list[FileRead] = []
    size = 0
    for read in reads:
        batch.append(read)
        size += max(read.offset, 1 << 16)  # (a thousand small files are a batch too)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read_all(news: Sequence[Found], workers: int) -> Iterator[FileRead]:
    """Everything read, roughly in the given order."""
    from store.ingest.reading import read

    if min(workers, len(news)) <= 1:
        yield from map(read, news)
    else:
        yield from _read_in_processes(news, workers)


def _read_in_processes(news: Sequence[Found], workers: int) -> Iterator[FileRead]:
    import multiprocessing
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    from store.ingest.reading import FileRead, read

    # Forking is quick and shares what is loaded; elsewhere it is not safe beside the system's own libraries.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")

    def pool(readers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(readers, mp_context=context, initializer=_begin_reader)

    waiting = list(reversed(news))
    while waiting:
        running: dict[Future[FileRead], Found] = {}
        readers = pool(min(workers, len(waiting)))
        try:
            while waiting or running:
                while waiting and len(running) < 2 * workers:  # bounds what lies read and unwritten
                    running[readers.submit(read, waiting[-1])] = waiting[-1]
                    waiting.pop()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    del running[future]
                    yield result
        except BrokenProcessPool:
            pass  # A reader was killed (by memory, most likely), and nobody knows over which file.
        finally:
            readers.shutdown(wait=True, cancel_futures=True)
        for found in running.values():
            with pool(1) as alone:
                try:
                    result = alone.submit(read, found).result()
                except BrokenProcessPool:
                    result = FileRead(found, error="its reader was killed")
            yield result


def _begin_reader() -> None:
    """Ctrl-C reaches the whole group; the import itself decides what it means, but a reader does not outlive it. (And
    what a reader makes it hands over or lets go: there are no cycles to look for.)"""
    import gc
    import multiprocessing
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    parent = multiprocessing.parent_process()

    def end_with_the_import() -> None:
        if parent is not None:
            parent.join()  # (a reader that waits for work would wait for good: the other readers hold its pipe open)
            os._exit(1)

    threading.Thread(target=end_with_the_import, daemon=True).start()
