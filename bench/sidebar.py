"""The sidebar beside a bare Textual app, in one run: start to first rows, memory, and the cost of ticking.

Each is started in a pseudo-terminal of 40x50. The store holds 10,000 sessions, 200 of them open with running
countdowns. Targets (design): first rows within 0.6 s compiled, 60 MB, 1.5 % of a core.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from store.migrations import open_store

OPEN, STORED, STARTS, WATCH_SECONDS = 200, 10_000, 5, 10.0
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App[None]):
    def compose(self):
        yield Static("bench-000")
Bare().run()
"""


def fill(path: Path) -> None:
    """Sessions with a lineage, a dozen requests and one price."""
    connection = open_store(path)
    now = time.time()
    connection.execute("BEGIN")
    connection.execute("INSERT INTO prices VALUES ('claude-opus-5-5', 0, 0, 4, 20, 0.2, 5, 8, 'bench')")
    connection.executemany(
        "INSERT INTO sessions (id, agent, cwd, project, status, waiting_for, model, context_tokens, opened_at,"
        " last_activity_at, ended_at) VALUES (?, 'claude', ?, ?, ?, ?, 'claude-opus-5-5', 90000, ?, ?, ?)",
        [
            (
                f"session-{n:05}",
                f"/src/bench-{n:03}",
                f"bench-{n:03}",
                "idle" if n < OPEN else "ended",
                "you" if n < OPEN else None,
                now - 3600,
                now - n,
                None if n < OPEN else now - 86_400 * 3,
            )
            for n in range(STORED)
        ],
    )
    connection.executemany(
        "INSERT INTO lineages (id, session_id, model, ttl_class, ttl_seconds, evidence, requests, prefix_tokens,"
        " last_request_at, last_touch_at, why) VALUES (?, ?, 'claude-opus-5-5', '1h', 3600, 'gateway', 12, 90000, ?, ?,"
        " 'pings_spent')",
        [(n + 1, f"session-{n:05}", now - n % 200, now - n % 200) for n in range(STORED)],
    )
    connection.executemany(
        "INSERT INTO requests (message_id, session_id, lineage_id, evidence, model, started_at, input, output,"
        " cache_read) VALUES (?, ?, ?, 'gateway', 'claude-opus-5-5', ?, 10, 500, 90000)",
        [(f"m{n}-{k}", f"session-{n:05}", n + 1, now - 3600 + k) for n in range(STORED) for k in range(12)],
    )
    connection.execute("COMMIT")
    connection.close()


class Run:
    """One program in a pseudo-terminal."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 40, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=dict(environment), start_new_session=True
        )
        os.close(slave)

    def until(self, text: bytes, seconds: float = 20.0) -> float:
        """Seconds from the start until `text` is on the screen."""
        seen = b""
        while time.perf_counter() - self.started < seconds:
            if select.select([self._master], [], [], 0.05)[0]:
                seen += os.read(self._master, 65536)
                if text in seen:
                    return time.perf_counter() - self.started
        raise TimeoutError(f"{text!r} never appeared")

    def drain(self, seconds: float) -> None:
        """Read what it draws, for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self._master], [], [], left)[0]:
                os.read(self._master, 65536)

    def press(self, keys: str, seconds: float) -> None:
        """Press keys, and read what it draws for so long."""
        os.write(self._master, keys.encode())
        self.drain(seconds)

    def answer(self, key: bytes, seconds: float = 5.0) -> float:
        """Seconds from a key to the first thing that is drawn after it."""
        os.write(self._master, key)
        began = time.perf_counter()
        if not select.select([self._master], [], [], seconds)[0]:
            raise TimeoutError(f"nothing was drawn after {key!r}")
        os.read(self._master, 65536)
        return time.perf_counter() - began

    def watch(self, seconds: float) -> tuple[float, float]:
        """(CPU as a share of one core, resident MB) while reading what it draws."""
        process = psutil.Process(self.process.pid)
        before, end = process.cpu_times(), time.perf_counter() + seconds
        while time.perf_counter() < end:
            if select.select([self._master], [], [], 0.1)[0]:
                os.read(self._master, 65536)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        return used / seconds, process.memory_info().rss / 1e6

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        # A program whose terminal is gone may spin: it is ended whatever happened.
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config.toml").write_text('[providers.anthropic]\nupstream = "http://127.0.0.1:9"\n')
        fill(home / "warmside.db")
        environment = {
            **os.environ,
            "TERM": "xterm-256color",
            "WARMSIDE_HOME": folder,
            "HOME": folder,
            "CLAUDE_CONFIG_DIR": folder,
        }
        programs = {
            "bare textual": [sys.executable, "-c", BARE],
            "warmside": [str(Path(sys.executable).with_name("warmside")), "--no-keeper"],
        }
        starts: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(STARTS):
            for name, command in programs.items():  # side by side: a noisy machine is noisy for both
                with Run(command, environment) as run:
                    starts[name].append(run.until(b"bench-"))
        print(f"{'':14} {'start s':>8} {'worst':>6} {'MB':>5} {'CPU %':>6}")
        for name, command in programs.items():
            with Run(command, environment) as run:
                run.until(b"bench-")
                run.watch(2.0)
                cpu, memory = run.watch(WATCH_SECONDS)
            print(f"{name:14} {statistics.median(starts[name]):8.2f} {max(starts[name]):6.2f} {memory:5.0f} {cpu:6.1%}")
        ratio = statistics.median(starts["warmside"]) / statistics.median(starts["bare textual"])
        print(f"start: {ratio:.2f} x a bare app; {STORED:,} stored sessions, {OPEN} open")


if __name__ == "__main__":
    main()
