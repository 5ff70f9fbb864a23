"""What a person chose, else what the environment asks for."""

from __future__ import annotations

import pytest

from keepalive.config import LookConfig, section
from tui.look import Look, look_from_environment
from tui.themes import ANSI, CONTRAST, DARK, LIGHT


def test_folders_follow_the_clients_variables() -> None:
    look = look_from_environment({"LANG": "C.UTF-8", "CLAUDE_CONFIG_DIR": "/srv/claude/", "CODEX_HOME": "/srv/codex"})
    folders = ("/srv/claude/sessions", "/srv/codex/thread-writer-locks")
    assert look.looked_in == (*folders, "other agents' processes")
    assert (look.ascii_only, look.theme) == (False, ANSI)


@pytest.mark.parametrize(
    ("chosen", "theme"),
    [("auto", ANSI), ("terminal", ANSI), ("dark", DARK), ("light", LIGHT), ("contrast", CONTRAST)],
)
def test_the_theme_of_the_configuration(chosen: str, theme: str) -> None:
    config = section(LookConfig, {"theme": chosen})
    assert look_from_environment({"LANG": "C.UTF-8"}, config).theme == theme


@pytest.mark.parametrize(
    ("chosen", "lang", "ascii_only"),
    [("auto", "C", True), ("auto", "C.UTF-8", False), ("yes", "C.UTF-8", True), ("no", "C", False)],
)
def test_ascii_of_the_configuration(chosen: str, lang: str, ascii_only: bool) -> None:
    config = section(LookConfig, {"ascii": chosen})
    assert look_from_environment({"LANG": lang}, config).ascii_only is ascii_only


def test_a_banner_changes_nothing_else() -> None:
    assert Look(theme="x").with_banner("hi") == Look(theme="x", banner="hi")
