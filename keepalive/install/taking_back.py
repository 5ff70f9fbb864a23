"""What an uninstall takes back, from what was found: exactly what the record says, where it is still ours. Pure."""

from __future__ import annotations

from pathlib import Path

from keepalive.install import status_line
from keepalive.install.plan import Change, Found, Plan, named
from keepalive.install.record import Entry, digest
from keepalive.install.settings_edit import decode, load


def uninstall(found: Found) -> Plan:
    """What to take back: what the record says, where it is still ours.

    Raises:
        InstallError: the settings cannot be edited.
    """
    entry = found.entry
    if entry is None:
        return Plan((), None)
    changes: list[Change] = []
    notes: list[str] = []
    after = _without_line(found, entry, notes)
    if after != found.settings:
        changes.append(Change(found.settings_file, found.settings, after))
    for name, written in entry.files.items():
        data = found.plugin.get(name)
        path = found.plugin_dir / name
        if isinstance(data, bytes) and digest(data) == written:
            changes.append(Change(path, data, None))
        elif data is not None:
            notes.append(f"{path} was changed since: it stays")
    notes += [f"{found.plugin_dir / name} is not warmside's: it stays" for name in found.beside]
    dropped = []
    for name, data in found.backups.items():
        if data is not None and data == after:
            dropped.append(Change(Path(name), data, None))
        elif data is not None:
            notes.append(f"{name} stays: it is not what the settings say again")
    return Plan(tuple(changes), None, tuple(notes), None, tuple(dropped), tuple(Path(name) for name in entry.folders))


def _without_line(found: Found, entry: Entry, notes: list[str]) -> bytes | None:
    """The settings file's bytes without our line; None: no file, also where there is none."""
    if found.settings is None or entry.status_line is None:
        return found.settings
    kept = entry.settings
    with named(found.settings_file):
        text = decode(found.settings)
        edited = status_line.take_out(text, entry.status_line)
        after = text if edited.text is None else edited.text
        nothing_left = not load(after)
    if edited.note:
        notes.append(edited.note)
    if kept is None or kept.path != str(found.settings_file):
        return after.encode()
    if kept.created and nothing_left:
        return None
    if kept.after == digest(found.settings) and kept.before not in (None, digest(after.encode())):
        # White space that no edit can know of: the backup has it.
        for data in found.backups.values():
            if data is not None and digest(data) == kept.before:
                return data
    return after.encode()
