"""What is said of the clients on PATH."""

from __future__ import annotations

from pathlib import Path

from keepalive.doctor.clients import Client, check


def test_each_client_has_its_line_and_the_others_have_one() -> None:
    said = check([Client("claude", Path("/bin/claude"), "2.1.331"), Client("qwen", Path("/bin/qwen"), "")])
    assert [(one.level, one.text) for one in said] == [
        ("ok", "claude 2.1.331: /bin/claude"),
        ("note", "qwen (its version cannot be found out), shown by its own files: /bin/qwen"),
        ("ok", "not on PATH: codex, opencode, gemini, aider, copilot, pi"),
    ]


def test_without_any_there_is_one_to_install() -> None:
    (said,) = check([])
    assert (said.level, said.mend) == ("note", "npm install -g @anthropic-ai/claude-code")
