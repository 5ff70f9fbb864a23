"""What forgetting takes away, and what it leaves."""

from __future__ import annotations

from store.row import Row


class Doomed(Row, frozen=True, kw_only=True):
    """A session that is to be forgotten, and how much of it there is."""

    id: str
    agent: str
    project: str
    title: str
    last_activity_at: float | None
    open: bool
    """As far as the store knows."""
    turns: int
    requests: int
    pings: int


class Gone(Row, frozen=True, kw_only=True):
    """What was deleted, and what stays."""

    sessions: tuple[str, ...] = ()
    turns: int = 0
    requests: int = 0
    """Without those that another session's transcript holds too: they are that one's now (`passed_on`)."""
    passed_on: int = 0
    pings: int = 0
    """These stay, without a name: what was spent was spent."""
