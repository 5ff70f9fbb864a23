"""`import`: read transcripts into the store. Starts light: a second import of an unchanged machine loads no reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepalive.paths import find_paths
from store.ingest.importer import Progress, Report, Totals, cores, import_scan
from store.ingest.scan import Scan, scan_clients, scan_paths
from store.migrations import open_store

if TYPE_CHECKING:
    import sqlite3

    from keepalive.config import Config
    from store.ingest.keeping import Keeping
    from store.models import TTLClass

STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""

NICENESS = 10


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that read (default: one a core, 4 at most).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the totals.")
def import_command(paths: tuple[Path, ...], workers: int | None, as_json: bool) -> None:
    """Read transcripts, newest first: PATHs, or the clients' own folders.

    Files that have not changed since the last time are not opened. Ctrl-C loses nothing: run it again to go on.
    """
    _stand_back()
    at = find_paths()
    try:
        scan = scan_paths(paths) if paths else scan_clients(os.environ, Path.home())
    except FileNotFoundError as error:
        _complain(str(error))
        sys.exit(1)
    trouble: list[str] = []
    configured = _Configured(at.config_file)
    try:
        with closing(open_store(at.store_file)) as connection, _progress(shown=not as_json) as report:
            totals = import_scan(
                connection,
                scan,
                workers=workers or cores(),
                progress=_Pricing(connection, report),
                complain=trouble.append,
                lifetime=configured.lifetime,
                keeping=configured.keeping,
            )
            if totals.files:
                from keepalive.catch_up import price_models

                price_models(connection)
    except KeyboardInterrupt:
        trouble.append("stopped; what was read is stored, the same command goes on from there")
        sys.exit(STOPPED)
    finally:  # below the bar, not across it
        for line in trouble:
            _complain(line)
    click.echo(_json(totals) if as_json else _words(totals, scan, given=bool(paths)))


def _stand_back() -> None:
    """Take what nobody else wants of the cores: somebody may be typing in the sidebar. On an idle machine that is all
    of them."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


class _Pricing:
    """Looks prices up once the first batch is written: the library loads while the other processes still read."""

    def __init__(self, connection: sqlite3.Connection, report: Report | None) -> None:
        self._connection = connection
        self._report = report
        self._begun = False

    def __call__(self, done: Progress) -> None:
        if self._report is not None:
            self._report(done)
        if not self._begun:
            from keepalive.catch_up import price_models

            price_models(self._connection)
            self._begun = True


class _Configured:
    """Lifetimes, and what may be stored; the configuration is read when there is something to read."""

    def __init__(self, config_file: Path) -> None:
        self._config_file = config_file
        self._known: Config | None = None

    def lifetime(self, ttl_class: TTLClass | None) -> float | None:
        """Seconds that an entry lives."""
        return self._config().ttl(ttl_class)

    def keeping(self) -> Keeping:
        """What of the transcripts may be stored."""
        return self._config().keeping

    def _config(self) -> Config:
        if self._known is None:
            from keepalive import config

            try:
                self._known = config.load(self._config_file)
            except config.ConfigError as error:
                history = config.still_kept(self._config_file)
                if history is None:
                    raise config.ConfigError(
                        f"{error}; nothing is read while it is not certain what may be stored"
                    ) from error
                _complain(f"{error}; going on with the usual lifetimes")  # no reason to read nothing
                self._known = config.Config(history=history)
        return self._known


def _complain(line: str) -> None:
    text = "".join(char if char.isprintable() else " " for char in line)
    click.echo(f"warmside: {' '.join(text.split())}", err=True)


@contextmanager
def _progress(*, shown: bool) -> Iterator[Report | None]:
    """A bar with rate and time left, on a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    from tui.import_bar import bar

    with bar() as report:
        yield report


def _json(totals: Totals) -> str:
    import json
    from dataclasses import asdict

    return json.dumps({**asdict(totals), "seconds": round(totals.seconds, 3)}, indent=2)


def _words(totals: Totals, scan: Scan, *, given: bool) -> str:
    if not scan.found and not totals.errors:
        return "No transcripts found there." if given else "No transcripts found. Give a folder: warmside import PATH"
    if not totals.files:
        unchanged = (
            "one transcript is as it was"
            if totals.unchanged == 1
            else f"{totals.unchanged:,} transcripts are as they were"
        )
        return f"Nothing new: {unchanged}{_left_out(totals)}{_trouble(totals)}."
    rate = totals.bytes / 1e6 / max(totals.seconds, 1e-3)
    found = [
        _count(totals.sessions, "session"),
        _count(totals.turns, "turn"),
        _count(totals.requests, "request"),
        *([f"{_count(totals.malformed_lines, 'malformed line')} skipped"] if totals.malformed_lines else ()),
    ]
    unchanged = f"; {totals.unchanged:,} were as before" if totals.unchanged else ""
    return (
        f"Read {_count(totals.files, 'transcript')} ({totals.bytes / 1e6:,.1f} MB) in {totals.seconds:.1f} s"
        f" ({rate:,.0f} MB/s): {', '.join(found)}{unchanged}{_left_out(totals)}{_trouble(totals)}."
    )


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _left_out(totals: Totals) -> str:
    return f"; {totals.left_out:,} left out, forgotten or to be ignored" if totals.left_out else ""


def _trouble(totals: Totals) -> str:
    return f"; {totals.errors:,} could not be read" if totals.errors else ""
