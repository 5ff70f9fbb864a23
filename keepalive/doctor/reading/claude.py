"""Reads what lies in Claude Code's folder: the plugin, the status line, settings, hooks, and the login's kind."""

from __future__ import annotations

import shutil
import stat

from keepalive import consent
from keepalive.doctor.client_settings import ClientSettings, Consent
from keepalive.doctor.plugin import Plugin, StatusLine
from keepalive.doctor.reading.around import Around
from keepalive.install import record_file, surroundings
from keepalive.install.reading import look
from keepalive.install.record import Entry, digest
from keepalive.install.refusal import InstallError
from keepalive.install.settings_edit import decode, load
from keepalive.install.status_line import KEY, call_of
from keepalive.paths import Paths
from keepalive.plugin_files import FOLDER_FILE, plugin_files, plugin_version


def read_plugin(around: Around) -> Plugin:
    """Raises InstallError where folder or record cannot be read."""
    paths = around.paths
    entry = record_file.read(paths.installed_file)[0].claude.get(str(paths.claude_dir))
    wanted = plugin_files(paths.plugin_dir)
    found = look(paths, entry, wanted)
    written = entry.files if entry else {}
    differ = {
        name: isinstance(there, bytes) and written.get(name) == digest(there)
        for name, there in found.plugin.items()
        if there is not None and there != wanted.get(name)
    }
    return Plugin(
        folder=found.plugin_dir,
        meet=paths.plugin_dir,
        version=plugin_version(),
        files=len(wanted),
        missing=tuple(name for name in wanted if found.plugin.get(name) is None),
        edited=tuple(name for name, ours in differ.items() if not ours),
        old=tuple(name for name, ours in differ.items() if ours),
        beside=found.beside,
        recorded=entry is not None,
        meets=_private(paths),
        elsewhere=entry is None and _of_another(found.plugin.get(FOLDER_FILE), wanted[FOLDER_FILE]),
        client=next((client.version for client in around.clients if client.name == "claude"), ""),
    )


def read_line(around: Around) -> StatusLine:
    """What the person's own settings say, and where others say otherwise."""
    settings = around.paths.claude_dir / "settings.json"
    hidden = tuple(surroundings.hidden_line(around.layers, settings))
    try:
        data = look(around.paths, None, ()).settings
        value = load(decode(data)).get(KEY) if data is not None else None
    except InstallError as error:
        return StatusLine(settings, hidden_by=hidden, broken=f"{settings}: {error}")
    command = value.get("command") if isinstance(value, dict) else None
    call = call_of(command) if isinstance(command, str) else None
    if call is None:
        return StatusLine(settings, own=value is not None, hidden_by=hidden)
    return StatusLine(settings, call.program, shutil.which(call.program) is not None, hidden_by=hidden)


def read_settings(around: Around) -> ClientSettings:
    """Obstacles, without the client's version: that one is the plugin's own finding."""
    return ClientSettings(
        surroundings.obstacles(around.layers, around.environ, ""),
        [hook.path for hook in surroundings.subagent_hooks(around.paths.claude_dir, around.layers)],
        installed=installed(around.paths) is not None,
    )


def read_consent(around: Around) -> Consent:
    """The login's kind, and the answer in the store."""
    login = surroundings.login(around.paths.claude_dir, around.layers, around.environ)
    with around.store() as connection:
        return Consent(login, None if connection is None else consent.answered(connection))


def installed(paths: Paths) -> Entry | None:
    """The record of the plugin's install for this folder of the client; None also where it cannot be read."""
    try:
        return record_file.read(paths.installed_file)[0].claude.get(str(paths.claude_dir))
    except InstallError:
        return None


def _of_another(there: bytes | bool | None, wanted: bytes) -> bool:
    """Whether the file that names the folder is as we write it, for another folder."""
    ours = wanted.partition(b"\n")[0]
    return isinstance(there, bytes) and there != wanted and there.partition(b"\n")[0] == ours


def _private(paths: Paths) -> bool:
    try:
        mode = paths.plugin_dir.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISDIR(mode) and not mode & 0o077
