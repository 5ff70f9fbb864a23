"""Qwen Code: its session files name session and process; status and pane are not in them."""

from __future__ import annotations

from pathlib import Path

from keepalive.open_sessions.claude import SessionFiles
from keepalive.open_sessions.session_files import seconds, session_files, text
from keepalive.open_sessions.types import OpenSession, SeenBy
from store.models import Status

AGENT = "qwen"


def read_session_files(folder: Path) -> SessionFiles:
    """Every session file under the client's folder (`~/.qwen`), whether its process lives or not."""
    sessions: list[OpenSession] = []
    unreadable = 0
    for pid, loaded in session_files(folder / "sessions"):
        if loaded is None:
            unreadable += 1
        elif session := _session(pid, loaded):
            sessions.append(session)
    return SessionFiles(tuple(sessions), unreadable)


def _session(pid: int, loaded: dict[str, object]) -> OpenSession | None:
    session_id = text(loaded, "sessionId")
    if session_id is None:
        return None
    # `<boot id>:<clock ticks>`
    start = (text(loaded, "procStart") or "").rpartition(":")[2]
    return OpenSession(
        agent=AGENT,
        session_id=session_id,
        seen_by=SeenBy.SESSION_FILE,
        pid=pid,
        cwd=text(loaded, "cwd") or "",
        status=Status.UNKNOWN,
        waiting_for=None,
        name=text(loaded, "name"),
        version=text(loaded, "qwenVersion"),
        entrypoint=text(loaded, "kind"),
        started_at=seconds(loaded, "startedAt"),
        proc_start=start or None,
        status_updated_at=None,
        tmux_pane=None,
    )
