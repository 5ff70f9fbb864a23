"""The clipboard, also where tmux stands between: what a real terminal is asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keepalive.keeper_home import eventually
from tests.tui.tmux_server import Server, needs_tmux, server
from tests.tui.tmux_terminal import terminal
from tui.clipboard import REMEDY, put
from tui.tmux_talk import TmuxRefused, TmuxSilent, ask

TEXT = "grüße\n  $(date) #{pane_id};\n"
ASKED = b"\x1b]52;;" + base64.b64encode(TEXT.encode())


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path) as made:
        made.start()
        yield made


def never(text: str) -> None:
    raise AssertionError("tmux would swallow it")


async def test_outside_tmux_the_terminal_is_asked_by_the_app() -> None:
    asked: list[str] = []
    assert await put(TEXT, asked.append, {}) == ""
    assert asked == [TEXT]


@needs_tmux
@pytest.mark.parametrize("setting", ["external", "on", "off"])
async def test_in_tmux_the_terminal_of_the_person_is_asked_under_every_setting(tmux: Server, setting: str) -> None:
    tmux("set-option", "-s", "set-clipboard", setting)
    tmux("new-session", "-d", "-s", "other", "-x", "80", "-y", "24", "cat")
    with terminal(tmux, "s") as person, terminal(tmux, "other") as somebody:
        somebody.press(b"x")
        assert await put(TEXT, never, {"TMUX": f"{tmux.socket},1,0", "TMUX_PANE": "%0"}) == ""
        eventually(lambda: ASKED in person.written or None)
        assert b"]52;" not in somebody.written
    assert tmux("show-buffer") == TEXT.rstrip("\n")


@needs_tmux
async def test_without_a_terminal_it_is_tmuxs_newest_buffer(tmux: Server) -> None:
    assert await put(TEXT, never, {"TMUX": f"{tmux.socket},1,0"}) == ""
    assert tmux("show-buffer") == TEXT.rstrip("\n")


@needs_tmux
async def test_a_tmux_that_cannot_or_does_not_answer_is_gone_around_and_said(tmux: Server) -> None:
    asked: list[str] = []

    async def old(socket: str, *words: str, given: str = "") -> str:
        if "-w" in words:
            raise TmuxRefused("command load-buffer: unknown flag -w")
        return await ask(socket, *words, given=given)

    async def silent(socket: str, *words: str, given: str = "") -> str:
        raise TmuxSilent("tmux does not answer")

    for talk in (old, silent):
        assert await put(TEXT, asked.append, {"TMUX": f"{tmux.socket},1,0"}, talk=talk) == REMEDY
    assert asked == [TEXT, TEXT]
