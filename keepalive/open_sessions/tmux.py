"""The tmux pane that a process runs in: as tmux told it at its start, else by asking which pane it descends from."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping

from keepalive.open_sessions.process_table import ProcessTable

ASK_SECONDS = 10.0
"""tmux is asked at most this often, and only while there is a process whose pane nothing else tells."""

_PANE = re.compile(r"%[0-9]+")
_FORMAT = "#{pane_id} #{pane_pid}"

ListPanes = Callable[[str | None], str]
"""Lines of `_FORMAT` for a server's socket (None: the usual one); '' when there is none."""


def list_panes(socket: str | None) -> str:
    """Ask tmux; it changes nothing there."""
    command = ["tmux", *(["-S", socket] if socket else []), "list-panes", "-a", "-F", _FORMAT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=1.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


class Panes:
    """Remembers each process's pane."""

    def __init__(self, table: ProcessTable, now: Callable[[], float], ask: ListPanes = list_panes) -> None:
        self._table = table
        self._now = now
        self._ask = ask
        self._known: dict[tuple[int, str | None], str | None] = {}
        self._unknown: dict[tuple[int, str | None], str | None] = {}
        self._asked: dict[str | None, tuple[float, dict[int, str]]] = {}

    def of(self, pid: int, start: str | None, ancestors: tuple[int, ...]) -> str | None:
        """The pane of the process with this id and start."""
        key = (pid, start)
        if key in self._known:
            return self._known[key]
        if key not in self._unknown:
            environment = self._table.environment(pid)
            if environment is not None and (not environment.get("TMUX") or _named(environment)):
                self._known[key] = _named(environment) if environment.get("TMUX") else None
                return self._known[key]
            self._unknown[key] = (environment or {}).get("TMUX", "").partition(",")[0] or None
        panes = self._panes(self._unknown[key])
        found = next((panes[above] for above in (pid, *ancestors) if above in panes), None)
        if found is not None:
            self._known[key] = found
        return found

    def forget(self, living: set[int]) -> None:
        """Drop what was known of processes that are gone."""
        for kept in (self._known, self._unknown):
            for key in [key for key in kept if key[0] not in living]:
                del kept[key]

    def _panes(self, socket: str | None) -> dict[int, str]:
        asked_at, panes = self._asked.get(socket, (float("-inf"), {}))
        if self._now() - asked_at >= ASK_SECONDS:
            parts = (line.split() for line in self._ask(socket).splitlines())
            panes = {int(part[1]): part[0] for part in parts if len(part) == 2 and part[1].isdigit()}
            self._asked[socket] = (self._now(), panes)
        return panes


def _named(environment: Mapping[str, str]) -> str | None:
    pane = environment.get("TMUX_PANE", "")
    return pane if _PANE.fullmatch(pane) else None
