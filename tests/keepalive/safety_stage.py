"""What every course of events begins with: the sessions, a furnished store, and a store and threads that take turns in
an order that a test can repeat.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from keepalive.exchange import RawHeaders
from store import idle_compaction
from tests.fresh_store import fresh_store
from tests.keepalive.money_harness import OTHER_KEY, HookedStore, Talk, furnish
from tests.keepalive.safety_subject import Subject

P = ParamSpec("P")
T = TypeVar("T")
FILLER = "x" * 6_000
HOPS: RawHeaders = (
    (b"Host", b"127.0.0.1:4"),
    (b"Connection", b"keep-alive, X-Hop"),
    (b"X-Hop", b"1"),
    (b"Keep-Alive", b"timeout=5"),
    (b"Accept-Encoding", b"gzip, br"),
    (b"Content-Length", b"6000"),
    (b"TE", b"trailers"),
    (b"anthropic-version", b"2023-06-01"),
)
"""What a client's own connection says, and one header that belongs to the request."""
PROMISES = ("kept", "held", "tool_guard")
"""Reason codes of a plan that sends a ping."""


seen: Counter[str] = Counter()
"""Over all courses: that the machine gets anywhere near what it is there to forbid."""
TEMPLATE: list[Path] = []
"""The store that a course begins with."""


def subjects() -> list[Subject]:
    """Each with a system prompt of its own, so that their entries are their own; the first two share an account."""
    return [
        Subject(Talk(session="s0", system="zero " + FILLER)),
        Subject(Talk(session="s1", system="one " + FILLER, more_headers=HOPS)),
        Subject(Talk(session="s2", system="two " + FILLER, key=OTHER_KEY, ttl="1h"), compacts=True),
        Subject(Talk(session="s3", system="three " + FILLER, key="sk-ant-oat-0003", oauth=True)),
    ]


def template() -> Path:
    """A furnished store, to be copied: its migrations need not run for each course."""
    path = Path(tempfile.mkdtemp()) / "template.db"
    connection = fresh_store(path)
    furnish(connection)
    idle_compaction.put(connection, idle_compaction.Rule(True, 1))
    connection.close()
    return path


class AtOnce(ThreadPoolExecutor):
    """Does in the loop's own thread what is meant for others: no waiting, and the same course runs the same again."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done = Future[T]()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


class SteppedStore(HookedStore):
    """The store without a thread of its own; others get a turn between any two uses of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._executor = AtOnce(max_workers=1)
