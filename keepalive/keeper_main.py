"""The keeper's parent process: `python -m keepalive.keeper_main`, or `warmside keeper run` in the foreground."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from keepalive.config import Paths, find_paths
from keepalive.supervisor import KeeperError, listen, supervise, take_lock, worker_command

LOCK_WITHIN = 5.0
"""Seconds to wait for the lock: a keeper that was just told to stop may still be leaving."""


def run(paths: Paths, *, port: int | None, upstream: str | None, stay: bool) -> int:
    """Be the keeper until it stops; returns the exit code.

    Raises:
        KeeperError: another keeper runs, or the port cannot be had.
    """
    deadline = time.monotonic() + LOCK_WITHIN
    while (lock := take_lock(paths.lock_file)) is None:
        if time.monotonic() > deadline:
            raise KeeperError("a keeper runs already; `warmside keeper stop` ends it")
        time.sleep(0.05)
    sock = listen(paths.store_file, port)
    return supervise(sock, lock, worker_command(upstream=upstream, stay=stay))


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; errors are one line on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="warmside-keeper")
    parser.add_argument("--port", type=int)
    parser.add_argument("--upstream")
    parser.add_argument("--stay", action="store_true", help="do not leave when nobody needs a keeper")
    options = parser.parse_args(arguments)
    try:
        return run(find_paths(), port=options.port, upstream=options.upstream, stay=options.stay)
    except KeeperError as error:
        sys.stderr.write(f"warmside: {error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
