"""Go to the tmux pane in which a session's agent runs: find it by the process, bring it in front of the person.

The process is asked first and the stored pane last: a pane's number says nothing of its server, and a terminal window
that was opened from a pane hands the number on to whoever starts in it. Nothing here blocks, and every failure is one
line that begins with what matters, since a narrow sidebar cuts its end.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from store.models import SessionView
from tui import tmux_places
from tui.format import clean
from tui.tmux_places import Client, Place, looking
from tui.tmux_talk import Talk, TmuxRefused, TmuxSilent, ask, own_socket, usual_socket

if TYPE_CHECKING:
    import psutil

_MOST_ANCESTORS = 16


class Jumped(NamedTuple):
    """What came of it, to be said."""

    line: str
    bad: bool = False


class Traced(NamedTuple):
    """What the system says of a process."""

    chain: tuple[int, ...]
    """Its id and those above it, nearest first."""
    tty: str | None
    socket: str | None
    """The tmux server and the pane that its environment names."""
    pane: str | None


Trace = Callable[[int], Traced | None]


def _terminal(process: psutil.Process) -> str | None:
    """Its terminal. The library remembers the machine's terminals from the first time it is asked, and a sidebar is
    open for days: it is made to look again."""
    from psutil import _psposix

    forget = getattr(_psposix.get_terminal_map, "cache_clear", None)
    if forget is not None:
        forget()
    return process.terminal()


def trace(pid: int) -> Traced | None:
    """Ask the system; blocks for some milliseconds. None when there is no such process."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        chain = (pid, *(parent.pid for parent in process.parents()[:_MOST_ANCESTORS] if parent.pid > 1))
        tty = _terminal(process)
    except psutil.Error:
        return None
    try:
        environ: Mapping[str, str] = process.environ()
    except (psutil.Error, OSError):  # another user's, or a system that does not say
        environ = {}
    return Traced(chain, tty, own_socket(environ), environ.get("TMUX_PANE"))


def pane_of(traced: Traced, places: Sequence[Place]) -> str | None:
    """The pane whose terminal the process has, else the nearest one that it descends from."""
    with_tty = (place.pane for place in places if traced.tty is not None and place.tty == traced.tty)
    above = (place.pane for pid in traced.chain for place in places if place.pid == pid)
    return next(with_tty, None) or next(above, None)


async def jump(
    session: SessionView,
    environ: Mapping[str, str] | None = None,
    *,
    traced_by: Trace = trace,
    talk: Talk = ask,
) -> Jumped:
    """Bring the session's pane in front of the person who sits at the sidebar, whose environment is `environ`."""
    if session.ended_at is not None:
        return Jumped("ended: it has no pane any more", bad=True)
    if session.pid is None:
        return Jumped("its process is not known, nor its pane", bad=True)
    traced = await asyncio.to_thread(traced_by, session.pid)
    if traced is None:
        return Jumped("its process is gone", bad=True)
    try:
        return await _Jump(os.environ if environ is None else environ, traced_by, talk).to(session, traced)
    except TmuxSilent as error:
        return Jumped(str(error), bad=True)
    except TmuxRefused as error:  # between two questions something went away
        return Jumped(f"tmux: {clean(str(error))}", bad=True)


@dataclass(frozen=True)
class _Jump:
    """One jump, for a person in one environment."""

    environ: Mapping[str, str]
    trace: Trace
    talk: Talk

    async def to(self, session: SessionView, traced: Traced) -> Jumped:
        own = own_socket(self.environ)
        for socket in _distinct(traced.socket, own, usual_socket(self.environ)):
            try:
                places = await tmux_places.places(self.talk, socket)
            except TmuxRefused:  # no server there
                continue
            pane = pane_of(traced, places)
            if pane is None and socket == traced.socket and traced.tty is None:
                # It has left its terminal: what it was told at its start is all there is.
                pane = next((one.pane for one in places if one.pane in (session.tmux_pane, traced.pane)), None)
            if pane is None:
                continue
            if own is not None and _same(socket, own):
                return await self._switch(socket, pane, places)
            return await self._show(socket, pane, places)
        where = f" ({traced.tty.removeprefix('/dev/')})" if traced.tty else ""
        return Jumped(f"not in tmux{where}: start agents in tmux", bad=True)

    async def _switch(self, socket: str, pane: str, places: Sequence[Place]) -> Jumped:
        """In the server that the sidebar itself runs in: the person's terminal goes there."""
        client = looking(await tmux_places.clients(self.talk, socket), places, self.environ.get("TMUX_PANE"))
        if client is None:
            return await self._show(socket, pane, places)
        place = _best(pane, places, client.session)
        await self.talk(socket, "switch-client", "-c", client.name, "-t", place.target)
        return Jumped(f"went to {place.shown}")

    async def _show(self, socket: str, pane: str, places: Sequence[Place]) -> Jumped:
        """In another server, or from outside: whoever looks at that session sees the pane."""
        place = _best(pane, places)
        window = f"{place.session}:{place.window}"
        await self.talk(socket, "select-window", "-t", window, ";", "select-pane", "-t", place.target)
        clients = [one for one in await tmux_places.clients(self.talk, socket) if one.session == place.session]
        if not clients:
            return Jumped(f"detached: {self._attach(socket, place)}", bad=True)
        client = max(clients, key=lambda one: one.activity)
        return await self._around(client) or Jumped(f"see your other terminal: tmux {place.shown}")

    async def _around(self, client: Client) -> Jumped | None:
        """Where that terminal is itself a pane of the sidebar's server (a tmux within tmux): go there."""
        own = own_socket(self.environ)
        traced = None if own is None else await asyncio.to_thread(self.trace, client.pid)
        if own is None or traced is None:
            return None
        with suppress(TmuxRefused):
            places = await tmux_places.places(self.talk, own)
            pane = pane_of(traced, places)
            if pane is not None:
                return await self._switch(own, pane, places)
        return None

    def _attach(self, socket: str, place: Place) -> str:
        where = () if _same(socket, usual_socket(self.environ)) else ("-S", socket)
        # A name that we had to clean would not be found.
        name = place.name if clean(place.name) == place.name else place.session
        return clean(shlex.join(("tmux", *where, "attach", "-t", name)))


def _best(pane: str, places: Sequence[Place], session: str = "") -> Place:
    """The pane in this session where it is there, else in one that somebody looks at."""
    return max(
        (place for place in places if place.pane == pane),
        key=lambda place: (place.session == session, place.attached),
    )


def _distinct(*sockets: str | None) -> list[str]:
    found: list[str] = []
    for socket in sockets:
        if socket is not None and not any(_same(socket, other) for other in found):
            found.append(socket)
    return found


def _same(one: str, other: str) -> bool:
    """macOS has two names for the folder of sockets."""
    return one == other or os.path.realpath(one) == os.path.realpath(other)
