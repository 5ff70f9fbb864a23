"""`warmside run`: works out how a client is started so that its requests pass our gateway, and changes nothing else.

Each client has an adapter in launching/, which tells it its base URL by its own configuration and edits no file of the
person's. A base URL that was set before becomes the launch's upstream. The command replaces this process; see
tui/cli_run.py.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path

from keepalive.launching.start import PASSING, Adapter, Asked, LaunchError, Start, UpstreamOf

__all__ = [
    "ADAPTERS",
    "Asked",
    "LaunchError",
    "Start",
    "UpstreamOf",
    "adapter_of",
    "holds_conversation",
    "new_token",
    "prepare",
    "write_settings",
]

ADAPTERS = ("aider", "claude", "codex", "gemini", "opencode")
"""Clients with an adapter of their own; each in a module of its name, imported when it is needed."""


def adapter_of(command: Sequence[str]) -> Adapter:
    """The adapter of the client that the command starts."""
    name = Path(command[0]).name
    module = importlib.import_module(f"keepalive.launching.{name if name in ADAPTERS else 'other'}")
    adapter: Adapter = module.adapter(command[0])
    return adapter


def holds_conversation(command: Sequence[str]) -> bool:
    """Whether the client may talk to a model; asking for its version or its configuration is no launch."""
    return len(command) < 2 or command[1] not in adapter_of(command).elsewhere


def new_token(command: Sequence[str]) -> str:
    """A token for one start of the command, 128 bit; see `PASSING`."""
    return (PASSING if adapter_of(command).passing else "") + os.urandom(16).hex()


def prepare(asked: Asked) -> Start:
    """Plan a launch.

    Raises:
        LaunchError: the person's own settings cannot be read, or the upstream is no URL.
    """
    return adapter_of(asked.command).plan(asked)


def write_settings(path: Path, text: str) -> None:
    """Write a launch's settings for its client alone: 0600 in a 0700 folder."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
