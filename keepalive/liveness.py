"""Finds the open sessions of Claude Code from the files that the client keeps about its own processes.

A session is open when its file exists, its process lives and that process is the one that wrote the file: a killed
client leaves its file behind, and process ids are used again. Only `<digits>.json` is ever opened; the folder also
holds a secret beside it. Nothing here writes, waits or asks the client.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from store.models import Status, WaitingFor

MAX_FILE_BYTES = 64 << 10
"""A session file is about 1 KB; a larger one is not the client's."""

START_SLACK_SECONDS = 2.0
"""How far a process's start and the client's own note of it may differ (clocks of different resolution)."""

_FILE_NAME = re.compile(r"[1-9][0-9]{0,9}\.json")
_TMUX_PANE = re.compile(r"%[0-9]+$")
_DAEMONS = frozenset({"daemon", "daemon-worker"})
_MAX_FOLDER_NAME = 200

_STATUS: dict[str, tuple[Status, WaitingFor | None]] = {
    # What `waiting` means depends on what it waits for, below.
    "busy": (Status.BUSY, None),
    "idle": (Status.IDLE, WaitingFor.YOU),
    # The prompt is free, and something still runs in the background.
    "shell": (Status.IDLE, WaitingFor.BACKGROUND),
}
_DIALOG = "dialog open"
"""`waitingFor` while a dialog of the client's own covers the prompt: nothing of the agent runs."""
_PERMISSIONS = frozenset({"permission prompt", "sandbox request", "worker request", "goal proposal"})
"""What `waitingFor` says when the answer is a yes or no to something the agent wants to do; else it asks or shows."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What one session file says. Times are seconds since the epoch, UTC."""

    pid: int
    session_id: str
    cwd: str
    status: Status
    waiting_for: WaitingFor | None
    name: str | None
    version: str | None
    entrypoint: str | None
    """`cli` for the terminal, `sdk-cli` for a one-shot call, and others."""
    started_at: float | None
    proc_start: str | None
    """The process's start as the client noted it: clock ticks since boot on Linux, a text elsewhere."""
    status_updated_at: float | None
    tmux_pane: str | None


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """One look at the folder. A file that is being rewritten counts as unreadable for this look: keep what was known
    of its process until the next one."""

    sessions: tuple[OpenSession, ...] = ()
    unreadable: int = 0


class Processes(Protocol):
    """What the system knows of a process; None when there is none (or only its remains)."""

    def start_ticks(self, pid: int) -> int | None:
        """Start in clock ticks since boot, where the system counts so."""
        ...

    def created_at(self, pid: int) -> float | None:
        """Start in seconds since the epoch."""
        ...


class SystemProcesses:
    """The machine's processes."""

    def start_ticks(self, pid: int) -> int | None:
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The second field is the program's name in brackets, and may hold spaces and brackets itself.
        fields = text[text.rfind(")") + 2 :].split()
        if len(fields) < 20 or fields[0] in ("Z", "X"):
            return None
        return int(fields[19])

    def created_at(self, pid: int) -> float | None:
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        except psutil.Error:
            return None


def claude_dir(environ: Mapping[str, str]) -> Path:
    """The client's own folder: `CLAUDE_CONFIG_DIR`, else `~/.claude`."""
    configured = environ.get("CLAUDE_CONFIG_DIR")
    return Path(configured) if configured else Path.home() / ".claude"


def read_session_files(folder: Path) -> SessionFiles:
    """Every session file under the client's folder, whether its process lives or not."""
    sessions: list[OpenSession] = []
    unreadable = 0
    try:
        names = sorted(entry.name for entry in (folder / "sessions").iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return SessionFiles()
    for name in names:
        if not _FILE_NAME.fullmatch(name):
            continue
        try:
            loaded = json.loads(_read_bounded(folder / "sessions" / name))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError):
            unreadable += 1
            continue
        if not isinstance(loaded, dict):
            unreadable += 1
        elif session := _session(int(name.removesuffix(".json")), loaded):
            sessions.append(session)
    return SessionFiles(tuple(sessions), unreadable)


def alive(session: OpenSession, processes: Processes) -> bool:
    """Whether the process that wrote the file still runs."""
    if session.proc_start is not None and session.proc_start.isascii() and session.proc_start.isdigit():
        ticks = processes.start_ticks(session.pid)
        if ticks is not None:
            return ticks == int(session.proc_start)
    created_at = processes.created_at(session.pid)
    if created_at is None:
        return False
    # The client notes its start a moment after its process began; a later process has taken over the id.
    return session.started_at is None or created_at <= session.started_at + START_SLACK_SECONDS


def transcript_path(folder: Path, cwd: str, session_id: str) -> Path:
    """Where the client writes a session's transcript."""
    return folder / "projects" / _folder_name(cwd) / f"{session_id}.jsonl"


def find_transcript(folder: Path, cwd: str, session_id: str) -> Path | None:
    """A session's transcript where it is expected, else under any project; None while there is none."""
    if not re.fullmatch(r"[A-Za-z0-9-]+", session_id):
        return None
    expected = transcript_path(folder, cwd, session_id)
    if expected.is_file():
        return expected
    return next(iter(sorted((folder / "projects").glob(f"*/{session_id}.jsonl"))), None)


def _read_bounded(path: Path) -> bytes:
    # Neither a link out of the folder nor a pipe that never answers is followed.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("larger than a session file")
    return data


def _session(pid: int, loaded: dict[str, object]) -> OpenSession | None:
    """None for a file without a session in it: a daemon, or a process held in reserve."""
    session_id = _text(loaded, "sessionId")
    if session_id is None or loaded.get("spare") is True or loaded.get("kind") in _DAEMONS:
        return None
    status, waiting_for = _STATUS.get(_text(loaded, "status") or "", (Status.UNKNOWN, None))
    if loaded.get("status") == "waiting":
        asked = _text(loaded, "waitingFor")
        waiting_for = WaitingFor.PERMISSION if asked in _PERMISSIONS else WaitingFor.YOU
        status = Status.IDLE if asked == _DIALOG else Status.BUSY
    pane = _TMUX_PANE.search(_text(loaded, "tmux") or "")
    return OpenSession(
        pid=pid,
        session_id=session_id,
        cwd=_text(loaded, "cwd") or "",
        status=status,
        waiting_for=waiting_for,
        name=_text(loaded, "name"),
        version=_text(loaded, "version"),
        entrypoint=_text(loaded, "entrypoint"),
        started_at=_seconds(loaded, "startedAt"),
        proc_start=_text(loaded, "procStart") or _digits(loaded.get("procStart")),
        status_updated_at=_seconds(loaded, "statusUpdatedAt"),
        tmux_pane=pane[0] if pane else None,
    )


def _text(loaded: dict[str, object], key: str) -> str | None:
    value = loaded.get(key)
    return value if isinstance(value, str) and value else None


def _digits(value: object) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _seconds(loaded: dict[str, object], key: str) -> float | None:
    value = loaded.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e16:
        return None
    return value / 1000


def _folder_name(cwd: str) -> str:
    """The client's name for a folder of transcripts: every character but letters and digits becomes a dash, long
    names are cut and end in a checksum."""
    units = cwd.encode("utf-16-le", "surrogatepass")
    codes = [units[place] | units[place + 1] << 8 for place in range(0, len(units), 2)]
    name = "".join(chr(code) if code < 128 and chr(code).isalnum() else "-" for code in codes)
    if len(name) <= _MAX_FOLDER_NAME:
        return name
    checksum = 0
    for code in codes:
        checksum = (checksum * 31 + code) & 0xFFFFFFFF
    if checksum >= 1 << 31:
        checksum = (1 << 32) - checksum
    return f"{name[:_MAX_FOLDER_NAME]}-{_base36(checksum)}"


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
