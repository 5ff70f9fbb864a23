"""What the other clients leave in their folders, made up."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.keepalive.claude_folder import T0, iso
from tests.keepalive.open_sessions.fake_machine import FakeMachine

CWD = "/src/made-up"


class CodexFolder:
    """Locks and the table of threads."""

    def __init__(self, machine: FakeMachine, state: str = "state_5.sqlite") -> None:
        self.machine = machine
        self.root = machine.folders.codex
        self.locks = self.root / "thread-writer-locks"
        self.locks.mkdir(parents=True, exist_ok=True)
        (self.locks / ".coordination.lock").touch()
        self.state = self.root / state
        with closing(sqlite3.connect(self.state)) as db:
            db.execute(
                "CREATE TABLE threads (id TEXT PRIMARY KEY, cwd TEXT, title TEXT, cli_version TEXT,"
                " thread_source TEXT, created_at_ms INTEGER, updated_at_ms INTEGER)"
            )

    def thread(
        self,
        name: str,
        *,
        cwd: str = CWD,
        title: str = "",
        source: str | None = "user",
        created: float = 1000.0,
        updated: float = 1000.0,
    ) -> None:
        with closing(sqlite3.connect(self.state)) as db, db:
            db.execute(
                "INSERT OR REPLACE INTO threads VALUES (?, ?, ?, '0.169.0', ?, ?, ?)",
                (name, cwd, title, source, int((T0 + created) * 1000), int((T0 + updated) * 1000)),
            )

    def lock(self, name: str, pid: int) -> None:
        path = self.locks / f"{name}.lock"
        path.touch()
        self.machine.locks[path] = pid

    def unlock(self, name: str) -> None:
        path = self.locks / f"{name}.lock"
        path.unlink()
        del self.machine.locks[path]


def touched(path: Path, text: str, at: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))
    return path


def pi_session(folder: Path, name: str, *, at: float, cwd: str = CWD) -> Path:
    home = folder / "sessions" / f"--{cwd.removeprefix('/').replace('/', '-')}--"
    head = {"type": "session", "version": 3, "id": name, "timestamp": iso(at), "cwd": cwd}
    return touched(home / f"2026-11-26T10-57-28-651Z_{name}.jsonl", json.dumps(head) + "\n", at)


def gemini_session(folder: Path, name: str, *, at: float, project: str, kind: str = "main") -> Path:
    head = {"sessionId": name, "startTime": iso(at), "kind": kind}
    file = folder / "tmp" / project / "chats" / f"session-2026-11-26T10-57-{name[:8]}.jsonl"
    return touched(file, json.dumps(head) + "\n", at)


def gemini_projects(folder: Path, **projects: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "projects.json").write_text(json.dumps({"projects": projects}), encoding="utf-8")


def opencode_database(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "opencode.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT, title TEXT, version TEXT,"
            " time_created INTEGER, time_updated INTEGER)"
        )
    return path


def opencode_session(path: Path, name: str, *, at: float, cwd: str = CWD, parent: str | None = None) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT OR REPLACE INTO session VALUES (?, ?, ?, 'a title', '1.18.33', ?, ?)",
            (name, parent, cwd, int(at * 1000), int(at * 1000)),
        )


def workspace(machine: FakeMachine, session_id: str, pid: int, *, cwd: str = CWD, name: str = "") -> Path:
    """A Copilot session's folder, held by a process."""
    folder = machine.folders.copilot / "session-state" / session_id
    folder.mkdir(parents=True)
    (folder / "workspace.yaml").write_text(
        f"id: {session_id}\ncwd: {cwd}\nname: {name}\nuser_named: false\ncreated_at: 2026-11-26T10:57:30.939Z\n",
        encoding="utf-8",
    )
    hold = folder / f"inuse.{pid}.hold"
    hold.touch()
    machine.files.setdefault(pid, []).append(str(hold))
    return folder
