"""Talking with tmux: what it answers, what it refuses, and when it is not there or too slow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.keepalive.keeper_home import eventually
from tests.tui.tmux_server import Server, needs_tmux, server
from tui import tmux_talk
from tui.tmux_talk import TmuxRefused, TmuxSilent, ask, own_socket, usual_socket


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Server]:
    with server(tmp_path) as made:
        made.start()
        yield made


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tmux that never answers; the file where it notes its process id."""
    pid = tmp_path / "pid"
    program = tmp_path / "tmux"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return pid


def noted(stuck: Path) -> int | None:
    return int(stuck.read_text()) if stuck.exists() else None


@needs_tmux
async def test_it_answers_and_reads_what_it_is_given(tmux: Server) -> None:
    assert await ask(str(tmux.socket), "list-panes", "-a", "-F", "#{pane_id}") == "%0\n"
    await ask(str(tmux.socket), "load-buffer", "-", given="grüße\n")
    assert await ask(str(tmux.socket), "show-buffer") == "grüße\n"


@needs_tmux
async def test_it_takes_nothing_from_the_tmux_around(
    tmux: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMUX", f"{tmux.socket},1,0")
    with pytest.raises(TmuxRefused):
        await ask(str(tmp_path / "nobody"), "list-panes", "-a")


@needs_tmux
async def test_a_refusal_is_in_its_own_words(tmux: Server) -> None:
    with pytest.raises(TmuxRefused, match=r"^can't find pane: %9$"):
        await ask(str(tmux.socket), "select-pane", "-t", "%9")


async def test_no_tmux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TmuxSilent, match=r"^tmux is not on PATH$"):
        await ask("/nowhere", "list-panes")
    (tmp_path / "tmux").write_text("")
    with pytest.raises(TmuxSilent, match=r"^tmux does not start: Permission denied$"):
        await ask("/nowhere", "list-panes")


async def test_one_that_does_not_answer_is_ended(stuck: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmux_talk, "DEADLINE_SECONDS", 0.3)
    with pytest.raises(TmuxSilent, match=r"^tmux does not answer$"):
        await ask("/nowhere", "list-panes")
    assert noted(stuck) is None or not psutil.pid_exists(noted(stuck) or 0)


async def test_it_is_ended_when_nobody_waits_any_more(stuck: Path) -> None:
    asked = asyncio.create_task(ask("/nowhere", "list-panes"))
    pid = await asyncio.to_thread(eventually, lambda: noted(stuck))
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not psutil.pid_exists(pid)


def test_sockets() -> None:
    assert own_socket({"TMUX": "/tmp/tmux-1000/default,4242,0"}) == "/tmp/tmux-1000/default"
    assert own_socket({"TMUX": ""}) is None
    assert own_socket({}) is None
    assert usual_socket({}) == f"/tmp/tmux-{os.getuid()}/default"
    assert usual_socket({"TMUX_TMPDIR": "/run/me"}) == f"/run/me/tmux-{os.getuid()}/default"
