"""`warmside statusline` itself: the client's JSON in, one line out, the client's report kept on the way.

It runs every few seconds beside somebody's prompt, so it loads neither click nor pydantic and waits for nobody; and
whatever happens, nothing but a status line appears on that screen: no error, no exit code. What a wrapped command
prints goes first and never waits for us.
"""

from __future__ import annotations

import os
import select
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress

from store import reported, statusline_row
from store.reported import Told
from store.statusline_row import StatusRow
from tui.status_text import status_text, wants_colour

INPUT_SECONDS = 2.0
"""A client writes its JSON at once and closes; whoever does neither is not waited for any longer."""
TEXT_SECONDS = 0.5
"""How long the line may take, with a store on a disk that hangs."""
NOTE_SECONDS = 0.2
"""How long keeping the report may take after that."""

Wrapped = str | tuple[str, ...] | None
"""The person's own line: a shell command, or a program with its arguments."""


def quick(arguments: Sequence[str]) -> bool:
    """Run the command as it is used in settings; False leaves help and wrong usage to the command line proper."""
    match arguments:
        case []:
            serve(None)
        case ["--wrap", command] if command:
            serve(command)
        case ["--", program, *rest] if program:
            serve((program, *rest))
        case [one] if one.startswith("--wrap=") and len(one) > len("--wrap="):
            serve(one.partition("=")[2])
        case _:
            return False
    return True


def serve(wrapped: Wrapped) -> None:
    """One call of the status line, from standard input to standard output."""
    data, ended = take(0)
    line = _Line(data)
    last = b""
    if wrapped is not None:
        from tui.wrapped_line import run

        last = run(wrapped, data, None if ended else 0)
    text = line.wait()
    if text:
        say(b"" if last in (b"", b"\n") else b"\n", f"{text}\n".encode())
    line.finish()


def take(source: int, limit: int = reported.MAX_BYTES + 1, seconds: float = INPUT_SECONDS) -> tuple[bytes, bool]:
    """What comes from a file descriptor until its end, at most `limit` bytes, and whether that was its end."""
    data, give_up_at = bytearray(), time.monotonic() + seconds
    with suppress(OSError, ValueError):
        if os.isatty(source):
            return b"", True
        while len(data) < limit:
            if not select.select([source], [], [], max(0.0, give_up_at - time.monotonic()))[0]:
                return bytes(data), False
            chunk = os.read(source, min(65_536, limit - len(data)))
            if not chunk:
                return bytes(data), True
            data += chunk
        return bytes(data), False
    return bytes(data), True  # (nothing is connected there)


def say(*parts: bytes) -> None:
    """Write to standard output; a reader that has gone is no error."""
    with suppress(OSError):
        rest = memoryview(b"".join(parts))
        while rest:
            rest = rest[os.write(1, rest) :]


class _Line:
    """Our line, worked out in a thread of its own: a store that hangs costs the line, never the person's own."""

    def __init__(self, data: bytes) -> None:
        self._data, self._text = data, ""
        self.failed: Exception | None = None
        """What should not have happened: nobody is told, but tests ask."""
        self._there = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def wait(self) -> str:
        """The text once it is there, or nothing."""
        self._there.wait(TEXT_SECONDS)
        return self._text

    def finish(self) -> None:
        """Let the report be kept."""
        self._thread.join(NOTE_SECONDS)

    def _work(self) -> None:
        try:
            self._answer()
        except Exception as error:  # the screen is not ours: whatever went wrong, there is no line
            self.failed = error
        finally:
            self._there.set()

    def _answer(self) -> None:
        told = reported.read(self._data)
        if told is None:
            return
        from keepalive.paths import find_paths

        now = time.time()
        with suppress(sqlite3.Error), closing(statusline_row.open_quickly(find_paths().store_file)) as connection:
            row = statusline_row.read(connection, told, now)
            self._text = text(told, row, now, os.environ)
            self._there.set()
            statusline_row.note(connection, told, row.stored, now)
            return
        if not self._there.is_set():
            self._text = text(told, StatusRow(), now, os.environ)  # what the client says can be shown without a store


def text(told: Told, row: StatusRow, now: float, environ: Mapping[str, str]) -> str:
    """Our line from what the client and the store say."""
    shown = statusline_row.cache(row, told.report, now)
    return status_text(row, shown, now, colour=wants_colour(environ))
