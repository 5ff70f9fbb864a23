"""The person's own status line, run as the client would run it: the same bytes on its standard input, its output passed
on as it comes, byte for byte. Its exit code says nothing here; a command that cannot be started printed nothing.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from types import FrameType

LIMIT_SECONDS = 600.0
"""Claude Code was seen to wait for more than 40 s, and ends a run itself when a newer one begins: this is only so that
a command that hangs does not stay for ever."""
_POLL_SECONDS = 0.02
_CHUNK = 65_536


def run(command: str | tuple[str, ...], data: bytes, source: int | None, *, limit: float = LIMIT_SECONDS) -> bytes:
    """Run it with `data` and what still comes from the descriptor `source`; returns the last byte that it printed."""
    try:
        process = subprocess.Popen(
            command, shell=isinstance(command, str), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
    except (OSError, ValueError):
        return b""
    _end_with_us(process)
    give_up_at = time.monotonic() + limit
    with process:
        last = _Pump(process, data, source, give_up_at).run()
        try:
            process.wait(max(0.0, give_up_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
    return last


def _end_with_us(process: subprocess.Popen[bytes]) -> None:
    """A client that ends us, because it has something newer to show, means the command."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)


class _Pump:
    """Moves bytes until the command has ended and all that it printed has been passed on."""

    def __init__(self, process: subprocess.Popen[bytes], data: bytes, source: int | None, give_up_at: float) -> None:
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout.fileno()
        self._waiting, self._source, self._give_up_at = memoryview(data), source, give_up_at
        self._last = b""
        os.set_blocking(self._stdin.fileno(), False)

    def run(self) -> bytes:
        """Until its output ends, or it has ended, or it takes too long; returns the last byte of the output."""
        while (left := self._give_up_at - time.monotonic()) > 0:
            if not self._waiting and self._source is None and not self._stdin.closed:
                self._stdin.close()
            ended = self._process.poll() is not None
            readable, writable, _ = select.select(*self._watched(), [], 0.0 if ended else min(left, _POLL_SECONDS))
            if self._stdout in readable and not self._pass_on():
                break
            if ended and self._stdout not in readable:
                break  # something that it left behind may hold the pipe for hours
            if writable:
                self._feed()
            if self._source in readable:
                self._read_on()
        return self._last

    def _watched(self) -> tuple[list[int], list[int]]:
        if self._waiting:
            return [self._stdout], [self._stdin.fileno()]
        return [self._stdout] if self._source is None else [self._stdout, self._source], []

    def _pass_on(self) -> bool:
        chunk = os.read(self._stdout, _CHUNK)
        if not chunk:
            return False
        self._last = chunk[-1:]
        rest = memoryview(chunk)
        with suppress(OSError):  # the reader has gone
            while rest:
                rest = rest[os.write(1, rest) :]
        return True

    def _feed(self) -> None:
        try:
            self._waiting = self._waiting[os.write(self._stdin.fileno(), self._waiting[:_CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:  # it does not read: many a status line does not
            self._waiting, self._source = memoryview(b""), None

    def _read_on(self) -> None:
        assert self._source is not None  # noqa: S101 - it was readable
        chunk = os.read(self._source, _CHUNK)
        self._waiting = memoryview(chunk)
        if not chunk:
            self._source = None
