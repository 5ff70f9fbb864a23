"""How each open session can be kept warm: the plugin in it, and whether its requests pass the gateway. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepalive.doctor.finding import Finding, note, ok

MOST = 20
"""Sessions with a line of their own."""


@dataclass(frozen=True, slots=True)
class Open:
    """One open session. `plugin`: the version that answers in it, None where none does. `through` None: the store does
    not know the session."""

    agent: str
    session_id: str
    project: str
    pid: int | None
    plugin: str | None = None
    through: bool | None = None


@dataclass(frozen=True, slots=True)
class Sessions:
    """All of them. `wanted` is the plugin's version that is installed, None where none is."""

    found: Sequence[Open]
    wanted: str | None


def check(sessions: Sessions) -> list[Finding]:
    """A line each, those with something to do first."""
    if not sessions.found:
        return [ok("no open session")]
    said = sorted((_one(session, sessions.wanted) for session in sessions.found), key=lambda one: one.level == "ok")
    left = len(said) - MOST
    return said if left <= 0 else [*said[:MOST], note(f"and {left} more open sessions")]


def _one(session: Open, wanted: str | None) -> Finding:
    pid = "" if session.pid is None else f", pid {session.pid}"
    name = f"{session.project or session.session_id[:8]} ({session.agent}{pid})"
    way = "through the gateway" if session.through else "watched only"
    if session.through is None:
        way = "not in the store yet"
    if session.agent != "claude":
        return ok(f"{name}: {way}")
    if session.plugin is None:
        if wanted is None:
            return ok(f"{name}: {way}, without the plugin")
        return note(f"{name}: {way}, plugin not active", "/reload-plugins in that session, or restart it")
    if session.through is False:
        way = "beside the gateway"
    if wanted is not None and session.plugin != wanted:
        text = f"{name}: {way}, plugin {session.plugin} active, {wanted} is installed"
        return note(text, "/reload-plugins in that session, or restart it")
    return ok(f"{name}: {way}, plugin active")
