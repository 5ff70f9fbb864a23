"""What an adapter is asked and what it answers. A new client is one module with one `Adapter` in it.

Standard library alone, and the light part of it: `warmside run` stands in front of every start of a client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

BASE_URL = "ANTHROPIC_BASE_URL"
RUN_PID = "WARMSIDE_RUN_PID"
"""Set for the client and all below it: its process. A shell that outlived the process is in no launch."""
PASSING = "pass-"
"""How the tokens of launches begin whose requests only pass: none of them is ever kept, so nothing of theirs can be
pinged, and whoever reads such a token off a command line has gained nothing."""

UpstreamOf = Callable[[str], str | None]
"""Where the launch with this token sends its requests; None for an unknown token."""


class LaunchError(Exception):
    """The client cannot be started through the gateway; one line that says why."""


class Asked(NamedTuple):
    """One start of a client, as it was typed and where."""

    command: Sequence[str]
    gateway_url: str
    """With the launch's token, without a slash at its end."""
    upstream: str | None
    """Where the person said that requests go."""
    default_upstream: str
    """Anthropic's address, from the configuration."""
    upstream_of: UpstreamOf
    environ: Mapping[str, str]
    cwd: Path
    claude_dir: Path
    codex_dir: Path
    settings_file: Path
    """Where the client's settings will be, if it takes them from a file."""

    @property
    def home(self) -> Path:
        """The person's home, as the clients find it."""
        return Path(self.environ.get("HOME") or Path.home())


class Start(NamedTuple):
    """What to run instead of the command as typed. `environment` holds only what differs from ours."""

    agent: str
    argv: tuple[str, ...]
    upstream: str
    environment: Mapping[str, str]
    proxy: str | None = None
    """Without user name and password."""
    ca_file: str | None = None
    settings: str | None = None
    """What belongs in the settings file that `argv` names (see `write_settings`)."""
    note: str = ""
    """For the person: one line, or nothing."""


class Adapter(Protocol):
    """Knows how one client is told its base URL without a change to any file of the person's."""

    name: str
    """The client's command, and the name that its sessions go by."""
    passing: bool
    """Its requests are of an API whose cache we do not follow: they pass and are never kept."""
    elsewhere: frozenset[str]
    """First arguments with which the client holds no conversation: nothing is done about such a start."""

    def plan(self, asked: Asked) -> Start:
        """How to start it.

        Raises:
            LaunchError: what the person set cannot be kept.
        """
        ...


def as_typed(asked: Asked, agent: str, upstream: str, note: str) -> Start:
    """The client without a base URL of ours: its requests go where they went, its session is seen by its files."""
    return Start(agent=agent, argv=tuple(asked.command), upstream=upstream, environment={}, note=note)
