"""Where an import's time goes: its stages one by one, in this process, each doing what the one before did and more.

Every stage is run on its own (twice, the better counts), so the difference between two lines is what the later one
adds. Seconds are of CPU: nothing here waits but for the disk, and the page cache is warm. The program itself overlaps
the stages on several cores.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

from store.database import immediate
from store.ingest.reading import FileRead, read
from store.ingest.scan import scan_paths
from store.ingest.writing import write
from store.migrations import open_store
from store.transcripts import codex_records, records
from store.transcripts.clients import Found
from store.transcripts.registry import client
from store.turns import Bulk

_ROUNDS = 2
_BATCH_FILES = 24
_TRIGGERS = ("turns_fts_insert", "turns_fts_delete", "turns_fts_update")


def part(corpus: Path, megabytes: float) -> list[Found]:
    """Files of a corpus up to this size, every so many-th so that all kinds are in it."""
    found = scan_paths([corpus]).found
    step = max(1, int(sum(one.size for one in found) / (megabytes * 1e6)))
    return list(found[::step])


def stages(files: list[Found]) -> Iterator[tuple[str, float]]:
    """(name, seconds of CPU) of each stage over the same files, page cache warm."""
    yield "lines", _best(lambda: _lines(files))
    yield "decode", _best(lambda: _decode(files))
    yield "reader", _best(lambda: _events(files))
    yield "turns and rows", _best(lambda: _drain(read(one) for one in files))
    read_all = [read(one) for one in files]
    yield "SQLite, without search", _best_write(read_all, search=False)
    yield "SQLite, with search", _best_write(read_all, search=True)


def _best(stage: Callable[[], None]) -> float:
    return min(_timed(stage) for _ in range(_ROUNDS))


def _timed(stage: Callable[[], None]) -> float:
    started = time.process_time()
    stage()
    return time.process_time() - started


def _drain(things: Iterable[object]) -> None:
    for _ in things:
        pass


def _lines(files: list[Found]) -> None:
    for one in files:
        with Path(one.path).open("rb", buffering=1 << 20) as lines:
            _drain(lines)


def _decode(files: list[Found]) -> None:
    for one in files:
        decode: Callable[[bytes], object] = (
            codex_records.decode_record if one.agent == "codex" else records.decode_record
        )
        with Path(one.path).open("rb", buffering=1 << 20) as lines:
            for line in lines:
                decode(line)


def _events(files: list[Found]) -> None:
    for one in files:
        with Path(one.path).open("rb", buffering=1 << 20) as lines:
            _drain(client(one.agent).reader().feed(lines))


def _best_write(reads: list[FileRead], *, search: bool) -> float:
    times = []
    for _ in range(_ROUNDS):
        with TemporaryDirectory() as folder, closing(open_store(Path(folder) / "warmside.db")) as connection:
            if not search:
                for trigger in _TRIGGERS:
                    connection.execute(f"DROP TRIGGER {trigger}")
            times.append(_timed(lambda: _write(connection, reads, search=search)))
    return min(times)


def _write(connection: sqlite3.Connection, reads: list[FileRead], *, search: bool) -> None:
    for start in range(0, len(reads), _BATCH_FILES):
        with immediate(connection), Bulk(connection) if search else nullcontext() as bulk:
            for one in reads[start : start + _BATCH_FILES]:
                write(connection, one, bulk=bulk)
