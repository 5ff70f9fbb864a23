"""Waiting for a condition with a deadline: the only way in which the end-to-end tests wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 30.0
"""Seconds that anything may take that does not wait for a lifetime."""
POLL = 0.1

T = TypeVar("T")


def until(condition: Callable[[], T | bool | None], seconds: float, what: str) -> T:
    """Poll until the condition is truthy, and return what it gave. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value  # type: ignore[return-value]  # truthy: neither None nor False
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(POLL)


def wait_past(moment: float) -> None:
    """Let time go by until a moment of the wall clock: nothing is expected to happen before."""
    until(lambda: time.time() > moment, max(0.0, moment - time.time()) + 5.0, "time goes by")
