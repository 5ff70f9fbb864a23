"""Clients that say nothing about which session is open: their process, its folder, and the newest session there.

Until a session shows up the process itself stands for it, under an id that is ours. Nothing here says what a session
does: its status is unknown unless its transcript tells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from keepalive.open_sessions.client_processes import Client
from keepalive.open_sessions.pairing import Candidate, Pairing
from keepalive.open_sessions.stored import Stored
from keepalive.open_sessions.types import OpenSession, SeenBy
from store.models import Status

REFRESH_SECONDS = 5.0
"""A process that has a session is asked about another one (`/new`) this often; one without at every look."""


@dataclass(slots=True)
class _Folder:
    pairing: Pairing
    here: frozenset[tuple[int, str]] = frozenset()
    looked_at: float = float("-inf")
    sessions: Mapping[int, Candidate] | None = None


class ByProcess:
    """Remembers what each process's session was concluded to be."""

    def __init__(self, stored: Mapping[str, Stored], now: Callable[[], float]) -> None:
        """`stored`: where each client keeps sessions; one that is not in it has none with ids (aider)."""
        self._stored = stored
        self._now = now
        self._folders: dict[tuple[str, str], _Folder] = {}

    def look(self, agent: str, clients: Sequence[Client]) -> list[OpenSession]:
        """The open sessions of one client's processes, all of which are `clients`.

        Raises:
            OSError, sqlite3.Error: the client's sessions cannot be read now.
        """
        by_folder: dict[str, list[Client]] = defaultdict(list)
        for client in clients:
            by_folder[client.top.cwd].append(client)
        for key in [key for key in self._folders if key[0] == agent and key[1] not in by_folder]:
            del self._folders[key]
        found = []
        for cwd, here in by_folder.items():
            sessions = self._sessions(agent, cwd, here)
            found += [_open(client, sessions.get(client.top.pid)) for client in here]
        return found

    def _sessions(self, agent: str, cwd: str, here: Sequence[Client]) -> Mapping[int, Candidate]:
        stored = self._stored.get(agent)
        if stored is None:
            return {}
        folder = self._folders.setdefault((agent, cwd), _Folder(Pairing()))
        present = frozenset((client.top.pid, client.top.start) for client in here)
        known = folder.sessions
        named = known is not None and len(known) == len(here) and present == folder.here
        if known is None or not named or self._now() - folder.looked_at >= REFRESH_SECONDS:
            known = folder.pairing.pair([client.top for client in here], stored(cwd))
            folder.sessions, folder.here, folder.looked_at = known, present, self._now()
        return known


def made_up_id(client: Client) -> str:
    """An id for a session that its client has not named: stable as long as the process lives."""
    return f"{client.agent}-{client.top.pid}-{client.top.start}".replace(" ", "")


def _open(client: Client, stored: Candidate | None) -> OpenSession:
    return OpenSession(
        agent=client.agent,
        session_id=made_up_id(client) if stored is None else stored.session_id,
        seen_by=SeenBy.PROCESS,
        pid=client.top.pid,
        cwd=client.top.cwd,
        status=Status.UNKNOWN,
        waiting_for=None,
        name=stored.title if stored else None,
        version=stored.version if stored else None,
        entrypoint=None,
        started_at=client.top.created_at,
        proc_start=client.top.start,
        status_updated_at=stored.updated_at if stored else None,
        tmux_pane=None,
        ancestors=client.top.ancestors,
        made_up=stored is None,
    )
