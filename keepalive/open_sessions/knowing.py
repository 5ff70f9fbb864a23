"""Stores what a look says of one session, and settles under which name a session of a launch goes.

A client that names no session in its requests is known to the gateway by its launch. Where the gateway keeps track of
such a client's cache, the launch's name stays: what is held and planned hangs on it. Else the session's own name wins.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from keepalive.open_sessions.types import CLAUDE, OpenSession
from store import cache, idle, launches, lineages, sessions
from store.client_version import resumes_hit
from store.models import Status, WaitingFor
from store.rows import LaunchRow

UNDER_LAUNCH = frozenset({"aider", "copilot", "pi", "qwen"})
"""Clients that speak a protocol whose cache the gateway follows, and name no session in it."""


def know(
    connection: sqlite3.Connection,
    found: OpenSession,
    previous: OpenSession | None,
    now: float,
    *,
    turn_over: bool = False,
) -> None:
    """Store what a look says; `previous` is what was seen of the same session in the same process before. `turn_over`:
    its turn has ended for some while, whatever the client's file says."""
    row = sessions.get(connection, found.session_id)
    known: dict[str, str | int | float | None] = {
        "cwd": found.cwd,
        "pid": found.pid,
        "pid_started": found.proc_start,
        "tmux_pane": found.tmux_pane,
        "client_version": found.version or (row.client_version if row else ""),
        "ended_at": None,
        "end_reason": "",
        "seen_by": found.seen_by,
    }
    if row is None:
        known["opened_at"] = found.started_at or now
        known["last_activity_at"] = found.status_updated_at or found.started_at or now
    elif row.launch_id is not None and row.pid != found.pid and found.agent == CLAUDE:
        launch = launches.get(connection, row.launch_id)
        if launch is None or launch.ended_at is not None:
            known["launch_id"] = None  # resumed by a process that does not go through the gateway (until it does)
    if row is not None and found.agent != CLAUDE and (found.status_updated_at or 0.0) > (row.last_activity_at or 0.0):
        known["last_activity_at"] = found.status_updated_at
    if row is not None and row.ended_at is not None and found.status is Status.UNKNOWN:
        known["status"] = Status.UNKNOWN
    # The client makes this name up from the folder; a title from the transcript is about the work.
    if found.name and (row is None or row.title in ("", previous.name if previous else None)):
        known["title"] = found.name
    sessions.save(connection, found.session_id, agent=found.agent, **known)
    _note_resume(connection, found, known["client_version"])
    waiting = found.waiting_for
    if found.status is Status.BUSY and waiting is None and row is not None:
        # The file says "busy" for a thinking model, a running tool and a subagent that goes on beside an ended turn:
        # who saw the request knows better.
        went_on = previous is not None and previous.status is Status.BUSY
        if row.waiting_for in (WaitingFor.TOOL, WaitingFor.PERMISSION):
            waiting = WaitingFor.TOOL
        elif went_on and (turn_over or row.waiting_for is WaitingFor.BACKGROUND):
            waiting = WaitingFor.BACKGROUND
        elif row.status is Status.IDLE and (found.status_updated_at or math.inf) < (row.waiting_since or 0.0):
            return  # it began to work, and its turn was over before this look: what was settled since stands
    if found.status is not Status.UNKNOWN:
        sessions.set_state(connection, found.session_id, found.status, waiting, found.status_updated_at or now)
        idle.note_waiting(connection, found.session_id, waiting)


def _note_resume(connection: sqlite3.Connection, found: OpenSession, client_version: object) -> None:
    """A process that started after the session's last request has opened it again (`--resume`): where that is not
    known to read the entry, nothing is said of it until the next request, which takes the stop away."""
    if found.agent != CLAUDE or found.started_at is None or resumes_hit(str(client_version)):
        return
    lineage = lineages.current(connection, found.session_id)
    if (
        lineage is not None
        and lineage.stop != cache.RESUMED
        and (lineage.last_request_at or math.inf) < found.started_at
    ):
        lineages.stop(connection, lineage.id, cache.RESUMED, {})


def by_launch(found: Iterable[OpenSession], live: Sequence[LaunchRow]) -> dict[str, OpenSession]:
    """The session of each live launch that is seen in the launch's process or below it. Of several it is the newest.

    Not for Claude Code, which names its session in every request.
    """
    matched: dict[str, OpenSession] = {}
    launch_of = {launch.pid: launch.id for launch in live}
    for session in found if launch_of else ():
        launch_id = next((launch_of[pid] for pid in (session.pid, *session.ancestors) if pid in launch_of), None)
        if launch_id is None or session.agent == CLAUDE:
            continue
        before = matched.get(launch_id)
        if before is None or (before.started_at or 0.0) <= (session.started_at or 0.0):
            matched[launch_id] = session
    return matched


def named_as_stored(found: Iterable[OpenSession], matched: dict[str, OpenSession]) -> tuple[OpenSession, ...]:
    """The sessions, under the names of those launches in `matched` that keep theirs."""
    names = {session.key: launch for launch, session in matched.items() if session.agent in UNDER_LAUNCH}
    return tuple(replace(s, session_id=names[s.key]) if s.key in names else s for s in found)


def placeholders(connection: sqlite3.Connection, found: OpenSession) -> list[str]:
    """Open sessions with an id of ours that stood for this one while its client had written nothing yet."""
    rows = connection.execute(
        "SELECT id, pid FROM sessions WHERE ended_at IS NULL AND agent = ? AND seen_by = 'process' AND id != ?",
        (found.agent, found.session_id),
    )
    above = (found.pid, *found.ancestors)
    return [str(name) for name, pid in rows if pid in above and str(name).startswith(f"{found.agent}-{pid}-")]
