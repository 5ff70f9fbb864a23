"""What is found, what is wanted, and what is to happen: the words of an install and an uninstall. Pure.

A plan is shown before it is carried out and worked out anew just before that, so nobody agrees to one thing and gets
another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from keepalive.install.record import Entry
from keepalive.install.refusal import InstallError

BACKUP = ".warmside-"
"""Between a settings file's name and the time of its backup."""


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the client's folder, and what we have written there before.

    `settings_file` is the real one, behind every link. `plugin` has the file under each name that is ours or was, None
    where there is none, and False where there is something else than a plain file. `beside` are other names in the
    plugin's folder, `taken` names of backups beside the settings, `missing` the folders that would have to be made.
    """

    claude_dir: Path
    plugin_dir: Path
    settings_file: Path
    settings: bytes | None
    plugin: Mapping[str, bytes | bool | None]
    entry: Entry | None = None
    beside: tuple[str, ...] = ()
    backups: Mapping[str, bytes | None] = field(default_factory=dict)
    taken: tuple[str, ...] = ()
    missing: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be installed. `runs`: whether a program that settings name can be started."""

    program: str
    files: Mapping[str, bytes]
    version: str
    runs: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """One file; None: it does not exist before, or after."""

    path: Path
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to happen. `entry` is the record afterwards, None when nothing is left to take back.

    Changes are carried out in their order. `backup` gets the settings file's former bytes. `dropped` are backups that
    say what the file says again, `folders` those that go if they are empty then.
    """

    changes: tuple[Change, ...]
    entry: Entry | None
    notes: tuple[str, ...] = ()
    backup: Path | None = None
    dropped: tuple[Change, ...] = ()
    folders: tuple[Path, ...] = ()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Puts the file's name in front of what is wrong with it."""
    try:
        yield
    except InstallError as error:
        raise InstallError(f"{path}: {error}; nothing was changed") from error
