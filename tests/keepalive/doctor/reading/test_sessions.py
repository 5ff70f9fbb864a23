"""Open sessions, put together from the client's files, the plugin's folder and the store."""

from __future__ import annotations

import os

import psutil

from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.sessions import read
from keepalive.doctor.sessions import Open
from keepalive.plugin_folder import FRESH, PluginFolder
from store import sessions
from tests.fresh_store import fresh_store
from tests.keepalive.claude_folder import ClaudeFolder
from tests.keepalive.plugin_side import OTHER, SESSION, PluginSide


def start_of(pid: int) -> int:
    """As the client notes it: clock ticks since boot."""
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return int(file.read().rpartition(")")[2].split()[19])


def test_a_claude_session_with_and_without_a_plugin_that_answers(around: Around) -> None:
    me = os.getpid()
    start = start_of(me) if psutil.LINUX else None
    folder = ClaudeFolder(around.paths.claude_dir)
    folder.session(me, SESSION, start=start or 0, cwd="/src/parser")
    folder.session(4_000_000, OTHER)
    PluginFolder(around.paths.plugin_dir, around.clock).make()
    side = PluginSide(around.paths.plugin_dir)
    assert read(around).found == [Open("claude", SESSION, "parser", me)]
    side.announce(around.clock.wall() - FRESH + 1)
    assert read(around).found == [Open("claude", SESSION, "parser", me, plugin="0.1.0")]
    side.announce(around.clock.wall() - FRESH - 1)
    assert read(around).found[0].plugin is None
    side.announce(around.clock.wall(), ended="clear")
    assert read(around).found[0].plugin is None


def test_the_store_adds_the_way_and_the_other_clients(around: Around) -> None:
    me = os.getpid()
    connection = fresh_store(around.paths.store_file)
    sessions.save(connection, "codex-one", agent="codex", cwd="/src/docs", pid=me, opened_at=1.0)
    sessions.save(connection, "codex-dead", agent="codex", cwd="/src/docs", pid=4_000_000, opened_at=1.0)
    sessions.save(connection, "claude-gone", agent="claude", cwd="/src/docs", pid=me, opened_at=1.0)
    connection.close()
    assert read(around).found == [Open("codex", "codex-one", "docs", me, through=False)]
    assert read(around).wanted is None
