"""A damaged tree with a healthy session beside it: imported, and held against the reference counter."""

from __future__ import annotations

import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.ingest.importer import Totals, import_paths
from tests.store import quirks
from tests.store.made_up import memory_store
from tests.store.quirks import QUIRKS, Claude, Tree, claude_path, uuid
from tests.store.reference_counter import count_tree
from tests.store.stored_facts import detail, disagreements, search_is_whole

BESIDE = 0xB
"""The healthy session's number."""
SAMPLES = ("plain", "malformed_lines", "repeated_ids", "failed_commands", "files_changed", "separate_counts")
ROLLOUTS = ("codex_plain", "codex_fork", "codex_failed_commands", "codex_files_changed")


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """A read that waits for ever becomes a failure."""

    def late(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def healthy() -> Tree:
    """The session beside the damaged one."""
    lines = Claude(BESIDE)
    lines.user("Healthy.")
    lines.answer("msg_healthy_1")
    lines.edit("msg_healthy_2", "/healthy")
    return {claude_path(BESIDE): lines.bytes()}


def check(connection: sqlite3.Connection, root: Path, tree: Tree) -> Totals:
    """Import a damaged tree with the healthy session beside it: the store says what the counter says of both."""
    paths = quirks.write(healthy() | tree, root)
    with at_most(60):
        totals = import_paths(connection, [root])
    counted = count_tree(paths)
    differing = disagreements(connection, counted, root)
    assert not differing, "\n".join(differing)  # (spelt out: asserts of this module are not explained by pytest)
    assert search_is_whole(connection)
    assert totals.malformed_lines == sum(len(file.malformed) for file in counted.files)
    assert (totals.files, totals.errors) == (len(paths), 0)
    assert detail(connection, uuid(BESIDE)).totals.requests == 2
    return totals


def check_new(tree: Tree) -> None:
    """The same in a new store and folder, for an example of a property."""
    with folder() as root, memory_store() as connection:
        check(connection, root, tree)


def only(name: str) -> bytes:
    """The bytes of a quirk's first file."""
    return next(iter(QUIRKS[name]().values()))


def place(name: str) -> str:
    """Where that file lies."""
    return next(iter(QUIRKS[name]()))


def between(*lines: bytes) -> Tree:
    """These lines in the middle of a plain conversation."""
    whole = only("plain").split(b"\n")
    middle = len(whole) // 2
    return {claude_path(1): b"\n".join([*whole[:middle], *lines, *whole[middle:]])}


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder, one for each example of a property."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
