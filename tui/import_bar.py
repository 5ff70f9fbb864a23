"""The bar that shows how far an import is. Loaded only where a person looks on: rich takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from store.ingest.importer import Progress as Done
from store.ingest.importer import Report


@contextmanager
def bar() -> Iterator[Report]:
    """A progress bar on stderr while the context lasts: files, bytes, rate, time left."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def report(done: Done) -> None:
            progress.update(task, completed=done.bytes, total=done.of_bytes)

        yield report
