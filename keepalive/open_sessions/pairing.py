"""Which of a client's sessions a process has, where the client does not say: concluded from times.

A conclusion, and marked so. Of two processes in one folder each takes a different session; while there is only one
session, the process that was there when it began takes it, and the other stays without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepalive.open_sessions.process_table import Running

SLACK_SECONDS = 2.0
"""How far a process's start and the times in its files may differ."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that a client has stored for a folder. Times are seconds since the epoch."""

    session_id: str
    created_at: float
    updated_at: float
    title: str | None = None
    version: str | None = None


class Pairing:
    """The processes of one client in one folder; what was concluded stays until there is a better reason."""

    def __init__(self) -> None:
        self._of: dict[tuple[int, str], str] = {}
        self._left: dict[str, float] = {}
        """Sessions of processes that are gone, with the time of their last change then: not news for the others."""

    def pair(self, processes: Sequence[Running], candidates: Sequence[Candidate]) -> dict[int, Candidate]:
        """The session of each process by process id; those without one are left out."""
        by_id = {candidate.session_id: candidate for candidate in candidates}
        here = {(process.pid, process.start): process for process in processes}
        for key, process in here.items():
            # A client's launcher is gone, and its child goes on.
            launcher = next((old for old in self._of if old not in here and old[0] in process.ancestors), None)
            if launcher is not None and key not in self._of:
                self._of[key] = self._of.pop(launcher)
        for key, session_id in list(self._of.items()):
            if key not in here:
                del self._of[key]
                if session_id in by_id:
                    self._left[session_id] = by_id[session_id].updated_at
        newest = sorted(candidates, key=lambda candidate: candidate.updated_at, reverse=True)
        free = [c for c in newest if c.updated_at > self._left.get(c.session_id, 0.0)]
        if len(here) == 1:
            ((key, process),) = here.items()
            ours = next((c for c in free if c.updated_at >= process.created_at - SLACK_SECONDS), None)
            if ours is not None:
                self._of[key] = ours.session_id
        else:
            self._fill(here, free)
        return {pid: by_id[session] for (pid, _), session in self._of.items() if session in by_id}

    def _fill(self, here: dict[tuple[int, str], Running], free: Sequence[Candidate]) -> None:
        taken = set(self._of.values())
        for candidate in free:
            nameless = [
                process
                for key, process in here.items()
                if key not in self._of and process.created_at - SLACK_SECONDS <= candidate.updated_at
            ]
            if candidate.session_id in taken or not nameless:
                continue
            born = candidate.created_at + SLACK_SECONDS
            owner = max(nameless, key=lambda process: (process.created_at <= born, process.created_at))
            self._of[owner.pid, owner.start] = candidate.session_id
