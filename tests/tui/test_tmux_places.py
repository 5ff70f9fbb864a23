"""Panes and terminals as a server lists them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keepalive.keeper_home import eventually
from tests.tui.tmux_server import Server, needs_tmux, server
from tests.tui.tmux_terminal import terminal
from tui import tmux_places
from tui.tmux_places import Client, Place, looking
from tui.tmux_talk import ask


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path) as made:
        made.start()
        yield made


@needs_tmux
async def test_every_pane_of_every_session_is_there_but_dead_ones(tmux: Server) -> None:
    tmux("rename-session", "-t", "s", "two  words é")
    tmux("set-option", "-g", "remain-on-exit", "on")
    dead = tmux("split-window", "-d", "-t", "%0", "-P", "-F", "#{pane_id}", "true")
    eventually(lambda: tmux("display-message", "-p", "-t", dead, "#{pane_dead}") == "1" or None)
    (place,) = await tmux_places.places(ask, str(tmux.socket))
    pid, tty = tmux("display-message", "-p", "-t", "%0", "#{pane_pid} #{pane_tty}").split()
    assert place[:7] == ("%0", int(pid), tty, "$0", "@0", False, "0.0")
    assert place.name.startswith("two  words ")
    assert place.target == "$0:@0.%0"
    assert place.shown.startswith("two words ")


@needs_tmux
async def test_terminals_that_look(tmux: Server) -> None:
    assert await tmux_places.clients(ask, str(tmux.socket)) == []
    with terminal(tmux, "s") as person:
        (client,) = await tmux_places.clients(ask, str(tmux.socket))
        assert (client.name, client.session, client.window) == (person.name, "$0", "@0")
        (place,) = await tmux_places.places(ask, str(tmux.socket))
        assert place.attached


async def test_a_line_of_something_else_is_left_out() -> None:
    async def odd(socket: str, *words: str, given: str = "") -> str:
        return "\nhello\n%1 x /dev/pts/1 $0 @0 1 0.0 s\nname pid 0 $0 @0\n"

    assert await tmux_places.places(odd, "") == []
    assert await tmux_places.clients(odd, "") == []


def test_the_person_is_who_shows_the_panes_window_then_its_session_then_who_typed_last() -> None:
    places = [
        Place("%1", 1, "/dev/pts/1", "$1", "@1", True, "0.0", "one"),
        Place("%2", 2, "/dev/pts/2", "$1", "@2", True, "1.0", "one"),
        Place("%3", 3, "/dev/pts/3", "$2", "@3", True, "0.0", "two"),
    ]
    same = Client("same", 10, 100, "$1", "@1")
    typed = same._replace(name="typed", activity=101)
    other = Client("other", 11, 300, "$1", "@2")
    away = Client("away", 12, 400, "$2", "@3")
    assert looking([away, other, same, typed], places, "%1") == typed
    assert looking([away, other], places, "%1") == other
    assert looking([away], places, "%1") == away
    assert looking([same, away, other], places, None) == away
    assert looking([], places, "%1") is None
