"""What a tmux server shows: its panes, session by session, and the terminals of the people who look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tui.format import clean
from tui.tmux_talk import Talk

# Spaces and no tabs, which tmux replaces where the locale is not UTF-8; the name may hold spaces, so it comes last.
_PLACES = (
    "#{pane_id} #{pane_pid} #{?pane_dead,dead,#{pane_tty}} #{session_id} #{window_id} #{session_attached}"
    " #{window_index}.#{pane_index} #{session_name}"
)
_CLIENTS = "#{client_name} #{client_pid} #{client_activity} #{session_id} #{window_id}"


class Place(NamedTuple):
    """A pane in a session of its server: a window that is linked into two sessions gives two of each pane."""

    pane: str
    pid: int
    tty: str
    session: str
    """Its id, as the window's."""
    window: str
    attached: bool
    number: str
    """Window and pane, as a person counts them."""
    name: str
    """Of the session."""

    @property
    def target(self) -> str:
        """As tmux takes it: also the session, for a window may be in several."""
        return f"{self.session}:{self.window}.{self.pane}"

    @property
    def shown(self) -> str:
        """As people write it."""
        return f"{clean(self.name)}:{self.number}"


class Client(NamedTuple):
    """A terminal that shows a session."""

    name: str
    pid: int
    activity: int
    """When it last had a key, seconds since the epoch."""
    session: str
    window: str


async def places(talk: Talk, socket: str) -> list[Place]:
    """Every pane with a program in it."""
    return _places_of(await talk(socket, "list-panes", "-a", "-F", _PLACES))


async def clients(talk: Talk, socket: str) -> list[Client]:
    """Everybody who looks."""
    return _clients_of(await talk(socket, "list-clients", "-F", _CLIENTS))


def looking(clients: Sequence[Client], places: Sequence[Place], pane: str | None) -> Client | None:
    """Who pressed the key in this pane: of the terminals that show its window, else its session, else any, the last
    one that had a key."""
    windows = {place.window for place in places if place.pane == pane}
    sessions = {place.session for place in places if place.pane == pane}
    return max(
        clients,
        key=lambda one: (one.window in windows and one.session in sessions, one.session in sessions, one.activity),
        default=None,
    )


def _places_of(listed: str) -> list[Place]:
    """Lines of `_PLACES`; one that is none is left out."""
    found = (line.split(" ", 7) for line in listed.split("\n"))
    return [
        Place(pane, int(pid), tty, session, window, attached != "0", number, name)
        for pane, pid, tty, session, window, attached, number, name in (part for part in found if len(part) == 8)
        if pid.isdigit() and tty != "dead"
    ]


def _clients_of(listed: str) -> list[Client]:
    """Lines of `_CLIENTS`."""
    found = (line.split(" ") for line in listed.split("\n"))
    return [
        Client(name, int(pid), int(activity), session, window)
        for name, pid, activity, session, window in (part for part in found if len(part) == 5)
        if pid.isdigit() and activity.isdigit()
    ]
