"""What one look at the machine says of an open session, whichever client it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from store.models import Status, WaitingFor

CLAUDE = "claude"


class SeenBy(StrEnum):
    """How we know that a session is open, best first."""

    SESSION_FILE = "session_file"
    """The client keeps a file about its own process that names the session."""
    LOCK = "lock"
    """A living process holds the lock of the session's record."""
    HOLD_FILE = "hold_file"
    """A living process holds a file open that lies in the session's folder."""
    LAUNCH = "launch"
    """We started the client, and its requests come by."""
    PROCESS = "process"
    """A client's process runs; which session it has is concluded from its folder and the time."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One open session. Times are seconds since the epoch, UTC."""

    agent: str
    session_id: str
    seen_by: SeenBy
    pid: int
    """The process to watch and to jump to: the client's own, or where only a shared daemon is known that one."""
    cwd: str
    status: Status
    waiting_for: WaitingFor | None
    name: str | None
    version: str | None
    entrypoint: str | None
    """For Claude Code `cli` for the terminal, `sdk-cli` for a one-shot call, and others."""
    started_at: float | None
    proc_start: str | None
    """The process's start: clock ticks since boot on Linux, a text elsewhere. Tells a reused process id."""
    status_updated_at: float | None
    tmux_pane: str | None
    ancestors: tuple[int, ...] = ()
    """Process ids above `pid`, nearest first: one of them may be a launch of ours."""
    shared: bool = False
    """`pid` is a daemon that several terminals share: it runs in none of them."""
    made_up: bool = False
    """The id is ours (`<agent>-<pid>-<start>`), since the client has written no session yet."""

    @property
    def key(self) -> tuple[str, str, int]:
        """One process may hold several sessions, and one session may be open in several processes."""
        return self.agent, self.session_id, self.pid


@dataclass(frozen=True, slots=True)
class Sightings:
    """One look. `torn` names the clients whose files could not be read this time (being rewritten, locked): what is
    missing of theirs proves nothing."""

    sessions: tuple[OpenSession, ...] = ()
    torn: frozenset[str] = frozenset()


def one_line(text: object, limit: int = 200) -> str | None:
    """A title as one line of at most `limit` characters; None for anything else than a text."""
    if not isinstance(text, str):
        return None
    line = next((part.strip() for part in text.splitlines() if part.strip()), "")
    return line[:limit] or None
