"""What an install writes, from what was found. Pure: the same finds, the same plan.

Files in the plugin's folder that are not ours are never replaced: a plugin of two halves would be worse than none, so
then nothing is written at all.
"""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

from keepalive.install import status_line
from keepalive.install.plan import BACKUP, Change, Found, Plan, Wanted, named
from keepalive.install.record import Entry, Settings, digest
from keepalive.install.refusal import InstallError
from keepalive.install.settings_edit import decode


def install(found: Found, wanted: Wanted, now: float) -> Plan:
    """What to write. Without changes everything is there already.

    Raises:
        InstallError: a file stands in the way, or the settings cannot be edited.
    """
    old = found.entry
    settings, edited = _edited(found, wanted)
    changes, notes = _plugin_changes(found, wanted)
    if settings is not None:
        changes.insert(0, settings)
    if edited.note:
        notes.insert(0, edited.note)
    kept = old.settings if old else None
    backup = None
    if settings is not None and settings.before is not None and not _as_left(kept, found):
        backup = _backup_name(found, now)
    entry = Entry(
        at=old.at if old and not changes else now,
        plugin=wanted.version,
        files={name: digest(data) for name, data in wanted.files.items()},
        folders=_merged(old.folders if old else _adopted(found, wanted), found.missing),
        settings=_settings_entry(settings, kept, found, backup),
        status_line=edited.line,
    )
    return Plan(tuple(changes), entry, tuple(notes), backup)


def _edited(found: Found, wanted: Wanted) -> tuple[Change | None, status_line.Edited]:
    recorded = found.entry.status_line if found.entry else None
    with named(found.settings_file):
        text = None if found.settings is None else decode(found.settings)
        edited = status_line.add(text, wanted.program, recorded, wanted.runs)
    after = None if edited.text is None else edited.text.encode()
    if after == found.settings:
        return None, edited
    return Change(found.settings_file, found.settings, after), edited


def _plugin_changes(found: Found, wanted: Wanted) -> tuple[list[Change], list[str]]:
    recorded = found.entry.files if found.entry else {}
    changes, notes = [], [f"{found.plugin_dir / name} is not warmside's: it stays" for name in found.beside]
    for name, data in wanted.files.items():
        there, path = found.plugin.get(name), found.plugin_dir / name
        if there == data:
            continue
        if there is not None and (not isinstance(there, bytes) or recorded.get(name) != digest(there)):
            raise InstallError(f"{path} is not what warmside has written there: move it away, then install again")
        changes.append(Change(path, there if isinstance(there, bytes) else None, data))
    for name in sorted(recorded.keys() - wanted.files.keys()):  # an older version's
        there, path = found.plugin.get(name), found.plugin_dir / name
        if isinstance(there, bytes) and digest(there) == recorded[name]:
            changes.append(Change(path, there, None))
        elif there is not None:
            notes.append(f"{path} was changed since: it stays")
    return changes, notes


def _adopted(found: Found, wanted: Wanted) -> tuple[str, ...]:
    """Folders of a plugin that is there without a record of it: who laid our files there made them for us."""
    names = [name for name in wanted.files if found.plugin.get(name) is not None]
    return _merged(
        (), tuple(folder for name in names for folder in (found.plugin_dir, (found.plugin_dir / name).parent))
    )


def _as_left(kept: Settings | None, found: Found) -> bool:
    """Whether the settings file is as we have left it: then its former bytes are kept already."""
    if kept is None or found.settings is None:
        return False
    return kept.path == str(found.settings_file) and kept.after == digest(found.settings)


def _settings_entry(change: Change | None, kept: Settings | None, found: Found, backup: Path | None) -> Settings | None:
    if change is None or change.after is None:
        return kept
    same = kept if kept is not None and kept.path == str(found.settings_file) else None
    before = None if change.before is None or same is not None else digest(change.before)
    if same is not None and _as_left(kept, found):
        before = same.before
    return Settings(
        path=str(found.settings_file),
        after=digest(change.after),
        before=before,
        created=change.before is None or (same is not None and same.created),
        backups=_merged(kept.backups if kept else (), (backup,) if backup else ()),
    )


def _backup_name(found: Found, now: float) -> Path:
    """A name with the date that nothing has yet."""
    stem = f"{found.settings_file.name}{BACKUP}{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}"
    names = (f"{stem}{'' if n == 1 else f'-{n}'}.bak" for n in count(1))
    return found.settings_file.with_name(next(name for name in names if name not in found.taken))


def _merged(old: tuple[str, ...], new: tuple[Path, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*old, *map(str, new))))
