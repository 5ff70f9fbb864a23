"""The keeper as seen from outside: is it there, start it, stop it. Light: front ends import this, not the worker."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from contextlib import suppress

import psutil

from keepalive.paths import Paths, fixed
from keepalive.supervisor import STATUS, KeeperError, python_module
from store import settings
from store.database import immediate
from store.models import KeeperView
from store.row import row_of

FRONT_END = "frontend."
"""Settings prefix: front ends that are open, by pid; value: the process's start."""
_OURS = frozenset({"keepalive.keeper_main", "keepalive.worker_main", "keepalive.worker"})
"""Modules that our processes run; the last one is what a worker of an earlier version ran."""
START_WITHIN = 20.0
STOP_WITHIN = 15.0
START_SLACK = 2.0
"""Seconds that two readings of one process's start may differ."""


def status(connection: sqlite3.Connection) -> KeeperView | None:
    """The running keeper, or None. A worker between a crash and its restart counts as running."""
    value = settings.get(connection, STATUS)
    if not isinstance(value, dict):
        return None
    pid, worker = value.get("pid"), value.get("worker_pid")
    if not isinstance(pid, int) or not isinstance(worker, int) or not (_is_ours(pid) or _is_ours(worker)):
        return None
    sessions = connection.execute(
        "SELECT count(*) FROM sessions WHERE ended_at IS NULL AND launch_id IS NOT NULL"
    ).fetchone()[0]
    return row_of(
        KeeperView,
        {
            **{key: value[key] for key in ("pid", "port", "upstream", "since")},
            "worker_pid": worker,
            "url": f"http://127.0.0.1:{value['port']}",
            "sessions": sessions,
            "supervised": bool(value.get("supervised")) and _is_ours(pid),
        },
    )


def ensure(connection: sqlite3.Connection, paths: Paths) -> KeeperView:
    """The running keeper, started when there is none; an orphaned worker is replaced by a supervised one.

    Raises:
        KeeperError: it does not come up; the message names the log.
    """
    found = status(connection)
    if found is not None and found.supervised:
        return found
    if found is not None:
        _terminate(found.worker_pid, STOP_WITHIN)
    started = subprocess.run(
        [*python_module("keepalive.keeper_main"), "--background"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=fixed(),
        check=False,
    )
    deadline = time.monotonic() + START_WITHIN
    while True:
        found = status(connection)
        if found is not None and found.supervised:
            return found
        if started.returncode != 0:  # not because somebody else was quicker
            said = started.stderr.strip().splitlines()
            raise KeeperError(said[-1].removeprefix("warmside: ") if said else "the keeper did not start")
        if time.monotonic() > deadline:
            raise KeeperError(f"the keeper did not start within {START_WITHIN:.0f} s; see {paths.log_file}")
        time.sleep(0.02)


def stop(connection: sqlite3.Connection) -> bool:
    """End the running keeper and wait until it is gone; returns False when none ran.

    Raises:
        KeeperError: it is still there after that.
    """
    found = status(connection)
    if found is None:
        return False
    for pid in (found.pid, found.worker_pid):
        _terminate(pid, STOP_WITHIN)
    with immediate(connection):
        value = settings.get(connection, STATUS)
        if isinstance(value, dict) and value.get("pid") == found.pid:  # not the next one's
            settings.delete(connection, STATUS)
    return True


def register_front_end(connection: sqlite3.Connection) -> None:
    """Tell the keeper that a sidebar is open, so that it stays."""
    me = psutil.Process()
    settings.put(connection, f"{FRONT_END}{me.pid}", me.create_time())


def leave_front_end(connection: sqlite3.Connection) -> None:
    """The sidebar closes."""
    settings.delete(connection, f"{FRONT_END}{os.getpid()}")


def front_ends_alive(connection: sqlite3.Connection) -> bool:
    """Whether any registered front end still runs; the entries of dead ones are taken away."""
    alive = False
    for key in settings.keys(connection, FRONT_END):
        started = settings.get(connection, key)
        try:
            created = psutil.Process(int(key.removeprefix(FRONT_END))).create_time()
            same = isinstance(started, int | float) and abs(created - started) <= START_SLACK
        except (psutil.Error, ValueError):
            same = False
        if same:
            alive = True
        else:
            settings.delete(connection, key)
    return alive


def _is_ours(pid: int) -> bool:
    """A process id may have been used again by something else: ours says so in its command line."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(part in _OURS for part in process.cmdline())
    except psutil.Error:
        return False


def _terminate(pid: int, seconds: float) -> None:
    """Ask a process of ours to end, and wait until it has (its remains may stay for whoever is its parent now)."""
    if not _is_ours(pid):
        return
    deadline = time.monotonic() + seconds
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.terminate()
        # Not by the command line: a process that is ending has lost it some time before it is gone.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise KeeperError(f"the keeper (pid {pid}) does not stop; end it with: kill -9 {pid}")
            time.sleep(0.02)
