"""What the environment asks for."""

from __future__ import annotations

from tui.look import Look, look_from_environment
from tui.themes import ANSI


def test_folders_follow_the_clients_variables() -> None:
    look = look_from_environment({"LANG": "C.UTF-8", "CLAUDE_CONFIG_DIR": "/srv/claude/", "CODEX_HOME": "/srv/codex"})
    folders = ("/srv/claude/sessions", "/srv/codex/thread-writer-locks")
    assert look.looked_in == (*folders, "other agents' processes")
    assert (look.ascii_only, look.theme) == (False, ANSI)


def test_a_banner_changes_nothing_else() -> None:
    assert Look(theme="x").with_banner("hi") == Look(theme="x", banner="hi")
