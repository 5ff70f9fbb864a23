"""The keeper's parent process: in the foreground for `warmside keeper run`, else (`--background`) apart from whoever
started it. What keeps it from starting is said on stderr before it leaves its starter.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from keepalive.paths import Paths, find_paths, fixed
from keepalive.supervisor import KeeperError, listen, runs, supervise, take_lock, worker_command

LOCK_WITHIN = 15.0
"""Seconds to wait for the lock: a keeper that was just told to stop may still be leaving."""


def run(paths: Paths, *, port: int | None, upstream: str | None, stay: bool, background: bool) -> int:
    """Be the keeper until it stops; returns the exit code. In the background: return once the keeper is on its own.

    Raises:
        KeeperError: another keeper runs, or the port cannot be had.
    """
    deadline = time.monotonic() + LOCK_WITHIN
    while (lock := take_lock(paths.lock_file)) is None:
        # A second starter must not wait here until the first keeper is stopped, and then come up in its place.
        if runs(paths.store_file) or time.monotonic() > deadline:
            raise KeeperError("a keeper runs already; `warmside keeper stop` ends it")
        time.sleep(0.05)
    sock = listen(paths.store_file, port)
    if background and not _leave(paths.log_file):
        return 0
    return supervise(sock, lock, worker_command(upstream=upstream, stay=stay))


def _leave(log_file: Path) -> bool:
    """Go on as a process of our own session, without terminal; False in the one that stays behind.

    The starter may become an agent (`run`), which would never collect a child of ours: so we are nobody's child. What
    a worker says when it cannot even start goes to the log.
    """
    if os.fork():
        return False
    os.setsid()
    os.environ.update(fixed())
    os.chdir("/")
    log = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for target, source in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; errors are one line on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="warmside-keeper")
    parser.add_argument("--port", type=int)
    parser.add_argument("--upstream")
    parser.add_argument("--stay", action="store_true", help="do not leave when nobody needs a keeper")
    parser.add_argument("--background", action="store_true")
    options = parser.parse_args(arguments)
    try:
        return run(
            find_paths(),
            port=options.port,
            upstream=options.upstream,
            stay=options.stay,
            background=options.background,
        )
    except KeeperError as error:
        sys.stderr.write(f"warmside: {error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
