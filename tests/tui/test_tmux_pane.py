"""What a press of the sidebar's key comes to."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui import tmux_hooks
from tui.tmux_pane import Command, Opening, Pane, Refusal, Wish, conf_line, decide, read_panes, too_old

AGENT = Pane("%0", "@0", 150, shown=True, zoomed=False, active=True, mark="-")
SIDEBAR = replace(AGENT, id="%1", active=False, mark="sidebar")
OTHER = replace(AGENT, id="%2", window="@1", shown=False)


def decided(panes: list[Pane], wish: Wish = Wish(), at: str = "%0") -> list[Command] | Opening | Refusal:  # noqa: B008
    return decide(panes, at, wish, ["/opt/a b/warmside"], {"WARMSIDE_HOME": "/x y"})


def own(commands: list[Command] | Opening | Refusal) -> list[Command]:
    """Without those that only see to it that the hooks are there."""
    assert isinstance(commands, list)
    return [command for command in commands if command not in tmux_hooks.install()]


@pytest.mark.parametrize(
    ("version", "old"),
    [("3.3a", False), ("3.3", False), ("3.2a", True), ("2.9a", True), ("next-3.6", False), ("10.0", False),
     ("master", False), ("openbsd-7.6", False)],
)  # fmt: skip
def test_an_old_tmux_is_told_from_a_new_one(version: str, old: bool) -> None:
    assert (too_old(version) is not None) == old
    if old:
        assert too_old(version) == f"tmux {version} is too old: the sidebar needs 3.3 or newer"


def test_panes_are_read_and_what_is_no_pane_is_left_out() -> None:
    listed = "%0 @0 150 1 0 1 -\nnonsense\n%1 @0 150 1 0 0 sidebar\n%2 @1 150 0 0 1 -\n"
    assert read_panes(listed) == [AGENT, SIDEBAR, OTHER]


def test_it_is_split_off_at_full_height_without_the_focus() -> None:
    found = decided([AGENT], Wish(width=42))
    assert isinstance(found, Opening)
    assert found.split[: found.split.index("sh")] == [
        *("split-window", "-d", "-f", "-h", "-l", "42", "-t", "%0", "-P", "-F", "#{pane_id}"),
        *("-e", "WARMSIDE_HOME=/x y"),
    ]
    assert found.split[-1] == "/opt/a b/warmside"
    then = found.then("%9")
    assert ["set-option", "-p", "-t", "%9", "@warmside", "sidebar"] in then
    assert ["set-option", "-p", "-t", "%9", "@warmside-width", "42"] in then
    assert ["select-pane", "-t", "%9"] not in then


def test_left_focus_and_stay() -> None:
    found = decided([AGENT], Wish("left", focus=True, stay=True))
    assert isinstance(found, Opening)
    assert found.split[:5] == ["split-window", "-d", "-f", "-h", "-b"]
    assert ["set-option", "-p", "-t", "%9", "@warmside", "fixed"] in found.then("%9")
    assert found.then("%9")[-1] == ["select-pane", "-t", "%9"]


@pytest.mark.parametrize("at", ["%0", "%1"])
@pytest.mark.parametrize("wish", [Wish(), Wish(close=True), Wish(stay=True), Wish("left", 50)])
@pytest.mark.parametrize("mark", ["sidebar", "fixed"])
def test_where_it_is_open_it_is_closed(at: str, wish: Wish, mark: str) -> None:
    assert own(decided([AGENT, replace(SIDEBAR, mark=mark)], wish, at)) == [["kill-pane", "-t", "%1"]]


def test_the_first_press_with_focus_goes_to_it_and_the_second_closes_it() -> None:
    assert own(decided([AGENT, SIDEBAR], Wish(focus=True))) == [["select-pane", "-t", "%1"]]
    there = [replace(AGENT, active=False), replace(SIDEBAR, active=True)]
    assert own(decided(there, Wish(focus=True), "%1")) == [["kill-pane", "-t", "%1"]]


def test_behind_a_zoomed_agent_it_is_shown_first() -> None:
    zoomed = [replace(AGENT, zoomed=True), replace(SIDEBAR, zoomed=True)]
    assert own(decided(zoomed)) == [["resize-pane", "-Z", "-t", "%0"]]
    assert own(decided(zoomed, Wish(focus=True))) == [["resize-pane", "-Z", "-t", "%0"], ["select-pane", "-t", "%1"]]
    assert own(decided(zoomed, Wish(close=True))) == [["kill-pane", "-t", "%1"]]
    itself = [replace(AGENT, zoomed=True, active=False), replace(SIDEBAR, zoomed=True, active=True)]
    assert own(decided(itself, at="%1")) == [["kill-pane", "-t", "%1"]]


def test_one_that_is_in_another_window_comes_instead_of_a_second() -> None:
    away = replace(SIDEBAR, window="@1", shown=False)
    assert own(decided([AGENT, OTHER, away])) == [["run-shell", "-C", tmux_hooks.tend()]]
    assert own(decided([replace(AGENT, zoomed=True), OTHER, away])) == [["resize-pane", "-Z", "-t", "%0"]]
    assert own(decided([AGENT, OTHER, SIDEBAR], at="%2")) == [["select-window", "-t", "@1"]]
    assert own(decided([AGENT, OTHER, away], Wish(close=True))) == [["kill-pane", "-t", "%1"]]
    assert isinstance(decided([AGENT, OTHER, away], Wish(stay=True)), Opening)
    assert isinstance(decided([AGENT, OTHER, replace(away, mark="fixed")]), Opening)


def test_close_alone_never_opens() -> None:
    assert decided([AGENT], Wish(close=True)) == []


def test_a_place_that_nobody_needs_any_more_is_not_kept_beside_a_new_one() -> None:
    found = decided([AGENT, replace(SIDEBAR, mark="slot")])
    assert isinstance(found, Opening)
    assert found.before[0] == ["kill-pane", "-t", "%1"]


def test_a_narrow_window_is_refused_and_the_agent_not_squeezed() -> None:
    assert decided([replace(AGENT, window_width=75)]) == Refusal(
        "this window has 75 columns and the sidebar needs 76: 36 of its own, 40 for the rest"
    )
    assert isinstance(decided([replace(AGENT, window_width=76)]), Opening)
    assert isinstance(decided([replace(AGENT, window_width=75)], Wish(width=35)), Opening)
    assert decided([replace(AGENT, window_width=75), SIDEBAR], at="%7") == Refusal("tmux has no pane %7")
    assert own(decided([replace(AGENT, window_width=75), SIDEBAR])) == [["kill-pane", "-t", "%1"]], "it can be closed"


def test_the_line_for_the_configuration_says_what_was_asked_for() -> None:
    line = conf_line("/opt/warmside", Wish(), "W")
    assert line.startswith("bind-key W run-shell '/opt/warmside tmux --pane #{pane_id} --right --width 36 || ")
    other = conf_line("/opt/warmside", Wish("left", 40, stay=True, focus=True), "C-s")
    assert other.startswith(
        "bind-key C-s run-shell '/opt/warmside tmux --pane #{pane_id} --left --width 40 --stay --focus"
    )


@example("/a#{pane_id}b")
@example("/a #[x]")
@example("/it's#(date)")
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1).map(lambda rest: f"/{rest}"))
def test_any_path_comes_through_both_readers_of_the_line(path: str) -> None:
    bind, key, run, command = shlex.split(conf_line(path, Wish(), "W"))  # tmux's quotes are the shell's
    assert (bind, key, run) == ("bind-key", "W", "run-shell")
    assert "#{" not in command.replace("#{pane_id}", "", 1).replace("##", ""), "tmux fills in the pane alone"
    assert "##[" not in command, "that would stay two"
    given_to_sh = command.replace("##", "\0").replace("#{pane_id}", "%3").replace("\0", "#")
    assert shlex.split(given_to_sh)[:4] == [path, "tmux", "--pane", "%3"]


def test_a_program_that_fails_is_read_before_its_pane_goes() -> None:
    found = decided([AGENT])
    assert isinstance(found, Opening)
    script = found.split[found.split.index("sh") + 2]
    good, bad = (
        subprocess.run(["sh", "-c", script, name], input="\n", capture_output=True, text=True, check=False)
        for name in ("true", "false")
    )
    assert (good.stdout, bad.stdout) == ("", "\n[Enter closes this]")
