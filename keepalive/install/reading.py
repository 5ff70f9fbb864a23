"""What lies in the client's folder now: the one reader behind every plan."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from keepalive.install import files
from keepalive.install.plan import BACKUP, Found
from keepalive.install.record import Entry
from keepalive.install.refusal import InstallError
from keepalive.paths import Paths
from keepalive.plugin_files import NAME

MOST_NAMES = 1_000
"""In the plugin's folder; more are not looked at."""


def plugin_folder(claude_dir: Path) -> Path:
    """Where every session of the client finds the plugin."""
    return claude_dir / "skills" / NAME


def look(paths: Paths, entry: Entry | None, names: Iterable[str]) -> Found:
    """Read all that a plan needs. `names`: the plugin's files as they are to be, below its folder.

    Raises:
        InstallError: something cannot be read, or is not what it should be.
    """
    folder, settings = plugin_folder(paths.claude_dir), files.real(paths.claude_dir / "settings.json")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InstallError(f"{folder} is not warmside's folder: move it away")
    ours = dict.fromkeys((*names, *(entry.files if entry else ())))
    backups = entry.settings.backups if entry and entry.settings else ()
    above = (settings, *(folder / name for name in ours), paths.installed_file)
    missing = dict.fromkeys(gone for path in above for gone in files.missing_folders(path))
    return Found(
        claude_dir=paths.claude_dir,
        plugin_dir=folder,
        settings_file=settings,
        settings=files.read(settings),
        plugin={name: _plain_file(folder / name) for name in ours},
        entry=entry,
        beside=tuple(name for name in _names(folder) if name not in ours),
        backups={name: _backup(Path(name)) for name in backups},
        taken=tuple(path.name for path in settings.parent.glob("*") if path.name.startswith(settings.name + BACKUP)),
        missing=tuple(missing),
    )


def _plain_file(path: Path) -> bytes | bool | None:
    """A file's bytes, None where there is nothing, False for anything else: a link, a folder, a pipe."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    return files.read(path) if stat.S_ISREG(mode) else False


def _backup(path: Path) -> bytes | None:
    try:
        return files.read(path)
    except InstallError:
        return None


def _names(folder: Path) -> list[str]:
    """Files below a folder, without following links."""
    found: list[str] = []
    for place, _, names in os.walk(folder):
        found += [(Path(place) / name).relative_to(folder).as_posix() for name in names]
        if len(found) > MOST_NAMES:
            break
    return sorted(found[:MOST_NAMES])
