"""Claude Code: the files that the client keeps about its own processes.

A session is open when its file exists, its process lives and that process is the one that wrote the file. Nothing
here writes, waits or asks the client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from keepalive.open_sessions.session_files import digits, seconds, session_files, text
from keepalive.open_sessions.types import CLAUDE, OpenSession, SeenBy
from store.models import Status, WaitingFor

_TMUX_PANE = re.compile(r"%[0-9]+$")
_DAEMONS = frozenset({"daemon", "daemon-worker"})

_STATUS: dict[str, tuple[Status, WaitingFor | None]] = {
    # What `waiting` means depends on what it waits for, below.
    "busy": (Status.BUSY, None),
    "idle": (Status.IDLE, WaitingFor.YOU),
    # The prompt is free, and something still runs in the background.
    "shell": (Status.IDLE, WaitingFor.BACKGROUND),
}
_DIALOG = "dialog open"
"""`waitingFor` while a dialog of the client's own covers the prompt: nothing of the agent runs."""
_PERMISSIONS = frozenset({"permission prompt", "sandbox request", "worker request", "goal proposal"})
"""What `waitingFor` says when the answer is a yes or no to something the agent wants to do; else it asks or shows."""


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """One look at the folder. A file that is being rewritten counts as unreadable for this look: keep what was known
    of its process until the next one."""

    sessions: tuple[OpenSession, ...] = ()
    unreadable: int = 0


def read_session_files(folder: Path) -> SessionFiles:
    """Every session file under the client's folder, whether its process lives or not."""
    sessions: list[OpenSession] = []
    unreadable = 0
    for pid, loaded in session_files(folder / "sessions"):
        if loaded is None:
            unreadable += 1
        elif session := _session(pid, loaded):
            sessions.append(session)
    return SessionFiles(tuple(sessions), unreadable)


def _session(pid: int, loaded: dict[str, object]) -> OpenSession | None:
    """None for a file without a session in it: a daemon, or a process held in reserve."""
    session_id = text(loaded, "sessionId")
    if session_id is None or loaded.get("spare") is True or loaded.get("kind") in _DAEMONS:
        return None
    status, waiting_for = _STATUS.get(text(loaded, "status") or "", (Status.UNKNOWN, None))
    if loaded.get("status") == "waiting":
        asked = text(loaded, "waitingFor")
        waiting_for = WaitingFor.PERMISSION if asked in _PERMISSIONS else WaitingFor.YOU
        status = Status.IDLE if asked == _DIALOG else Status.BUSY
    pane = _TMUX_PANE.search(text(loaded, "tmux") or "")
    return OpenSession(
        agent=CLAUDE,
        session_id=session_id,
        seen_by=SeenBy.SESSION_FILE,
        pid=pid,
        cwd=text(loaded, "cwd") or "",
        status=status,
        waiting_for=waiting_for,
        name=text(loaded, "name"),
        version=text(loaded, "version"),
        entrypoint=text(loaded, "entrypoint"),
        started_at=seconds(loaded, "startedAt"),
        proc_start=text(loaded, "procStart") or digits(loaded.get("procStart")),
        status_updated_at=seconds(loaded, "statusUpdatedAt"),
        tmux_pane=pane[0] if pane else None,
    )
