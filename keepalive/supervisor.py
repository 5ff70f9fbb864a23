"""The keeper's small parent: holds the listening socket and the lock, and restarts the worker when it dies.

A live agent keeps its base URL for life, so the socket must outlive any crash: connections that arrive while no
worker runs wait in its backlog for the next one. The worker inherits the lock's descriptor too; if this parent is
killed, the worker goes on alone and the lock stays taken. Standard library and the two light store modules only.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from keepalive.paths import fixed
from store import database, settings

STATUS = "keeper.status"
"""Setting: who runs, written by the worker at its start and taken away when it begins to leave."""
PORT = "keeper.port"
"""Setting: the port that was chosen once and is kept for good."""
BACKLOG = 256
HEALTHY_AFTER = 5.0
"""A worker that lived this long, in seconds, is restarted at once; younger deaths wait longer each time."""
LONGEST_WAIT = 30.0


class KeeperError(Exception):
    """The keeper cannot start or be reached; one line that says what to do."""


def take_lock(path: Path) -> int | None:
    """The lock's descriptor, or None while another keeper (or its orphaned worker) holds it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def listen(store_file: Path, port: int | None) -> socket.socket:
    """Bind the kept port, or a new one at the first start.

    Raises:
        KeeperError: the port is taken while a launched agent still depends on it, or was asked for and is taken.
    """
    wanted = port if port is not None else _kept_port(store_file)
    try:
        return _bind(wanted)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise KeeperError(f"cannot listen on 127.0.0.1:{wanted}: {error.strerror}") from error
        if port is not None or _has_live_launch(store_file):
            raise KeeperError(
                f"port {wanted} on 127.0.0.1 is taken by another program; running agents depend on it:"
                " end that program or restart the agents with `warmside run`"
            ) from error
        return _bind(0)


def supervise(sock: socket.socket, lock: int, worker: list[str]) -> int:
    """Run workers until one leaves by itself or we are told to stop; returns the exit code.

    `worker` is the command to which the descriptors are appended as `--socket-fd N --lock-fd N --parent PID`.
    """
    stopping = False
    child: subprocess.Popen[bytes] | None = None

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if child is not None and child.poll() is None:
            child.terminate()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    descriptors = (sock.fileno(), lock)
    environment = fixed()
    wait = 0.0
    while not stopping:
        started = time.monotonic()
        child = subprocess.Popen(
            [
                *worker,
                f"--socket-fd={descriptors[0]}",
                f"--lock-fd={descriptors[1]}",
                f"--parent={os.getpid()}",
            ],
            pass_fds=descriptors,
            env=environment,
            cwd="/",  # no folder is kept from being unmounted or removed
        )
        if stopping:  # told while the child was starting
            child.terminate()
        code = child.wait()
        if code == 0 or stopping:
            break
        lived = time.monotonic() - started
        wait = 0.0 if lived >= HEALTHY_AFTER else min(LONGEST_WAIT, wait * 2 or 0.2)
        deadline = time.monotonic() + wait
        while not stopping and time.monotonic() < deadline:
            time.sleep(0.05)
    return 0


def worker_command(*, upstream: str | None, stay: bool) -> list[str]:
    """How a worker is started."""
    command = python_module("keepalive.worker_main")
    if upstream is not None:
        command.append(f"--upstream={upstream}")
    return [*command, "--stay"] if stay else command


def python_module(name: str) -> list[str]:
    """A command that runs one of our modules, whatever the current folder: without -P, a project with a `store/` or
    `random.py` of its own would be imported instead."""
    return [sys.executable, "-P", "-m", name]


def runs(store_file: Path) -> bool:
    """Whether a supervised keeper says that it runs (and is not leaving)."""
    value = _setting(store_file, STATUS)
    if not isinstance(value, dict) or not value.get("supervised"):
        return False
    pid = value.get("pid")
    return isinstance(pid, int) and _exists(pid)


def _bind(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _kept_port(store_file: Path) -> int:
    value = _setting(store_file, PORT)
    return value if isinstance(value, int) else 0  # first start: the worker stores what it is given


def _setting(store_file: Path, key: str) -> settings.JsonValue:
    """One setting, or None while there is no store."""
    try:
        connection = database.connect(store_file, read_only=True)
        try:
            return settings.get(connection, key)
        finally:
            connection.close()
    except (database.StoreError, sqlite3.Error):
        return None


def _has_live_launch(store_file: Path) -> bool:
    try:
        connection = database.connect(store_file, read_only=True)
        try:
            pids = [row[0] for row in connection.execute("SELECT pid FROM launches WHERE ended_at IS NULL")]
        finally:
            connection.close()
    except (database.StoreError, sqlite3.Error):
        return False
    return any(_exists(pid) for pid in pids)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
