"""What an install writes: settings and plugin, never over what is not ours, and once."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keepalive.install.adding import install
from keepalive.install.record import digest
from keepalive.install.refusal import InstallError
from tests.keepalive.install.found import FILES, NOW, PLUGIN, SETTINGS, after, fresh, wanted

OWN = json.dumps({"statusLine": {"type": "command", "command": "date"}}).encode()


def test_a_first_install_writes_the_settings_first_and_then_the_plugin() -> None:
    plan = install(fresh(OWN), wanted(), NOW)
    assert [(change.path, change.before) for change in plan.changes] == [
        (SETTINGS, OWN),
        (PLUGIN / "plugin.json", None),
        (PLUGIN / "hooks/register.ts", None),
    ]
    assert plan.backup is not None
    assert plan.backup.parent == SETTINGS.parent
    assert plan.backup.name.startswith("settings.json.warmside-2026")
    entry = plan.entry
    assert entry is not None
    assert entry.files == {name: digest(data) for name, data in FILES.items()}
    assert entry.folders == (str(PLUGIN), str(PLUGIN / "hooks"))
    assert entry.settings is not None
    assert (entry.settings.before, entry.settings.created) == (digest(OWN), False)
    assert entry.settings.backups == (str(plan.backup),)


def test_an_older_backup_keeps_its_name() -> None:
    first = install(fresh(OWN), wanted(), NOW).backup
    assert first is not None
    second = install(replace(fresh(OWN), taken=(first.name,)), wanted(), NOW).backup
    assert second is not None
    assert second.name == f"{first.stem}-2.bak"


def test_a_missing_settings_file_is_made_and_has_no_backup() -> None:
    plan = install(fresh(None), wanted(), NOW)
    assert plan.backup is None
    assert plan.entry is not None
    assert plan.entry.settings is not None
    assert plan.entry.settings.created


def test_a_second_install_changes_nothing_not_even_the_record() -> None:
    plan = install(fresh(OWN), wanted(), NOW)
    again = install(after(fresh(OWN), plan), wanted(), NOW + 5)
    assert (again.changes, again.entry, again.notes, again.backup) == ((), plan.entry, (), None)


def test_a_newer_version_replaces_our_files_and_removes_those_that_it_has_not() -> None:
    found = fresh(OWN)
    first = install(found, wanted(), NOW)
    newer = {"plugin.json": b'{"version": 2}\n', "new.ts": b"// new\n"}
    now = after(found, first)
    plan = install(replace(now, plugin={**now.plugin, "new.ts": None}), wanted(newer), NOW + 5)
    assert [(change.path.name, change.after) for change in plan.changes] == [
        ("plugin.json", newer["plugin.json"]),
        ("new.ts", newer["new.ts"]),
        ("register.ts", None),
    ]
    assert plan.backup is None
    assert plan.entry is not None
    assert set(plan.entry.files) == set(newer)


def test_a_moved_program_needs_no_second_backup_unless_the_file_was_edited() -> None:
    found = fresh(OWN)
    now = after(found, install(found, wanted(program="/old/warmside"), NOW))
    plan = install(now, wanted(), NOW + 5)
    assert plan.backup is None
    assert plan.entry is not None
    assert plan.entry.settings is not None
    assert plan.entry.settings.before == digest(OWN)
    edited = replace(now, settings=(now.settings or b"").replace(b"{", b'{"model": "opus", ', 1))
    plan = install(edited, wanted(), NOW + 5)
    assert plan.backup is not None
    assert plan.entry is not None
    assert plan.entry.settings is not None
    assert plan.entry.settings.before is None, "the former bytes are nobody's wish any more"
    assert len(plan.entry.settings.backups) == 2


@pytest.mark.parametrize("there", [b"// mine\n", False])
def test_a_file_that_is_not_ours_stops_everything(there: bytes | bool) -> None:
    found = fresh(OWN)
    with pytest.raises(InstallError, match=r"hooks/register.ts is not what warmside has written there"):
        install(replace(found, plugin={**found.plugin, "hooks/register.ts": there}), wanted(), NOW)


def test_a_file_of_ours_that_was_edited_is_not_overwritten() -> None:
    found = fresh(OWN)
    now = after(found, install(found, wanted(), NOW))
    edited = replace(now, plugin={**now.plugin, "hooks/register.ts": b"// edited\n"})
    with pytest.raises(InstallError, match="move it away"):
        install(edited, wanted(), NOW)
    newer = {"plugin.json": FILES["plugin.json"]}
    plan = install(edited, wanted(newer), NOW)
    assert plan.changes == ()
    assert plan.notes == (f"{PLUGIN / 'hooks/register.ts'} was changed since: it stays",)


def test_a_plugin_that_is_there_without_a_record_becomes_ours() -> None:
    plan = install(replace(fresh(None), plugin=dict(FILES), beside=("notes.txt",), missing=()), wanted(), NOW)
    assert [change.path for change in plan.changes] == [SETTINGS]
    assert plan.entry is not None
    assert set(plan.entry.files) == set(FILES)
    assert set(plan.entry.folders) == {str(PLUGIN), str(PLUGIN / "hooks")}
    assert plan.notes == (f"{PLUGIN / 'notes.txt'} is not warmside's: it stays",)


def test_settings_that_cannot_be_edited_are_named() -> None:
    with pytest.raises(InstallError) as refused:
        install(fresh(b"{,}"), wanted(), NOW)
    assert str(refused.value).startswith(f"{SETTINGS}: it is no valid JSON")
    assert str(refused.value).endswith("; nothing was changed")


def test_a_status_line_that_stays_is_no_part_of_the_record() -> None:
    own = b'{"statusLine": {"type": "command", "command": "warmside statusline"}}'
    plan = install(fresh(own), wanted(), NOW)
    assert SETTINGS not in [change.path for change in plan.changes]
    assert plan.entry is not None
    assert (plan.entry.settings, plan.entry.status_line) == (None, None)
    assert "calls warmside already" in plan.notes[0]
