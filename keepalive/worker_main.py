"""Entry point of the keeper's worker process; the supervisor starts it with the descriptors that it inherits."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
from collections.abc import Sequence

from keepalive import config as configuration
from keepalive.clock import SystemClock
from keepalive.config import Config
from keepalive.keeper_log import log_to
from keepalive.paths import Paths, find_paths
from keepalive.worker import Worker

log = logging.getLogger("warmside.worker")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve on the inherited socket until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="warmside-worker")
    parser.add_argument("--socket-fd", type=int, required=True)
    parser.add_argument("--lock-fd", type=int, required=True, help="kept open: the lock lives while we do")
    parser.add_argument("--parent", type=int)
    parser.add_argument("--upstream")
    parser.add_argument("--stay", action="store_true")
    options = parser.parse_args(arguments)
    paths = find_paths()
    log_to(paths.log_file)
    try:
        config = configuration.load(paths.config_file)
    except configuration.ConfigError as error:
        log.error("%s; requests pass, no ping is sent until this is put right and the keeper restarted", error)
        config = configuration.without_pings(paths.config_file)
    asyncio.run(_serve(options, paths, config))
    return 0


async def _serve(options: argparse.Namespace, paths: Paths, config: Config) -> None:
    worker = Worker(
        paths=paths,
        config=config,
        clock=SystemClock(),
        sock=socket.socket(fileno=options.socket_fd),
        upstream=options.upstream,
        parent=options.parent,
        stay=options.stay,
        reads_missed=config.history.catch_up,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run()


if __name__ == "__main__":
    raise SystemExit(main())
