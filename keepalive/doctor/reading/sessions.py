"""Puts together what the client's files, the plugin's folder and the store say of open sessions."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.claude import installed
from keepalive.doctor.sessions import Open, Sessions
from keepalive.liveness import SystemProcesses, alive
from keepalive.open_sessions.claude import read_session_files
from keepalive.open_sessions.types import CLAUDE
from keepalive.plugin_folder import PluginFolder

_ONE_SHOT = "sdk-cli"
"""Entrypoint of a call that answers once and ends: nothing of it is kept warm."""


class _Stored(NamedTuple):
    agent: str
    project: str
    pid: int | None
    through: bool


def read(around: Around) -> Sessions:
    """Claude Code's from its own files, with the plugin's word; all others as the store has them.

    A session that the store alone has as open counts only while its process may live: the keeper that would have
    closed it may be gone for days.
    """
    stored, processes = _stored(around), SystemProcesses()
    folder = PluginFolder(around.paths.plugin_dir, around.clock)
    said = folder.announcements()
    found: list[Open] = []
    for session in read_session_files(around.paths.claude_dir).sessions:
        if session.entrypoint == _ONE_SHOT or not alive(session, processes):
            continue
        announced, known = said.get(session.session_id), stored.pop(session.session_id, None)
        found.append(
            Open(
                CLAUDE,
                session.session_id,
                (known.project if known else "") or PurePath(session.cwd).name,
                session.pid,
                plugin=announced.plugin if announced is not None and folder.fresh(announced) else None,
                through=known.through if known else None,
            )
        )
    for session_id, row in stored.items():
        if row.agent != CLAUDE and row.pid is not None and processes.created_at(row.pid) is not None:
            found.append(Open(row.agent, session_id, row.project, row.pid, through=row.through))
    entry = installed(around.paths)
    return Sessions(found, entry.plugin if entry else None)


def _stored(around: Around) -> dict[str, _Stored]:
    with around.store() as connection:
        if connection is None:
            return {}
        rows = connection.execute(
            "SELECT id, agent, project, pid, launch_id IS NOT NULL FROM sessions WHERE ended_at IS NULL"
            " ORDER BY last_activity_at DESC LIMIT 500"
        )
        return {row[0]: _Stored(row[1], row[2], row[3], bool(row[4])) for row in rows}
