"""The provider stand-in as a process of its own, for tests that drive real clients from outside.

The first line on stdout is its URL; each finished request becomes one JSON line of the log file. With --tell-streams
stdout also gets the number of each request when its stream begins. It ends on SIGTERM or SIGINT with exit code 0.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from keepalive.clock import SystemClock
from keepalive.standin import Behaviour, StandIn
from keepalive.standin_cache import PROMISED_TTL, PromptCache, minimum_prefix_tokens
from keepalive.standin_log import LogEntry
from keepalive.standin_script import DEFAULT_TEXT, ScriptedAgent
from store.models import TTLClass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until a signal ends it."""
    options = _options().parse_args(arguments)
    clock = SystemClock()
    minimum = minimum_prefix_tokens if options.minimum is None else options.minimum
    cache = PromptCache(clock, {**PROMISED_TTL, **dict(options.ttl)}, minimum)
    behaviour = Behaviour(replies=ScriptedAgent(options.reply))
    with ExitStack() as stack:
        on_entry = None
        if options.log is not None:
            on_entry = _writer(stack.enter_context(options.log.open("a", encoding="utf-8")))
        on_stream = (lambda n: _say(str(n))) if options.tell_streams else None
        asyncio.run(_serve(StandIn(cache, clock, behaviour, on_entry, on_stream), options.port))


async def _serve(standin: StandIn, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await standin.start(port=port)
    _say(standin.url)
    try:
        await ended.wait()
    finally:
        await standin.stop()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _writer(file: TextIO) -> Callable[[LogEntry], None]:
    def write(entry: LogEntry) -> None:
        file.write(entry.line() + "\n")
        file.flush()

    return write


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m keepalive.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--ttl", type=_lifetime, action="append", default=[], metavar="CLASS=SECONDS", help="5m=40, 1h=480"
    )
    parser.add_argument("--minimum", type=int, help="shortest prefix in tokens that is cached, for every model")
    parser.add_argument("--log", type=Path, help="file that gets one JSON line per request")
    parser.add_argument("--tell-streams", action="store_true", help="say on stdout when a stream begins")
    parser.add_argument("--reply", default=DEFAULT_TEXT, help="text of the answers")
    return parser


def _lifetime(text: str) -> tuple[TTLClass, float]:
    name, _, seconds = text.partition("=")
    if name == "5m":
        return "5m", float(seconds)
    if name == "1h":
        return "1h", float(seconds)
    raise argparse.ArgumentTypeError(f"{text!r} is not 5m=SECONDS or 1h=SECONDS")
