"""Importing a lot at once without the cycle collector, which else walks over all that was imported, again and again: a
sixth of the sidebar's start. What is there afterwards stays for good and is never walked over."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection inside; not to be used again and again, since what is garbage at the end is kept too."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
