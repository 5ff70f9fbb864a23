"""Whether a process is still the one that it was: process ids are used again, and a killed client leaves its files."""

from __future__ import annotations

from typing import Protocol

import psutil

from keepalive.open_sessions.types import OpenSession

START_SLACK_SECONDS = 2.0
"""How far a process's start and the client's own note of it may differ (clocks of different resolution)."""


class Processes(Protocol):
    """What the system knows of a process; None when there is none (or only its remains)."""

    def start_ticks(self, pid: int) -> int | None:
        """Start in clock ticks since boot, where the system counts so."""
        ...

    def created_at(self, pid: int) -> float | None:
        """Start in seconds since the epoch."""
        ...


class SystemProcesses:
    """The machine's processes."""

    def start_ticks(self, pid: int) -> int | None:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - asked for many processes each second
                text = file.read()
        except OSError:
            return None
        # The second field is the program's name in brackets, and may hold spaces and brackets itself.
        fields = text[text.rfind(b")") + 2 :].split()
        if len(fields) < 20 or fields[0] in (b"Z", b"X"):
            return None
        return int(fields[19])

    def created_at(self, pid: int) -> float | None:
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        except psutil.Error:
            return None


def alive(session: OpenSession, processes: Processes) -> bool:
    """Whether the process that a session was seen in still runs."""
    if session.proc_start is not None and session.proc_start.isascii() and session.proc_start.isdigit():
        ticks = processes.start_ticks(session.pid)
        if ticks is not None:
            return ticks == int(session.proc_start)
    created_at = processes.created_at(session.pid)
    if created_at is None:
        return False
    # The client notes its start a moment after its process began; a later process has taken over the id.
    return session.started_at is None or created_at <= session.started_at + START_SLACK_SECONDS
