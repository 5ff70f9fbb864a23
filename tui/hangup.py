"""A terminal that went away without a word. Usually the kernel ends who sits at it; who was started apart from it
(setsid, nohup) stays, and the library would read an end of file from it as fast as it can, for ever."""

from __future__ import annotations

import select


def hung_up(descriptor: int = 0) -> bool:
    """Whether nobody is at the other end of this terminal any more."""
    looking = select.poll()
    looking.register(descriptor, select.POLLHUP)
    return any(seen & select.POLLHUP for _, seen in looking.poll(0))
