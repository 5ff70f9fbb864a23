"""Copilot CLI: a process holds `inuse.<pid>.hold` open in the folder of the session that it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from keepalive.open_sessions.client_processes import Client
from keepalive.open_sessions.process_table import ProcessTable, Running
from keepalive.open_sessions.types import OpenSession, SeenBy, one_line
from store.models import Status

AGENT = "copilot"
REFRESH_SECONDS = 2.0
"""Which files a process has open is asked this often: it may go over to another session."""

_FIELD = re.compile(r"(cwd|name|created_at|updated_at): *(.*?) *")
_MAX_WORKSPACE_BYTES = 64 << 10


class CopilotSessions:
    """Remembers which session each process holds."""

    def __init__(self, folder: Path, table: ProcessTable, now: Callable[[], float]) -> None:
        self._sessions = folder / "session-state"
        self._table = table
        self._now = now
        self._held: dict[tuple[int, str], tuple[float, tuple[Path, ...]]] = {}

    def look(self, clients: Iterable[Client]) -> list[OpenSession]:
        """The open sessions of Copilot's processes, all of which are `clients`."""
        members = [member for client in clients for member in client.members]
        alive = {(member.pid, member.start) for member in members}
        self._held = {key: held for key, held in self._held.items() if key in alive}
        return [_open(member, folder) for member in members for folder in self._folders(member)]

    def left_behind(self, session_id: str, pid: int) -> bool:
        """Whether the hold of this process is still there: a client that leaves by itself takes it away."""
        return "/" not in session_id and (self._sessions / session_id / f"inuse.{pid}.hold").exists()

    def _folders(self, member: Running) -> tuple[Path, ...]:
        looked_at, folders = self._held.get((member.pid, member.start), (float("-inf"), ()))
        gone = not folders or any(not (folder / f"inuse.{member.pid}.hold").exists() for folder in folders)
        if gone or self._now() - looked_at >= REFRESH_SECONDS:
            folders = tuple(sorted(self._ask(member.pid)))
            self._held[member.pid, member.start] = (self._now(), folders)
        return folders

    def _ask(self, pid: int) -> set[Path]:
        # The client's cache of its own program has such files too.
        held = {Path(name) for name in self._table.open_files(pid) if name.endswith(f"/inuse.{pid}.hold")}
        return {path.parent for path in held if path.parent.parent == self._sessions.resolve() and path.exists()}


def workspace(folder: Path) -> dict[str, str]:
    """The plain `key: value` lines of a session's `workspace.yaml` that are needed here; {} while there is none."""
    try:
        with (folder / "workspace.yaml").open("rb") as file:
            text = file.read(_MAX_WORKSPACE_BYTES).decode("utf-8", "replace")
    except FileNotFoundError:
        return {}
    found = {}
    for line in text.splitlines():
        if match := _FIELD.fullmatch(line):
            value = match[2]
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1].replace("''", "'") if value[0] == "'" else value[1:-1].replace('\\"', '"')
            found[match[1]] = value
    return found


def _open(member: Running, folder: Path) -> OpenSession:
    said = workspace(folder)
    return OpenSession(
        agent=AGENT,
        session_id=folder.name,
        seen_by=SeenBy.HOLD_FILE,
        pid=member.pid,
        cwd=said.get("cwd") or member.cwd,
        status=Status.UNKNOWN,
        waiting_for=None,
        name=one_line(said.get("name")),
        version=None,
        entrypoint=None,
        started_at=_seconds(said.get("created_at")) or member.created_at,
        proc_start=member.start,
        status_updated_at=_seconds(said.get("updated_at")),
        tmux_pane=None,
        ancestors=member.ancestors,
    )


def _seconds(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except ValueError:
        return None
