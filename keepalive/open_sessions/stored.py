"""The sessions that a client has stored for a folder, newest first: for clients whose processes do not say which one
they have. Titles and times only; what was said in them is another module's business.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from keepalive.open_sessions.pairing import Candidate
from keepalive.open_sessions.sqlite_reading import Signature, reading, signature
from keepalive.open_sessions.types import one_line

MOST = 20
"""More sessions of one folder are not open at a time."""
_HEAD_BYTES = 4096

Stored = Callable[[str], list[Candidate]]
"""The newest sessions of a folder. Raises OSError or sqlite3.Error when they cannot be read now."""


def opencode_sessions(database: Path) -> Stored:
    """OpenCode keeps a table; a subagent's session names its parent."""
    known: dict[str, tuple[Signature, list[Candidate]]] = {}

    def stored(cwd: str) -> list[Candidate]:
        marks = signature(database)
        if not marks:
            return []
        if known.get(cwd, ((), []))[0] == marks:
            return known[cwd][1]
        with reading(database) as connection:
            rows = connection.execute(
                "SELECT id, time_created, time_updated, title, version FROM session"
                " WHERE directory = ? AND parent_id IS NULL ORDER BY time_updated DESC LIMIT ?",
                (cwd, MOST),
            ).fetchall()
        found = [
            Candidate(str(row[0]), row[1] / 1000, row[2] / 1000, one_line(row[3]), one_line(row[4])) for row in rows
        ]
        known[cwd] = (marks, found)
        return found

    return stored


def pi_sessions(sessions: Path) -> Stored:
    """pi: `<time>_<id>.jsonl` in a folder named after the working folder."""

    def stored(cwd: str) -> list[Candidate]:
        folder = sessions / f"--{re.sub(r'[/:]', '-', cwd.removeprefix('/'))}--"
        found = []
        for file, updated in _newest(folder, re.compile(r"[^_]+_([0-9A-Za-z-]+)\.jsonl")):
            session_id = file.stem.partition("_")[2]
            found.append(Candidate(session_id, uuid7_time(session_id) or updated, updated))
        return found

    return stored


def gemini_sessions(home: Path) -> Stored:
    """Gemini CLI: `tmp/<project>/chats/session-*.jsonl`, whose first record names the session."""
    heads: dict[Path, Candidate] = {}

    def stored(cwd: str) -> list[Candidate]:
        found = []
        for name in _gemini_projects(home, cwd):
            for file, updated in _newest(home / "tmp" / name / "chats", re.compile(r"session-.+\.jsonl")):
                head = heads.get(file) or _gemini_head(file, updated)
                if head is not None:
                    heads[file] = head
                    found.append(Candidate(head.session_id, head.created_at, updated))
        return found

    return stored


def uuid7_time(name: str) -> float | None:
    """When an id of this kind was made, or None for another kind."""
    digits = name.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        return None
    try:
        return int(digits[:12], 16) / 1000
    except ValueError:
        return None


def _newest(folder: Path, pattern: re.Pattern[str]) -> list[tuple[Path, float]]:
    try:
        with os.scandir(folder) as entries:
            files = [(Path(e.path), e.stat().st_mtime) for e in entries if pattern.fullmatch(e.name) and e.is_file()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(files, key=lambda file: file[1], reverse=True)[:MOST]


def _gemini_projects(home: Path, cwd: str) -> Iterable[str]:
    """The client's name for a project; older versions took a hash of the folder."""
    yield hashlib.sha256(cwd.encode("utf-8", "surrogateescape")).hexdigest()
    try:
        loaded = json.loads((home / "projects.json").read_bytes())
    except FileNotFoundError:
        return
    except ValueError as error:
        raise OSError("half-written") from error
    projects = loaded.get("projects") if isinstance(loaded, dict) else None
    name = projects.get(cwd) if isinstance(projects, dict) else None
    if isinstance(name, str) and name and "/" not in name and name not in (".", ".."):
        yield name


def _gemini_head(file: Path, updated: float) -> Candidate | None:
    with file.open("rb") as opened:
        line = opened.read(_HEAD_BYTES).partition(b"\n")[0]
    try:
        loaded = json.loads(line)
    except ValueError:
        return None
    if not isinstance(loaded, dict) or loaded.get("kind", "main") != "main":
        return None
    session_id, started = loaded.get("sessionId"), loaded.get("startTime")
    if not isinstance(session_id, str) or not session_id:
        return None
    try:
        created = datetime.fromisoformat(str(started)).timestamp()
    except ValueError:
        created = updated
    return Candidate(session_id, created, updated)
