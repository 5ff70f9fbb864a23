"""How a turn's first tool calls went, read from the transcript itself while the client still keeps it.

The store keeps which commands failed, but neither how many ran nor when in the turn: only the file knows. Nothing of
it is kept but two numbers a turn.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from store.ingest.lines import whole_lines
from store.transcripts.clients import Client, Found
from store.transcripts.events import CommandFailedEvent, Event, PromptEvent, ToolCallEvent, ToolResultEvent
from store.transcripts.registry import CLIENTS

FIRST = 10
"""Tool calls of a turn that count, of whatever tool."""
SHELLS = frozenset(
    {"Bash", "bash", "exec_command", "shell", "shell_command", "local_shell", "container.exec", "run_shell_command"}
)
"""Tools that run a shell command, in all clients."""
_CHUNK_BYTES = 256 << 10


class FirstCalls(NamedTuple):
    """The shell commands among a turn's first calls."""

    failed: int
    """That ended with an exit code other than 0."""
    results: int
    """That ended. One that was denied or cancelled did not."""


def count(events: Iterable[Event]) -> dict[int, FirstCalls]:
    """For each turn with a shell command among its first calls, how they went. Turns count as the store's do."""
    turn, called = 0, 0
    shells: dict[str, int] = {}
    broken: set[str] = set()
    ended: dict[str, bool] = {}
    for event in events:
        match event:
            case PromptEvent():
                turn, called = turn + 1, 0
            case ToolCallEvent(call_id=call_id, name=name):
                called += 1
                if called <= FIRST and name in SHELLS:
                    shells.setdefault(call_id, turn)
            case ToolResultEvent(call_id=call_id, is_error=is_error):
                ended.setdefault(call_id, is_error)
            case CommandFailedEvent(call_id=call_id):
                broken.add(call_id)
            case _:
                pass
    found: dict[int, FirstCalls] = {}
    for call_id, of_turn in shells.items():
        failed = call_id in broken
        if failed or ended.get(call_id) is False:
            before = found.get(of_turn, FirstCalls(0, 0))
            found[of_turn] = FirstCalls(before.failed + failed, before.results + 1)
    return found


def read(connection: sqlite3.Connection, session_id: str) -> dict[int, FirstCalls] | None:
    """The first calls of a session's turns, from the file that tells its turns; None where that is gone."""
    row = connection.execute(
        "SELECT agent, path, session_id, agent_id, size, mtime_ns FROM sources"
        " WHERE session_id = ? AND agent_id = '' AND error = '' ORDER BY lines DESC, path LIMIT 1",
        (session_id,),
    ).fetchone()
    if row is None:
        return None
    found = Found(*row)
    known = next((one for one in CLIENTS if one.name == found.agent), None)
    if known is None:
        return None
    try:
        return count(known.reader().feed(_lines(known, found)))
    except (OSError, sqlite3.Error):
        return None


def _lines(known: Client, found: Found) -> Iterator[bytes]:
    if known.lines is not None:
        yield from known.lines(found)
        return
    path = Path(found.path)
    if not path.is_file():  # (a pipe of that name would hold everything up)
        raise FileNotFoundError(path)
    with path.open("rb", buffering=0) as file:
        for lines, _ in whole_lines(file, _CHUNK_BYTES):
            yield from lines
