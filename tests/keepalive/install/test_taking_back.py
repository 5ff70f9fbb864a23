"""What an uninstall takes back: all that was written, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keepalive.install.adding import install
from keepalive.install.plan import Change, Found
from keepalive.install.taking_back import uninstall
from tests.keepalive.install.found import FILES, NOW, PLUGIN, SETTINGS, after, fresh, wanted
from tests.keepalive.install.json_documents import documents

OWN = json.dumps({"statusLine": {"type": "command", "command": "date"}}).encode()


def installed(settings: bytes | None = OWN) -> Found:
    found = fresh(settings)
    return after(found, install(found, wanted(), NOW))


@given(documents().filter(lambda text: not any("\ud800" <= ch <= "\udfff" for ch in text)), st.booleans())
def test_any_settings_are_what_they_were_to_the_byte(text: str, upgraded: bool) -> None:
    found = fresh(text.encode())
    now = after(found, install(found, wanted(), NOW))
    if upgraded:
        now = after(now, install(now, wanted({"plugin.json": b"2"}, "/other/warmside"), NOW + 5))
    plan = uninstall(now)
    left = after(now, plan)
    assert left.settings == text.encode()
    assert set(left.plugin.values()) == {None}
    assert {str(change.path) for change in plan.dropped} == set(now.backups)
    assert plan.entry is None
    assert plan.notes == ()


def test_a_file_that_was_made_goes_unless_something_else_is_in_it() -> None:
    now = installed(None)
    assert uninstall(now).changes[0] == Change(SETTINGS, now.settings, None)
    others = json.dumps({**json.loads(now.settings or b""), "model": "opus"}).encode()
    assert json.loads(uninstall(replace(now, settings=others)).changes[0].after or b"") == {"model": "opus"}
    for rest in (None, b"{}\n"):
        left = after(now, uninstall(replace(now, settings=rest))).settings
        assert left is None or rest is None, "an empty file that we made goes too"


def test_what_somebody_has_edited_since_keeps_the_edit() -> None:
    now = installed()
    edited = replace(now, settings=(now.settings or b"").replace(b"{", b'{"model": "opus", ', 1))
    plan = uninstall(edited)
    assert plan.changes[0].after == OWN.replace(b"{", b'{"model": "opus", ', 1)
    assert plan.dropped == ()
    assert "it is not what the settings say again" in plan.notes[0]


def test_a_status_line_that_is_not_ours_any_more_stays() -> None:
    now = installed()
    other = b'{"statusLine": {"type": "command", "command": "uptime"}}'
    plan = uninstall(replace(now, settings=other))
    assert SETTINGS not in [change.path for change in plan.changes]
    assert plan.notes[0] == "statusLine was changed since and is not warmside's any more: it stays as it is"


def test_plugin_files_that_were_edited_or_are_not_ours_stay() -> None:
    now = installed()
    plan = uninstall(
        replace(now, plugin={**now.plugin, "hooks/register.ts": b"// edited\n"}, beside=("notes.txt", "hooks/x.ts"))
    )
    assert [change.path for change in plan.changes] == [SETTINGS, PLUGIN / "plugin.json"]
    assert plan.notes == (
        f"{PLUGIN / 'hooks/register.ts'} was changed since: it stays",
        f"{PLUGIN / 'notes.txt'} is not warmside's: it stays",
        f"{PLUGIN / 'hooks/x.ts'} is not warmside's: it stays",
    )
    gone = uninstall(replace(now, plugin=dict.fromkeys(FILES)))
    assert [change.path for change in gone.changes] == [SETTINGS]


def test_without_a_record_nothing_is_touched() -> None:
    assert uninstall(replace(installed(), entry=None)).changes == ()


def test_a_settings_file_in_another_place_loses_our_line_alone() -> None:
    now = installed(None)
    elsewhere = SETTINGS.with_name("linked.json")
    plan = uninstall(replace(now, settings_file=elsewhere))
    assert plan.changes[0] == Change(elsewhere, now.settings, b"{}\n")
