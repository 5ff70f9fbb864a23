"""The demo's provider: the stand-in as a process that ends with its starter and keeps nothing of what it saw.

The first line on stdout is its URL. It differs from `keepalive.standin` run by hand in what a demo needs that may be
left open for hours: no log in memory, and an end when stdin is closed, so that a killed demo leaves no provider.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from keepalive.clock import SystemClock
from keepalive.demo_scenes import REPLY
from keepalive.standin import Behaviour, LogEntry, StandIn
from keepalive.standin_cache import PromptCache
from keepalive.standin_script import ScriptedAgent


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stdin is closed or a signal comes; `--lifetime`: seconds that a 5m entry lives."""
    parser = argparse.ArgumentParser(prog="python -m keepalive.demo_provider")
    parser.add_argument("--lifetime", type=float, required=True)
    asyncio.run(_serve(parser.parse_args(arguments).lifetime))


async def _serve(lifetime: float) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(sys.stdin.fileno(), ended.set)
    provider = _Provider(lifetime)
    await provider.start()
    sys.stdout.write(provider.url + "\n")
    sys.stdout.flush()
    try:
        await ended.wait()
    finally:
        await provider.stop()


class _Provider(StandIn):
    def __init__(self, lifetime: float) -> None:
        clock = SystemClock()
        cache = PromptCache(clock, {"5m": lifetime, "1h": 12 * lifetime})
        super().__init__(cache, clock, Behaviour(replies=ScriptedAgent(REPLY)), self._forget)

    def _forget(self, entry: LogEntry) -> None:
        """Each entry holds its request's body: half a megabyte every few seconds."""
        self.log.clear()


if __name__ == "__main__":
    main()
