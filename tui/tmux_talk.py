"""A short conversation with a tmux server from a running screen: beside its event loop, within a deadline.

Every server is named by its socket, so that nothing depends on which one this process happens to be in.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Protocol

DEADLINE_SECONDS = 3.0


class TmuxSilent(Exception):
    """tmux is not there or does not answer; one line."""


class TmuxRefused(Exception):
    """tmux says no: no such server, pane, client or option; its own words in one line."""


class Talk(Protocol):
    """Commands to the server at a socket; returns what they print.

    Raises:
        TmuxSilent, TmuxRefused
    """

    async def __call__(self, socket: str, *words: str, given: str = "") -> str:
        """`given`: what the command reads."""
        ...


async def ask(socket: str, *words: str, given: str = "") -> str:
    """`Talk` with the real one."""
    # Whose client and which pane is meant is always said: what the environment says would only be another opinion.
    environ = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    try:
        running = await asyncio.create_subprocess_exec(
            *("tmux", "-S", socket, *words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ,
        )
    except FileNotFoundError:
        raise TmuxSilent("tmux is not on PATH") from None
    except OSError as error:
        raise TmuxSilent(f"tmux does not start: {error.strerror}") from None
    try:
        said, complained = await asyncio.wait_for(running.communicate(given.encode()), DEADLINE_SECONDS)
    except TimeoutError:
        raise TmuxSilent("tmux does not answer") from None
    finally:
        if running.returncode is None:  # too late, or nobody waits any more
            running.kill()
            await running.wait()
    if running.returncode != 0:
        words_of_it = " ".join(complained.decode("utf-8", "replace").split())
        raise TmuxRefused(words_of_it or f"tmux ended with {running.returncode}")
    return said.decode("utf-8", "replace")


def own_socket(environ: Mapping[str, str]) -> str | None:
    """The server that a process with this environment runs in."""
    return environ.get("TMUX", "").partition(",")[0] or None


def usual_socket(environ: Mapping[str, str]) -> str:
    """Where plain `tmux` finds its server."""
    folder = environ.get("TMUX_TMPDIR") or "/tmp"  # noqa: S108 - tmux's choice; in it is a folder of the user alone
    return f"{folder}/tmux-{os.getuid()}/default"
