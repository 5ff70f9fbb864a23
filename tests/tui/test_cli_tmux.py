"""`tmux`: the key that opens and closes the sidebar, in a real tmux."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive.paths import CLAUDE_HOME, HOME
from tests.keepalive.keeper_home import eventually
from tests.tui.cli_home import Cli
from tests.tui.tmux_server import STUB, Server, needs_tmux, server

OUTSIDE = (
    "not inside tmux: start one with `tmux`, then `warmside tmux` in it (or plain `warmside` in a second terminal)"
)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Server]:
    """A server without a session."""
    with server(tmp_path) as made:
        yield made


@pytest.fixture
def around(cli: Cli, tmux: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with one session, whose pane %0 the commands run in."""
    tmux.start()
    for name, value in tmux.environ("%0").items():
        monkeypatch.setenv(name, value)
    return tmux


def test_outside_tmux_it_says_what_to_do(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    assert cli("tmux").refused() == OUTSIDE
    printed = cli("tmux", "--print-conf", "--left", "--key", "C-w")
    assert (printed.code, printed.err, printed.out.count("\n")) == (0, "", 1)
    assert printed.out.startswith("bind-key C-w run-shell ")
    assert "--left --width 36" in printed.out


@pytest.mark.parametrize("arguments", [["--width", "29"], ["--width", "x"], ["--up"], ["again"]])
def test_wrong_usage(cli: Cli, arguments: list[str]) -> None:
    assert cli("tmux", *arguments).code == 2


def test_a_missing_tmux_is_one_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/nowhere,1,0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli("tmux").refused() == "tmux is not on PATH"


@needs_tmux
def test_a_server_that_is_gone_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TMUX", f"{tmp_path}/none,1,0")
    monkeypatch.delenv("TMUX_PANE", raising=False)
    assert cli("tmux").refused().startswith("tmux: ")


def test_an_old_tmux_is_one_line(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmux").write_text('#!/bin/sh\ncase $* in *version*) echo 3.2a ;; esac\necho "$*" >> $HOME/asked\n')
    (tmp_path / "tmux").chmod(0o755)
    monkeypatch.setenv("TMUX", "/old,1,0")
    monkeypatch.setenv("TMUX_PANE", "%0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    refused = "tmux 3.2a is too old: the sidebar needs 3.3 or newer"
    assert cli("tmux").refused() == refused
    assert (tmp_path / "asked").read_text().splitlines() == [
        "display-message -p #{version}",
        f"display-message -d 6000 warmside: {refused}",
    ]


@needs_tmux
def test_a_press_opens_it_beside_the_agent_and_another_closes_it(cli: Cli, around: Server) -> None:
    assert cli("tmux").code == 0
    assert around.marks() == {"%1": "s:0 sidebar"}
    assert {one.id: one.place for one in around.panes()} == {"%0": "113x45+0+0", "%1": "36x45+114+0"}
    assert [one.id for one in around.panes() if one.active] == ["%0"]
    assert cli("tmux").code == 0
    around.soon({})
    assert around.places() == {"%0": "150x45+0+0"}
    eventually(lambda: around.hooks() == [])


@needs_tmux
def test_it_looks_at_the_store_of_whoever_asked(
    cli: Cli, around: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    around("set-environment", "-g", HOME, "/elsewhere")
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    monkeypatch.setenv(HOME, "../a b;")  # tmux ends a command at such a word
    assert cli("tmux").code == 0
    monkeypatch.chdir("/")
    eventually(lambda: f"SIDEBAR {tmp_path}/in/../a b;" in around("capture-pane", "-pJ", "-t", "%1"))


@needs_tmux
def test_what_is_set_for_all_panes_is_not_for_it(cli: Cli, around: Server) -> None:
    around("set-option", "-gw", "synchronize-panes", "on")
    around("set-option", "-gw", "remain-on-exit", "on")
    assert cli("tmux").code == 0
    around("send-keys", "-t", "%0", "q", "Enter")
    eventually(lambda: around("capture-pane", "-p", "-t", "%0").startswith("q\nq"))
    assert around.marks() == {"%1": "s:0 sidebar"}, "it was not for the sidebar"
    around("send-keys", "-t", "%1", "q", "Enter")
    around.soon({})
    assert [one.id for one in around.panes()] == ["%0"]


@needs_tmux
def test_left_width_focus_and_close(cli: Cli, around: Server) -> None:
    assert cli("tmux", "--left", "--width", "44", "--focus").code == 0
    assert {one.id: one.place for one in around.panes()} == {"%0": "105x45+45+0", "%1": "44x45+0+0"}
    assert [one.id for one in around.panes() if one.active] == ["%1"]
    assert cli("tmux", "--close").code == 0
    around.soon({})
    assert cli("tmux", "--close").code == 0
    assert around.marks() == {}


@needs_tmux
def test_one_that_stays_is_not_taken_along(cli: Cli, around: Server) -> None:
    assert cli("tmux", "--stay").code == 0
    agent = around.window()
    assert cli("tmux", "--pane", agent).code == 0
    around.soon({"%1": "s:0 fixed", "%3": "s:1 sidebar"})
    around("select-window", "-t", "s:0")
    assert around.marks() == {"%1": "s:0 fixed", "%3": "s:1 sidebar"}, "one in a window"


@needs_tmux
def test_one_behind_a_zoomed_window_is_fetched_with_one_slot(cli: Cli, around: Server) -> None:
    agent = around.window()
    around.split(agent)
    around("resize-pane", "-Z", "-t", agent)
    around("select-window", "-t", "s:0")
    assert cli("tmux").code == 0
    around("select-window", "-t", "s:1")
    assert cli("tmux", "--pane", agent).code == 0
    around.soon({"%3": "s:1 sidebar", "%4": "s:0 slot"})


@needs_tmux
def test_without_its_hooks_it_is_fetched_all_the_same(cli: Cli, around: Server) -> None:
    assert cli("tmux").code == 0
    around("set-hook", "-gu", "session-window-changed[907]")
    agent = around.window()
    assert around.marks() == {"%1": "s:0 sidebar"}
    assert cli("tmux", "--pane", agent).code == 0
    around.soon({"%1": "s:1 sidebar", "%3": "s:0 slot"})


@needs_tmux
def test_a_pane_that_is_not_there_is_one_line(cli: Cli, around: Server) -> None:
    assert cli("tmux", "--pane", "%77").refused() == "tmux: can't find pane: %77"
    assert cli("tmux", "--pane", "; kill-server").code == 0, "whatever is no pane's name is not handed on"
    assert around.marks() == {"%1": "s:0 sidebar"}


@needs_tmux
def test_a_sidebar_that_cannot_be_marked_is_not_left_behind(
    cli: Cli, around: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.tmux_hooks.install", lambda: [["no-such-command"]])
    assert "no-such-command" in cli("tmux").refused()
    assert [one.id for one in around.panes()] == ["%0"]


@needs_tmux
def test_the_printed_line_works_from_a_key_whatever_the_path(cli: Cli, around: Server, tmp_path: Path) -> None:
    # A terminal around tmux: another tmux, whose keys and screen the test has.
    odd = tmp_path / "o'd \"d#{pane_id}#[x];`$HOME\\%H"
    odd.mkdir()
    main = f"{shlex.quote(sys.executable)} -c 'from tui.cli import main; main()'"
    (odd / "warmside").write_text(f'#!/bin/sh\n[ "$1" = tmux ] && exec {main} "$@"\n{STUB}')
    (odd / "warmside").chmod(0o755)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(odd))
        (tmp_path / "conf").write_text(cli("tmux", "--print-conf").out)
    around("set-environment", "-g", "PYTHONPATH", str(Path.cwd()))
    around("source-file", str(tmp_path / "conf"))
    (tmp_path / "terminal").mkdir()
    with server(tmp_path / "terminal") as terminal:
        terminal.start(150, f"TMUX= tmux -S {shlex.quote(str(around.socket))} attach -t s")
        eventually(lambda: around("list-clients"))
        terminal("send-keys", "-t", "s:", "C-b", "W")
        around.soon({"%1": "s:0 sidebar"})
        eventually(lambda: "SIDEBAR" in terminal("capture-pane", "-p", "-t", "s:"))
        terminal("send-keys", "-t", "s:", "C-b", "W", "C-b", "W", "C-b", "W")
        around.soon({})
        terminal("resize-window", "-t", "s:", "-x", "75")
        eventually(lambda: around("display-message", "-p", "-t", "s:", "#{window_width}") == "75")
        terminal("send-keys", "-t", "s:", "C-b", "W")
        eventually(lambda: "this window has 75 columns" in terminal("capture-pane", "-p", "-t", "s:"))
        (odd / "warmside").unlink()
        terminal("send-keys", "-t", "s:", "C-b", "W")
        eventually(lambda: "warmside does not start" in terminal("capture-pane", "-p", "-t", "s:"))
        assert around.marks() == {}


@needs_tmux
def test_a_sidebar_that_does_not_start_is_read_before_it_goes(cli: Cli, around: Server) -> None:
    assert cli("tmux").code == 0
    around("send-keys", "-t", "%1", "x", "Enter")
    eventually(lambda: "it is broken" in around("capture-pane", "-p", "-t", "%1"))
    assert "[Enter closes this]" in eventually(lambda: around("capture-pane", "-p", "-t", "%1"))
    around("send-keys", "-t", "%1", "Enter")
    around.soon({})


@needs_tmux
def test_the_real_sidebar_runs_in_it_on_the_store_that_is_meant(
    cli: Cli, around: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = f"{shlex.quote(sys.executable)} -c 'from tui.cli import main; main()'"
    (around.bin / "warmside").write_text(f"#!/bin/sh\nexec {main} --no-keeper\n")
    around("set-environment", "-g", "PYTHONPATH", str(Path.cwd()))
    around("set-environment", "-g", HOME, "/elsewhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME, "warmside")
    monkeypatch.setenv(CLAUDE_HOME, "claude")
    assert cli("tmux").code == 0
    eventually(lambda: "No agent session is open" in around("capture-pane", "-p", "-t", "%1"), 30)
    assert cli.paths.store_file.exists()
    around("send-keys", "-t", "%1", "q")
    around.soon({})
    assert around.places() == {"%0": "150x45+0+0"}
