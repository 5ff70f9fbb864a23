"""Qwen Code's session files."""

from __future__ import annotations

import json
from pathlib import Path

from keepalive.liveness import alive
from keepalive.open_sessions.qwen import read_session_files
from keepalive.open_sessions.types import SeenBy
from store.models import Status
from tests.keepalive.claude_folder import FakeProcesses


def test_a_session_file_says_who_and_where(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    said = {
        "schemaVersion": 1,
        "pid": 10795,
        "procStart": "cce294bf-5d67-4a63-af62-8b0fca2c3e3e:123485",
        "sessionId": "07592d63-d022-4faa-b796-ae700729b89f",
        "cwd": "/src/made-up",
        "name": "made-up-1f",
        "startedAt": 1795690654477,
        "qwenVersion": "0.24.4",
        "kind": "tui",
        "ipcToken": "a secret",
    }
    (folder / "10795.json").write_text(json.dumps(said), encoding="utf-8")
    (folder / "10796.json").write_text("{", encoding="utf-8")
    (folder / "10797.json").write_text("{}", encoding="utf-8")
    files = read_session_files(tmp_path)
    assert files.unreadable == 1
    (found,) = files.sessions
    assert (found.agent, found.session_id, found.seen_by) == ("qwen", said["sessionId"], SeenBy.SESSION_FILE)
    assert (found.pid, found.proc_start, found.started_at) == (10795, "123485", 1795690654.477)
    assert (found.cwd, found.name, found.version) == ("/src/made-up", "made-up-1f", "0.24.4")
    assert found.status is Status.UNKNOWN
    assert "a secret" not in repr(found)
    assert alive(found, FakeProcesses({10795: 123485}))
    assert not alive(found, FakeProcesses({10795: 123486}))
