"""What tmux does for the sidebar by itself, in a real tmux: follow, keep the width, go last, leave nothing behind."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.keepalive.keeper_home import eventually
from tests.tui.tmux_server import Server, needs_tmux, server
from tui import tmux_hooks

pytestmark = needs_tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Server]:
    """A server with one session of one window, whose pane is %0."""
    with server(tmp_path) as made:
        made.start()
        yield made


def test_it_follows_and_an_agent_is_resized_once(tmux: Server) -> None:
    first = tmux.opened("%0")
    second = tmux.window()
    tmux.soon({first: "s:1 sidebar", "%3": "s:0 slot"})
    places = tmux.places()
    assert places == {"%0": "113x45+0+0", second: "113x45+0+0"}
    for window in ("s:0", "s:1", "s:0"):
        tmux("select-window", "-t", window)
        other = "s:1" if window == "s:0" else "s:0"
        tmux.soon({first: f"{window} sidebar", "%3": f"{other} slot"})
        assert tmux.places() == places
        assert [one.id for one in tmux.panes() if one.active] == ["%0", second], "the focus stays with the agents"


def test_when_it_is_left_every_window_is_as_it_was(tmux: Server) -> None:
    for how in ("-h", "-v", "-h"):
        tmux.split("s:0", how)
    tmux.window()
    tmux.split("s:1", "-h")
    before = tmux.places()
    sidebar = tmux.opened("%4")
    tmux("select-window", "-t", "s:0")
    eventually(lambda: tmux.marks().get(sidebar) == "s:0 sidebar")
    assert len(tmux.marks()) == 2
    assert tmux.places().keys() == before.keys()
    assert tmux.places() != before
    tmux("send-keys", "-t", sidebar, "q", "Enter")
    tmux.soon({})
    eventually(lambda: tmux.hooks() == [])
    assert tmux.places() == before
    assert "@warmside" not in tmux("show-options", "-w", "-t", "s:0") + tmux("show-options", "-w", "-t", "s:1")


def test_what_the_person_did_beside_it_stays(tmux: Server) -> None:
    other = tmux.split("%0", "-h")
    sidebar = tmux.opened("%0")
    tmux("resize-pane", "-t", "%0", "-x", "30")
    tmux("kill-pane", "-t", sidebar)
    tmux.soon({})
    assert tmux.places()["%0"] == "30x45+0+0"
    assert tmux.places()[other] == "119x45+31+0"


@pytest.mark.parametrize("side", ["--left", "--right"])
def test_its_width_survives_a_terminal_of_another_size(tmux: Server, side: str) -> None:
    tmux.split("%0", "-h")
    sidebar = tmux.opened("%0", side, "--width", "40")
    for width in (220, 90, 151, 80):
        tmux("resize-window", "-t", "s:0", "-x", str(width))
        eventually(lambda: {one.width for one in tmux.panes() if one.id == sidebar} == {40})
    tmux("resize-window", "-t", "s:0", "-x", "70")
    assert tmux.marks() == {sidebar: "s:0 sidebar"}, "too narrow: shared out as tmux does"
    tmux("resize-window", "-t", "s:0", "-x", "150")
    eventually(lambda: {one.width for one in tmux.panes() if one.id == sidebar} == {40})


def test_a_window_that_was_zoomed_meanwhile_gives_it_its_width_again(tmux: Server) -> None:
    sidebar = tmux.opened("%0")
    tmux("resize-pane", "-Z", "-t", "%0")
    tmux("resize-window", "-t", "s:0", "-x", "100")
    tmux("resize-pane", "-Z", "-t", "%0")
    eventually(lambda: {one.width for one in tmux.panes() if one.id == sidebar} == {36})


def test_a_slot_keeps_its_width_too(tmux: Server) -> None:
    sidebar = tmux.opened("%0")
    tmux.window()
    eventually(lambda: len(tmux.marks()) == 2)
    tmux("resize-window", "-t", "s:0", "-x", "200")
    eventually(lambda: {one.width for one in tmux.panes() if one.mark != "-"} == {36})
    assert tmux.marks()[sidebar] == "s:1 sidebar"


def test_it_goes_with_the_last_pane_beside_it(tmux: Server) -> None:
    tmux("new-session", "-d", "-s", "t", "cat")
    tmux.opened("%0")
    tmux("send-keys", "-t", "%0", "C-d")
    eventually(lambda: tmux("list-sessions", "-F", "#{session_name}") == "t")
    eventually(lambda: tmux.hooks() == [])


@pytest.mark.parametrize("seen", [True, False])
def test_where_the_session_goes_on_it_goes_along(tmux: Server, seen: bool) -> None:
    if seen:
        sidebar, agent = tmux.opened("%0"), tmux.window()
        eventually(lambda: tmux.marks().get(sidebar) == "s:1 sidebar")
    else:
        agent = tmux.window()
        sidebar = tmux.opened(agent)
    tmux("send-keys", "-t", agent, "C-d")
    tmux.soon({sidebar: "s:0 sidebar"})
    assert tmux.places() == {"%0": "113x45+0+0"}


def test_a_slot_keeps_no_window_either(tmux: Server) -> None:
    sidebar = tmux.opened("%0")
    tmux.window()
    eventually(lambda: len(tmux.marks()) == 2)
    tmux("send-keys", "-t", "%0", "C-d")
    tmux.soon({sidebar: "s:1 sidebar"})


def test_a_killed_window_takes_it_along_and_nothing_is_left(tmux: Server) -> None:
    tmux.opened("%0")
    tmux.window()
    eventually(lambda: len(tmux.marks()) == 2)
    tmux("kill-window", "-t", "s:1")
    tmux.soon({})
    eventually(lambda: tmux.hooks() == [])
    assert tmux.places() == {"%0": "150x45+0+0"}


def test_a_zoomed_agent_is_left_alone_until_it_is_not_zoomed(tmux: Server) -> None:
    agent = tmux.window()
    tmux.split(agent, "-v")
    tmux("resize-pane", "-Z", "-t", agent)
    tmux("select-window", "-t", "s:0")
    sidebar = tmux.opened("%0")
    tmux("select-window", "-t", "s:1")
    assert tmux.marks() == {sidebar: "s:0 sidebar"}
    assert all(one.zoomed for one in tmux.panes() if one.window == "s:1")
    tmux("resize-pane", "-Z", "-t", agent)
    eventually(lambda: tmux.marks().get(sidebar) == "s:1 sidebar")
    tmux("select-window", "-t", "s:0")
    eventually(lambda: tmux.marks().get(sidebar) == "s:0 sidebar")
    tmux("resize-pane", "-Z", "-t", agent)
    tmux("select-window", "-t", "s:1")
    eventually(lambda: tmux.marks().get(sidebar) == "s:1 sidebar")
    assert all(one.zoomed for one in tmux.panes() if one.window == "s:1"), "behind it, not over it"


def test_it_does_not_come_where_there_is_no_room_until_there_is(tmux: Server) -> None:
    sidebar = tmux.opened("%0")
    narrow = tmux("new-window", "-d", "-t", "s:", "-P", "-F", "#{pane_id}", "cat")
    tmux("resize-window", "-t", "s:1", "-x", "75")
    tmux("select-window", "-t", "s:1")
    assert tmux.marks() == {sidebar: "s:0 sidebar"}
    tmux("resize-window", "-t", "s:1", "-x", "76")
    eventually(lambda: tmux.marks().get(sidebar) == "s:1 sidebar")
    assert tmux.places()[narrow] == "39x45+0+0"


def test_sessions_have_one_each(tmux: Server) -> None:
    tmux("new-session", "-d", "-s", "t", "-x", "200", "-y", "40", "cat")
    one, two = tmux.opened("%0"), tmux.opened("%1", "--left")
    tmux("new-window", "-t", "t:", "cat")
    eventually(lambda: tmux.marks().get(two) == "t:1 sidebar")
    assert tmux.marks()[one] == "s:0 sidebar"
    tmux("kill-pane", "-t", two)
    tmux.soon({one: "s:0 sidebar"})
    assert len(tmux.hooks()) == 3, "the other one needs them"


def test_the_persons_own_hooks_stay(tmux: Server) -> None:
    tmux("set-hook", "-g", "session-window-changed", "set -g @mine 1")
    sidebar = tmux.opened("%0")
    tmux.window()
    eventually(lambda: tmux.marks().get(sidebar) == "s:1 sidebar")
    assert tmux("show-options", "-gv", "@mine") == "1"
    tmux("kill-pane", "-t", sidebar)
    eventually(lambda: tmux.hooks() == [])
    assert "@mine" in tmux("show-hooks", "-g", "session-window-changed")


def test_hooks_start_no_program_and_are_sound_to_run_at_any_time(tmux: Server) -> None:
    texts = [command[-1] for command in tmux_hooks.install()]
    assert not any(re.search(r"run-shell (?!(-t '\S+' )?-C)|#\(", text) for text in texts)
    for state in ("nothing", "open", "followed", "gone"):
        if state == "open":
            tmux.opened("%0")
        elif state == "followed":
            tmux.window()
            eventually(lambda: len(tmux.marks()) == 2)
        elif state == "gone":
            tmux.press("%0", "--close")
            tmux.soon({})
        marks = tmux.marks()
        for command in tmux_hooks.install():
            tmux(*command)
        for command in tmux_hooks.install()[1:]:
            tmux("if-shell", "-F", "1", command[-1])
        assert tmux.marks() == marks


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["press", "press", "stay", "window", "switch", "switch", "split", "zoom", "kill", "end", "resize", "layout"]
        ),
        st.integers(0, 5),
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=12, deadline=None)
@given(_STEPS)
def test_whatever_is_done_agents_stay_and_one_sidebar_is_kept_in_order(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as tmux:
        tmux.start()
        tmux("new-session", "-d", "-s", "other", "cat")
        agents = {"%0", "%1"}
        for step, number in steps:
            own = [one for one in tmux.panes() if one.mark == "-" and one.window.startswith("s:")]
            if not own:
                break
            _do(tmux, step, number, own[number % len(own)].id, agents)
            _wait_until_in_order(tmux, agents)


def _do(tmux: Server, step: str, number: int, pane: str, agents: set[str]) -> None:
    window = tmux("display-message", "-p", "-t", pane, "#{window_id}")
    match step:
        case "press" | "stay":
            current = tmux("display-message", "-p", "-t", "s:", "#{pane_id}")
            tmux.press(current, *(["--stay"] if step == "stay" else []), *(["--left"] if number % 2 else []))
        case "window":
            agents.add(tmux.window())
        case "switch":
            tmux("select-window", "-t", window)
        case "split":
            size = tmux("display-message", "-p", "-t", pane, "#{pane_width} #{pane_height}").split()
            if min(map(int, size)) > 8:
                agents.add(tmux.split(pane, "-v" if number % 2 else "-h"))
        case "zoom":
            tmux("resize-pane", "-Z", "-t", pane)
        case "kill":
            agents.discard(pane)
            tmux("kill-pane", "-t", pane)
        case "end":
            agents.discard(pane)
            tmux("send-keys", "-t", pane, "C-d")
        case "resize":
            tmux("resize-window", "-t", window, "-x", str((76, 100, 150, 151, 200, 90)[number]))
        case _:
            tmux("select-layout", "-t", window, ("tiled", "main-vertical", "even-vertical")[number % 3])


def _wait_until_in_order(tmux: Server, agents: set[str]) -> None:
    def in_order() -> bool:
        panes = tmux.panes()
        windows = {one.window for one in panes}
        ours = [one for one in panes if one.mark != "-"]
        followers = [one for one in ours if one.mark == "sidebar"]
        return (
            {one.id for one in panes if one.mark == "-"} == agents
            and all(any(one.window == window and one.mark == "-" for one in panes) for window in windows)
            and len({one.window for one in ours}) == len(ours)
            and len(followers) <= 1
            and (bool(followers) or not any(one.mark == "slot" for one in ours))
            and (bool(ours) or tmux.hooks() == [])
        )

    eventually(lambda: in_order(), 10)
