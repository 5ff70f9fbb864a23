"""Which client a command starts, and what is written for one."""

from __future__ import annotations

import importlib
import json
import stat
from pathlib import Path

import pytest

from keepalive.launch import ADAPTERS, adapter_of, holds_conversation, new_token, write_settings
from keepalive.launching.start import PASSING


def test_a_client_is_known_by_its_name() -> None:
    assert [adapter_of([f"/opt/{name}", "x"]).name for name in ADAPTERS] == list(ADAPTERS)
    assert adapter_of(["claude-next"]).name == "claude-next"
    assert {name: adapter_of([name]).passing for name in ADAPTERS} == {
        "aider": False,
        "claude": False,
        "codex": True,
        "gemini": True,
        "opencode": False,
    }


def test_every_adapter_is_listed() -> None:
    folder = Path(importlib.import_module("keepalive.launching").__path__[0])
    adapters = {file.stem for file in folder.glob("*.py") if "def adapter(" in file.read_text(encoding="utf-8")}
    assert adapters == {*ADAPTERS, "other"}


def test_a_token_says_whether_its_requests_only_pass() -> None:
    assert len({new_token(["claude"]) for _ in range(50)}) == 50
    for name in ADAPTERS:
        token = new_token([name])
        assert token.startswith(PASSING) is adapter_of([name]).passing
        assert len(token.removeprefix(PASSING)) == 32


@pytest.mark.parametrize(
    ("command", "holds"),
    [
        (["claude"], True),
        (["claude", "-p", "--version"], True),
        (["claude", "--version"], False),
        (["claude", "mcp", "list"], False),
        (["codex", "exec", "x"], True),
        (["codex", "login"], False),
        (["opencode", "run", "x"], True),
        (["opencode", "auth", "login"], False),
        (["gemini", "--help"], False),
        (["aider", "--version"], False),
        (["some-agent", "--version"], True),
    ],
)
def test_what_holds_no_conversation_is_no_launch(command: list[str], holds: bool) -> None:
    assert holds_conversation(command) is holds


def test_settings_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / "launches" / "launch-1.json"
    write_settings(file, '{"é": 1}')
    assert json.loads(file.read_text(encoding="utf-8")) == {"é": 1}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    link = file.parent / "launch-2.json"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write_settings(link, "{}")
    assert not (tmp_path / "elsewhere").exists()
