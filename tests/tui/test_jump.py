"""From a session to its pane: in a real tmux, with terminals attached to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from store.models import SessionView
from tests.keepalive.keeper_home import ended, eventually
from tests.tui import sample
from tests.tui.tmux_server import Server, needs_tmux, server
from tests.tui.tmux_terminal import terminal
from tui.jump import Jumped, Trace, Traced, jump, trace
from tui.tmux_talk import TmuxRefused, TmuxSilent, ask

pytestmark = needs_tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Server]:
    """A server with one session `s` of one pane `%0`, where the sidebar runs."""
    with server(tmp_path) as made:
        made.start()
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Server]:
    """Another one, without a session."""
    folder = tmp_path / "other"
    folder.mkdir()
    with server(folder) as made:
        yield made


def agent(at: Server, pane: str, stored: str | None = None) -> SessionView:
    """A session whose agent is the program in this pane; `stored` is the pane that the store knows of it."""
    pid = int(at("display-message", "-p", "-t", pane, "#{pane_pid}"))
    return replace(sample.API, pid=pid, tmux_pane=stored)


def sidebar(at: Server, pane: str = "%0") -> dict[str, str]:
    """The environment of a sidebar in this pane; the usual server is one that is not there."""
    return {"TMUX": f"{at.socket},1,0", "TMUX_PANE": pane, "TMUX_TMPDIR": str(at.socket.parent)}


def told(traced: Traced) -> Trace:
    """What the system says of every process."""
    return lambda pid: traced


async def test_a_pane_in_another_window_comes_in_front(tmux: Server) -> None:
    pane = tmux.window()
    beside = tmux.split(pane)
    tmux("select-window", "-t", "s:0")
    with terminal(tmux, "s") as person:
        assert person.at == "s:@0.%0"
        assert await jump(agent(tmux, beside), sidebar(tmux)) == Jumped("went to s:1.1")
        assert person.at == f"s:@1.{beside}"
        assert await jump(agent(tmux, pane), sidebar(tmux)) == Jumped("went to s:1.0")
        assert person.at == f"s:@1.{pane}"


async def test_a_pane_behind_a_zoomed_one_comes_in_front(tmux: Server) -> None:
    pane = tmux.split("%0")
    tmux("resize-pane", "-Z", "-t", "%0")
    with terminal(tmux, "s") as person:
        await jump(agent(tmux, pane), sidebar(tmux))
        assert person.at == f"s:@0.{pane}"
        assert [one.zoomed for one in tmux.panes()] == [False, False]


async def test_a_pane_in_another_session_comes_to_the_terminal_of_the_sidebar_alone(tmux: Server) -> None:
    tmux("new-session", "-d", "-s", "my work", "-x", "80", "-y", "24", "cat")
    tmux("new-session", "-d", "-s", "third", "-x", "80", "-y", "24", "cat")
    with terminal(tmux, "third") as somebody, terminal(tmux, "s") as person:
        somebody.press(b"x")
        assert await jump(agent(tmux, "%1"), sidebar(tmux)) == Jumped("went to my work:0.0")
        assert (person.at, somebody.at) == ("my work:@1.%1", "third:@2.%2")


async def test_a_window_that_is_in_two_sessions_is_shown_in_ones_own(tmux: Server) -> None:
    """And of two terminals that have the sidebar's window, the one that shows it now had the key."""
    pane = tmux.window()
    tmux("select-window", "-t", "s:0")
    tmux("new-session", "-d", "-s", "twin", "-t", "s")
    tmux("new-session", "-d", "-s", "first", "-t", "s")
    tmux("select-window", "-t", "twin:1")
    tmux("select-window", "-t", "first:1")
    with terminal(tmux, "first") as first, terminal(tmux, "s") as person, terminal(tmux, "twin") as twin:
        tmux("select-window", "-t", "first:1")
        twin.press(b"x")
        assert await jump(agent(tmux, pane), sidebar(tmux)) == Jumped("went to s:1.0")
        assert (person.at, first.at, twin.at) == (f"s:@1.{pane}", f"first:@1.{pane}", f"twin:@1.{pane}")


async def test_an_agent_below_a_shell_is_found_by_its_terminal_and_by_what_it_descends_from(tmux: Server) -> None:
    psutil.Process().terminal()  # from now on it remembers which terminals there are
    pane = tmux.window("sh -c 'sleep 1000; true'")
    shell = int(tmux("display-message", "-p", "-t", pane, "#{pane_pid}"))
    tmux("select-window", "-t", "s:0")
    # (Between its birth and its program a process of the server has no terminal of its own.)
    traced = eventually(lambda: found if (found := trace(shell)) and found.tty else None)
    assert traced.tty == tmux("display-message", "-p", "-t", pane, "#{pane_tty}")
    assert (traced.socket, traced.pane) == (str(tmux.socket), pane)
    below = Traced((1 << 30, *traced.chain), None, None, None)
    behind = Traced((1 << 30,), traced.tty, None, None)
    for found in (below, behind):
        tmux("select-window", "-t", "s:0")
        with terminal(tmux, "s") as person:
            await jump(agent(tmux, pane), sidebar(tmux), traced_by=told(found))
            assert person.at == f"s:@1.{pane}"


async def test_the_stored_pane_counts_only_for_a_process_without_a_terminal_and_on_its_own_server(tmux: Server) -> None:
    pane = tmux.window()
    tmux("select-window", "-t", "s:0")
    session = agent(tmux, pane, pane)
    away = Traced((1 << 30,), None, str(tmux.socket), None)
    with terminal(tmux, "s") as person:
        for elsewhere in (away._replace(tty="/dev/pts/4096"), away._replace(socket=None)):
            said = await jump(session, sidebar(tmux), traced_by=told(elsewhere))
            assert said.bad
            assert said.line.startswith("not in tmux")
            assert person.at == "s:@0.%0"
        assert await jump(session, sidebar(tmux), traced_by=told(away)) == Jumped("went to s:1.0")
        assert person.at == f"s:@1.{pane}"


async def test_from_outside_the_terminal_that_looks_at_its_session_shows_it(tmux: Server) -> None:
    pane = tmux.window()
    tmux("select-window", "-t", "s:0")
    with terminal(tmux, "s") as person:
        said = await jump(agent(tmux, pane), {"TMUX_TMPDIR": str(tmux.socket.parent)})
        assert said == Jumped("see your other terminal: tmux s:1.0")
        assert person.at == f"s:@1.{pane}"


async def test_a_session_that_nobody_looks_at_says_how_to(tmux: Server) -> None:
    pane = tmux.window()
    tmux("select-window", "-t", "s:0")
    said = await jump(agent(tmux, pane), {})
    assert said == Jumped(f"detached: tmux -S {tmux.socket} attach -t s", bad=True)
    with terminal(tmux, "s") as person:
        assert person.at == f"s:@1.{pane}", "what one attaches to shows the agent already"
    tmux("rename-session", "-t", "s", "my work")
    said = await jump(agent(tmux, pane), sidebar(tmux, "%9"))
    assert said.line == f"detached: tmux -S {tmux.socket} attach -t 'my work'"


@pytest.fixture
def usual(tmp_path: Path) -> Iterator[Server]:
    """The server that plain `tmux` finds."""
    folder = tmp_path / "usual" / f"tmux-{os.getuid()}"
    folder.mkdir(parents=True)
    with server(folder) as made:
        usual = Server(folder / "default", made.bin)
        usual.start()
        yield usual
        usual("kill-server")


async def test_the_usual_server_is_looked_into_and_needs_no_socket_in_what_is_said(usual: Server) -> None:
    outside = {"TMUX_TMPDIR": str(usual.socket.parent.parent)}
    session = agent(usual, "%0")
    assert await jump(session, outside) == Jumped("detached: tmux attach -t s", bad=True)
    assert session.pid is not None
    unsaid = Traced((session.pid,), None, None, None)
    assert await jump(session, outside, traced_by=told(unsaid)) == Jumped("detached: tmux attach -t s", bad=True)


async def test_a_tmux_within_the_sidebars_tmux_is_gone_to_through_its_pane(tmux: Server, other: Server) -> None:
    other.start(80)
    inside = other.window()
    other("select-window", "-t", "s:0")
    holder = tmux.window(f"env TMUX= TERM=screen tmux -S {other.socket} attach -t s")
    tmux("select-window", "-t", "s:0")
    with terminal(tmux, "s") as person:
        jumping_from = sidebar(tmux)
        eventually(lambda: other("list-clients") or None)
        session = agent(other, inside, "%0")
        assert await jump(session, jumping_from) == Jumped("went to s:1.0")
        assert person.at == f"s:@1.{holder}"
        assert [one.current for one in other.panes()] == [False, True]


@pytest.fixture
def zombie() -> Iterator[int]:
    """A process that has ended and is still listed."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    eventually(lambda: ended(process.pid) or None)
    yield process.pid
    process.wait()


async def test_what_is_not_there_is_said_in_a_line(tmux: Server, zombie: int) -> None:
    session = agent(tmux, "%0")
    for changed, line in (
        ({"ended_at": 1.0}, "ended: it has no pane any more"),
        ({"pid": None}, "its process is not known, nor its pane"),
        ({"pid": 1 << 30}, "its process is gone"),
        ({"pid": zombie}, "its process is gone"),
    ):
        assert await jump(replace(session, **changed), sidebar(tmux)) == Jumped(line, bad=True)


async def test_an_agent_in_another_terminal_is_said_to_be_there(tmux: Server) -> None:
    session = agent(tmux, "%0")
    in_tty = Traced((1 << 30,), "/dev/pts/4096", None, None)
    said = await jump(session, sidebar(tmux), traced_by=told(in_tty))
    assert said == Jumped("not in tmux (pts/4096): start agents in tmux", bad=True)
    said = await jump(session, {"TMUX_TMPDIR": "/nowhere"}, traced_by=told(in_tty._replace(tty=None)))
    assert said == Jumped("not in tmux: start agents in tmux", bad=True)


async def test_a_tmux_that_fails_is_a_line(tmux: Server) -> None:
    session = agent(tmux, "%0")

    async def silent(socket: str, *words: str, given: str = "") -> str:
        raise TmuxSilent("tmux does not answer")

    assert await jump(session, sidebar(tmux), talk=silent) == Jumped("tmux does not answer", bad=True)

    async def leaving(socket: str, *words: str, given: str = "") -> str:
        if words[0] == "switch-client":
            raise TmuxRefused("can't find\x1b[31m pane")
        return await ask(socket, *words)

    with terminal(tmux, "s"):
        assert await jump(session, sidebar(tmux), talk=leaving) == Jumped("tmux: can't find pane", bad=True)


async def test_the_sidebar_that_follows_leaves_the_agent_in_front(
    tmux: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmux.bin}:{os.environ['PATH']}")
    pane = tmux.window()
    tmux("select-window", "-t", "s:0")
    with terminal(tmux, "s") as person:
        opened = tmux.opened("%0")
        tmux("select-pane", "-t", opened)
        assert await jump(agent(tmux, pane), sidebar(tmux, opened)) == Jumped("went to s:1.0")
        tmux.soon({opened: "s:1 sidebar", "%3": "s:0 slot"})
        assert person.at == f"s:@1.{pane}"
