"""A terminal of a person who looks at a tmux session: a pseudo-terminal, and what was written to it."""

from __future__ import annotations

import os
import pty
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.keepalive.keeper_home import eventually
from tests.tui.tmux_server import Server


@dataclass
class Terminal:
    """One attached client."""

    server: Server
    name: str
    """Its tty, which is its name in tmux."""
    keys: int
    written: bytearray = field(default_factory=bytearray)

    @property
    def at(self) -> str:
        """Session, window and pane in front of the person."""
        shown = self.server("list-clients", "-F", "#{client_name} #{session_name}:#{window_id}.#{pane_id}")
        return next(line.split(" ", 1)[1] for line in shown.splitlines() if line.startswith(self.name + " "))

    def press(self, keys: bytes) -> None:
        """Somebody types."""
        os.write(self.keys, keys)


@contextmanager
def terminal(server: Server, session: str, term: str = "xterm-256color") -> Iterator[Terminal]:
    """Somebody looks at the session until the end of the block."""
    master, slave = pty.openpty()
    made = Terminal(server, os.ttyname(slave), master)
    running = subprocess.Popen(
        ["tmux", "-S", str(server.socket), "attach", "-t", session],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": term, "TMUX": ""},
    )
    os.close(slave)

    def read() -> None:
        with suppress(OSError):  # nobody has the other end open any more
            while data := os.read(master, 65536):
                made.written.extend(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        eventually(lambda: made.name in server("list-clients", "-F", "#{client_name}") or None, 10)
        yield made
    finally:
        running.kill()
        running.wait()
        reader.join(5)
        os.close(master)
