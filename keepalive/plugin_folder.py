"""The folder in which keeper and client plugin meet: what sessions announce, what they are asked, what they answer.

Three small files a session, named by its id: `state` and `answer` are the plugin's, `ask` is ours. The plugin's may be
half written, and the folder is in reach of anything that runs as the same user: a file that is no small, valid file of
our own user counts as absent. Nothing here waits, decides, or knows what an answer is worth.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from keepalive.clock import Clock
from keepalive.plugin_words import Announcement, Answer, Ask

FRESH = 60.0
"""Seconds after which an announcement that was not renewed stands for nobody; the plugin renews it every 20."""
KEEP_ENDED = 60.0
"""Seconds that the end of a session stays readable."""
GONE = 900.0
"""Seconds after which what a session left is removed, ended or not; a plugin that still runs writes it again."""
MAX_BYTES = 16 << 10
MAX_SESSIONS = 500
MAX_ENTRIES = 4_096
"""Directory entries that one look reads."""

_NAME = re.compile(r"(?P<session>[0-9a-f-]{8,64})\.(?P<kind>state|ask|answer)\.json")
_HALF_WRITTEN = re.compile(r"\.[0-9a-f]{16}\.tmp")
_SESSION = re.compile(r"[0-9a-f-]{8,64}")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

S = TypeVar("S", bound=msgspec.Struct)


class PluginFolder:
    """File access alone; cheap enough for every second."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def make(self) -> None:
        """Create the folder, or make it private. Raises OSError where that is not possible (a link, somebody else's).

        Whether it exists is how a plugin knows that warmside is installed.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._open() as folder:
            if os.fstat(folder).st_uid != os.getuid():
                raise PermissionError(f"{self.path} belongs to another user")
            os.fchmod(folder, 0o700)

    def announcements(self) -> dict[str, Announcement]:
        """What every session has announced, fresh or not, by session; empty without a folder."""
        found: dict[str, Announcement] = {}
        with suppress(OSError), self._open() as folder:
            for session_id in self._sessions(folder):
                if said := self._announced(folder, session_id):
                    found[session_id] = said
                if len(found) >= MAX_SESSIONS:
                    break
        return found

    def announcement(self, session_id: str) -> Announcement | None:
        """What one session has announced last, fresh or not."""
        with suppress(OSError), self._open() as folder:
            return self._announced(folder, session_id)
        return None

    def fresh(self, said: Announcement | None) -> bool:
        """Whether a plugin stands behind an announcement now, for a session that is open."""
        if said is None or said.ended:
            return False
        return -FRESH <= self._clock.wall() - said.at <= FRESH

    def active(self, session_id: str) -> Announcement | None:
        """The announcement of a session whose plugin is there to be asked, or None."""
        said = self.announcement(session_id)
        return said if self.fresh(said) else None

    def ask(self, session_id: str, ask: Ask) -> None:
        """Leave an ask; it takes the place of an older one. Raises OSError."""
        with self._open() as folder:
            half = f".{secrets.token_hex(8)}.tmp"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with os.fdopen(os.open(half, flags, 0o600, dir_fd=folder), "wb") as file:
                    file.write(msgspec.json.encode(ask))
                os.rename(half, _name(session_id, "ask"), src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                _remove(folder, half)
                raise

    def withdraw(self, session_id: str) -> None:
        """Take an ask back that may not have been seen yet; never raises."""
        with suppress(OSError), self._open() as folder:
            _remove(folder, _name(session_id, "ask"))

    def forget(self, session_id: str) -> None:
        """Remove an ask that is over, and what was answered to it; never raises."""
        with suppress(OSError), self._open() as folder:
            for kind in ("ask", "answer"):
                _remove(folder, _name(session_id, kind))

    def answer(self, session_id: str, ask_id: str) -> Answer | None:
        """What was answered to this ask so far."""
        with suppress(OSError), self._open() as folder:
            said = _load(folder, _name(session_id, "answer"), Answer)
            return said if said is not None and said.id == ask_id else None
        return None

    def clean(self, gone: Callable[[str], bool] = lambda session_id: False) -> int:
        """Remove what ended, unreadable or forgotten sessions left, and those that `gone` knows of; returns how many
        files. Names that are not ours stay."""
        now, removed = self._clock.wall(), 0
        with suppress(OSError), self._open() as folder:
            kept: list[tuple[float, str]] = []
            for session_id, names in self._files(folder).items():
                touched = max(_modified(folder, name) for name in names)
                said = self._announced(folder, session_id)
                over = said is not None and said.ended != "" and now - said.at > KEEP_ENDED
                if over or now - touched > GONE or gone(session_id):
                    removed += sum(_remove(folder, name) for name in names)
                else:
                    kept.append((touched, session_id))
            for _, session_id in sorted(kept)[: max(0, len(kept) - MAX_SESSIONS)]:
                removed += sum(_remove(folder, name) for name in self._files(folder).get(session_id, ()))
            for name in _entries(folder):
                if _HALF_WRITTEN.fullmatch(name) and now - _modified(folder, name) > KEEP_ENDED:
                    removed += _remove(folder, name)
        return removed

    def _announced(self, folder: int, session_id: str) -> Announcement | None:
        said = _load(folder, _name(session_id, "state"), Announcement)
        return said if said is not None and said.session == session_id else None

    def _sessions(self, folder: int) -> Iterator[str]:
        for name in _entries(folder):
            found = _NAME.fullmatch(name)
            if found and found["kind"] == "state":
                yield found["session"]

    def _files(self, folder: int) -> dict[str, list[str]]:
        files: dict[str, list[str]] = {}
        for name in _entries(folder):
            if found := _NAME.fullmatch(name):
                files.setdefault(found["session"], []).append(name)
        return files

    @contextmanager
    def _open(self) -> Iterator[int]:
        folder = os.open(self.path, _FOLDER)
        try:
            yield folder
        finally:
            os.close(folder)


def _name(session_id: str, kind: str) -> str:
    """A file's name. An id that could be a path is nobody's: raises OSError like a file that is not there."""
    if not _SESSION.fullmatch(session_id):
        raise FileNotFoundError("no session has such an id")
    return f"{session_id}.{kind}.json"


def _entries(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry, _ in zip(entries, range(MAX_ENTRIES), strict=False)]


def _load(folder: int, name: str, kind: type[S]) -> S | None:
    """A small regular file of our own, read whole and valid, or None."""
    try:
        file = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_uid != os.getuid() or about.st_size > MAX_BYTES:
            return None
        return msgspec.json.decode(os.read(file, MAX_BYTES + 1), type=kind)
    except (OSError, ValueError, RecursionError):
        return None
    finally:
        os.close(file)


def _modified(folder: int, name: str) -> float:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
    except OSError:
        return 0.0


def _remove(folder: int, name: str) -> int:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return 0
    return 1
