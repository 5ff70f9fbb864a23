"""Is this session still there? Asked before each ping and each second, so it must be cheap and never guess yes.

A process that is gone, a process id that was used again, a session file that now names another session (`/clear`),
or one that the client has removed: each of them ends the session as far as spending money goes.
"""

from __future__ import annotations

from pathlib import Path

from keepalive.liveness import Processes
from keepalive.open_sessions.claude import read_session_files
from keepalive.open_sessions.types import CLAUDE
from store.rows import LaunchRow, SessionRow

START_SLACK = 2.0
"""Seconds that two readings of one process's start may differ."""


class Presence:
    """Looks at processes and at Claude Code's session files."""

    def __init__(self, claude_dir: Path, processes: Processes) -> None:
        self._claude_dir = claude_dir
        self._processes = processes

    def session_alive(self, session: SessionRow) -> bool:
        """Whether money may still be spent on this session."""
        if session.ended_at is not None:
            return False
        if session.pid is None:
            return True  # nothing is known; the launch's own process is watched
        if not self.process_alive(session):
            return False
        if session.pid_started is None or session.agent != CLAUDE:
            return True  # (the watcher ends the others' sessions within a look)
        files = read_session_files(self._claude_dir)
        if files.unreadable:
            return True  # being rewritten at this moment: the process is the witness
        return any(named.pid == session.pid and named.session_id == session.id for named in files.sessions)

    def launch_alive(self, launch: LaunchRow) -> bool:
        """Whether the launch's own process still runs."""
        created = self._processes.created_at(launch.pid)
        if created is None:
            return False
        return launch.pid_started_at is None or abs(created - launch.pid_started_at) <= START_SLACK

    def process_alive(self, session: SessionRow) -> bool:
        """Whether the process that a session's client ran as is still there; False for a session without one."""
        pid, started = session.pid, session.pid_started
        if pid is None:
            return False
        if started is not None and started.isascii() and started.isdigit():
            ticks = self._processes.start_ticks(pid)
            if ticks is not None:
                return ticks == int(started)
        return self._processes.created_at(pid) is not None
