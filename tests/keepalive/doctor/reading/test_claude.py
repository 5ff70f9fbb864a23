"""What lies in Claude Code's folder, as an install leaves it and as somebody changes it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from keepalive import consent
from keepalive.doctor import client_settings
from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.claude import installed, read_consent, read_line, read_plugin, read_settings
from keepalive.install.doing import Installer
from keepalive.install.plan import Wanted
from keepalive.install.refusal import InstallError
from keepalive.plugin_files import plugin_files, plugin_version
from tests.fresh_store import fresh_store
from tests.keepalive.doctor.reading.test_clients import program


def install(around: Around, **files: bytes) -> Path:
    """A real install; returns the program that the status line calls."""
    warmside = program(around.home / "tools" / "warmside", "exit 0")
    wanted = Wanted(str(warmside), {**plugin_files(around.paths.plugin_dir), **files}, "0.0.1", lambda name: True)
    installer = Installer(around.paths)
    installer.install(installer.plan_install(wanted, time.time()))
    return warmside


def test_nothing_is_installed(around: Around) -> None:
    plugin, line = read_plugin(around), read_line(around)
    assert (plugin.there, plugin.recorded, plugin.meets) == (False, False, False)
    assert (plugin.files, plugin.version, plugin.client) == (len(plugin.missing), plugin_version(), "")
    assert (line.program, line.own, line.broken) == (None, False, "")
    assert installed(around.paths) is None


def test_an_install_is_whole_and_current(around: Around) -> None:
    warmside = install(around)
    plugin, line = read_plugin(around), read_line(around)
    assert plugin.recorded
    assert plugin.meets
    assert (plugin.missing, plugin.edited, plugin.old, plugin.beside) == ((), (), (), ())
    assert (line.program, line.runs) == (str(warmside), True)
    warmside.unlink()
    assert not read_line(around).runs


def test_what_somebody_changed_is_told_from_what_is_old(around: Around) -> None:
    install(around, **{"README.md": b"as it was once\n", "hooks/gone.ts": b"// once\n"})
    folder = read_plugin(around).folder
    (folder / "hooks" / "words.ts").write_text("// mine\n")
    (folder / "hooks" / "register.ts").unlink()
    (folder / "mine.txt").write_text("mine\n")
    plugin = read_plugin(around)
    assert plugin.missing == ("hooks/register.ts",)
    assert plugin.edited == ("hooks/words.ts",)
    assert set(plugin.old) == {"README.md", "hooks/gone.ts"}
    assert plugin.beside == ("mine.txt",)
    around.paths.plugin_dir.chmod(0o755)
    assert not read_plugin(around).meets


def test_the_plugin_of_another_state_folder_is_no_edited_one(around: Around) -> None:
    install(around)
    other = around.home / "other"
    around.paths = around.paths._replace(state_dir=other)
    plugin = read_plugin(around)
    assert (plugin.elsewhere, plugin.recorded, plugin.edited) == (True, False, ("hooks/folder.ts",))
    (plugin.folder / "hooks" / "folder.ts").write_text("// mine\n")
    assert not read_plugin(around).elsewhere


def test_a_damaged_record_is_said(around: Around) -> None:
    around.paths.installed_file.parent.mkdir()
    around.paths.installed_file.write_text("no record")
    with pytest.raises(InstallError, match="is damaged"):
        read_plugin(around)
    assert installed(around.paths) is None


def test_a_line_of_the_persons_own_and_settings_that_are_none(around: Around) -> None:
    settings = around.paths.claude_dir / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"statusLine": {"type": "command", "command": "date"}}))
    assert (read_line(around).program, read_line(around).own) == (None, True)
    settings.write_text("{ no")
    assert str(settings) in read_line(around).broken


def test_obstacles_hooks_and_consent(around: Around) -> None:
    settings = around.paths.claude_dir / "settings.json"
    settings.parent.mkdir()
    hook = {"hooks": [{"type": "command", "command": "say done"}]}
    settings.write_text(json.dumps({"disableAllHooks": True, "hooks": {"SubagentStop": [hook]}}))
    read = read_settings(around)
    assert len(read.obstacles) == 1
    assert (read.hooks, read.installed) == ([settings], False)
    assert client_settings.check(read)[0].mend == "set disableAllHooks to false in that file"
    assert read_consent(around) == ("", None)
    (around.paths.claude_dir / ".credentials.json").write_text("{}")
    connection = fresh_store(around.paths.store_file)
    consent.put(connection, False, 1.0)
    connection.close()
    assert read_consent(around) == ("subscription", False)
