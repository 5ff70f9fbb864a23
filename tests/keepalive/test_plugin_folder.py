"""The keeper's side of the plugin's folder: private, bounded, and indifferent to whatever else lies in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepalive import plugin_folder
from keepalive.clock import ManualClock
from keepalive.plugin_folder import FRESH, GONE, KEEP_ENDED, MAX_BYTES, PluginFolder
from keepalive.plugin_words import Announcement, Answer, Ask, Context, ForkUsage, Limit
from tests.keepalive.plugin_side import INSTANCE, OTHER, SESSION, PluginSide

NOW = 1_790_000_000.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def folder(tmp_path: Path, clock: ManualClock) -> PluginFolder:
    made = PluginFolder(tmp_path / "state" / "plugin", clock)
    made.make()
    return made


@pytest.fixture
def plugin(folder: PluginFolder) -> PluginSide:
    return PluginSide(folder.path)


def age(path: Path, at: float) -> None:
    os.utime(path, (at, at))


def test_the_folder_is_made_private_also_one_that_was_open(tmp_path: Path, clock: ManualClock) -> None:
    folder = PluginFolder(tmp_path / "plugin", clock)
    folder.path.mkdir()
    folder.path.chmod(0o777)
    folder.make()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_link_is_no_folder(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "plugin").symlink_to(tmp_path / "real")
    folder = PluginFolder(tmp_path / "plugin", clock)
    with pytest.raises(OSError, match="plugin"):
        folder.make()
    PluginSide(tmp_path / "real").announce(NOW)
    assert folder.announcements() == {}
    assert folder.active(SESSION) is None


def test_without_a_folder_there_is_nobody(tmp_path: Path, clock: ManualClock) -> None:
    folder = PluginFolder(tmp_path / "plugin", clock)
    assert folder.announcements() == {}
    assert folder.answer(SESSION, "a") is None
    assert folder.clean() == 0
    folder.withdraw(SESSION)
    with pytest.raises(OSError, match="No such file"):
        folder.ask(SESSION, Ask("a", "b", 1.0))


def test_what_a_session_announces_is_read(folder: PluginFolder, plugin: PluginSide) -> None:
    plugin.announce(
        NOW,
        running=True,
        turn_started_at=NOW - 1,
        context={"tokens": 13_436, "window": 1_000_000},
        limits=[{"kind": "five_hour", "used": 0.235, "resets_at": NOW + 60}],
        later="a newer plugin says more",
    )
    said = Announcement(
        v=1,
        session=SESSION,
        instance=INSTANCE,
        plugin="0.1.0",
        client="2.1.331",
        at=NOW,
        running=True,
        turn_started_at=NOW - 1,
        context=Context(13_436, 1_000_000),
        limits=(Limit("five_hour", 0.235, NOW + 60),),
    )
    assert folder.active(SESSION) == said
    assert folder.announcements() == {SESSION: said}
    assert folder.active(OTHER) is None


@pytest.mark.parametrize(("moved", "there"), [(0, True), (FRESH, True), (FRESH + 1, False), (-FRESH - 1, False)])
def test_an_announcement_ages(
    folder: PluginFolder, plugin: PluginSide, clock: ManualClock, moved: float, there: bool
) -> None:
    plugin.announce(NOW)
    clock.step(moved)
    assert (folder.active(SESSION) is not None) == there
    assert folder.announcement(SESSION) is not None


def test_an_ended_session_is_read_but_not_active(folder: PluginFolder, plugin: PluginSide) -> None:
    plugin.announce(NOW, ended="clear")
    assert folder.active(SESSION) is None
    said = folder.announcement(SESSION)
    assert said is not None
    assert said.ended == "clear"


def test_an_ask_is_whole_private_and_replaces_the_one_before(folder: PluginFolder, plugin: PluginSide) -> None:
    folder.ask(SESSION, Ask("a1", INSTANCE, NOW + 1))
    folder.ask(SESSION, Ask("a2", INSTANCE, NOW + 2))
    assert plugin.asked() == {"id": "a2", "to": INSTANCE, "notAfter": NOW + 2, "plan": False}
    assert plugin.path("ask").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.path.iterdir()] == [plugin.path("ask").name]
    folder.withdraw(SESSION)
    assert plugin.asked() == {}


def test_an_ask_takes_the_place_of_a_link_and_follows_none(
    folder: PluginFolder, plugin: PluginSide, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("precious", encoding="utf-8")
    plugin.path("ask").symlink_to(target)
    folder.ask(SESSION, Ask("a1", INSTANCE, NOW))
    assert target.read_text(encoding="utf-8") == "precious"
    assert not plugin.path("ask").is_symlink()


@pytest.mark.parametrize("session_id", ["../../etc/passwd", "", "ABCDEFGH", "a" * 65, "aaaaaaaa/b", "aaaaaaaa\n"])
def test_an_id_that_could_be_a_path_is_nobodys(folder: PluginFolder, session_id: str) -> None:
    assert folder.active(session_id) is None
    assert folder.answer(session_id, "a") is None
    folder.forget(session_id)
    with pytest.raises(FileNotFoundError):
        folder.ask(session_id, Ask("a", "b", 1.0))
    assert list(folder.path.iterdir()) == []


def test_an_answer_counts_for_its_own_ask(folder: PluginFolder, plugin: PluginSide) -> None:
    folder.ask(SESSION, Ask("a1", INSTANCE, NOW + 1))
    plugin.answer(NOW, "done", usage={"input": 11, "output": 1, "cache_read": 13_436, "cache_write": 6}, sends=1)
    assert folder.answer(SESSION, "a1") == Answer(
        v=1, id="a1", at=NOW, state="done", usage=ForkUsage(11, 1, 13_436, 6), sends=1
    )
    assert folder.answer(SESSION, "a2") is None
    folder.forget(SESSION)
    assert list(folder.path.iterdir()) == []


def test_another_sessions_announcement_under_this_name_is_none(folder: PluginFolder, plugin: PluginSide) -> None:
    plugin.announce(NOW, session=OTHER)
    assert folder.announcements() == {}


@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "huge", "deep", "unreadable"])
def test_a_hostile_file_costs_nothing(folder: PluginFolder, plugin: PluginSide, tmp_path: Path, kind: str) -> None:
    path = plugin.path("state")
    plugin.announce(NOW)
    whole = path.read_bytes()
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "elsewhere").write_bytes(whole)
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        path.write_bytes(whole + b" " * MAX_BYTES)
    elif kind == "deep":
        path.write_bytes(b"[" * (MAX_BYTES - 1))
    else:
        path.write_bytes(b"\xff\xfe\x00")
    assert folder.announcements() == {}
    assert folder.active(SESSION) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 400))
def test_a_torn_file_is_absent_or_whole(folder: PluginFolder, plugin: PluginSide, cut: int) -> None:
    plugin.announce(NOW, limits=[{"kind": "five_hour", "used": 0.5, "resets_at": None}])
    whole = plugin.path("state").read_bytes()
    plugin.path("state").write_bytes(whole[:cut])
    said = folder.announcement(SESSION)
    assert (said is not None) == (cut >= len(whole) - 1), "all but the newline"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["at", "running", "ended", "context", "limits", "turn_started_at", "v", "client"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    )
)
def test_odd_values_never_raise_and_never_get_in(
    folder: PluginFolder, plugin: PluginSide, odd: dict[str, object]
) -> None:
    plugin.announce(NOW)
    said = json.loads(plugin.path("state").read_bytes())
    plugin.write("state", {**said, **odd})
    found = folder.announcement(SESSION)
    if found is not None:
        assert 0 <= found.at <= 1e11
        assert len(found.client) <= 64
        assert found.v == 1
        folder.fresh(found)


def test_cleaning_removes_what_is_over_and_nothing_else(
    folder: PluginFolder, clock: ManualClock, tmp_path: Path
) -> None:
    live, ended, just_ended, silent, torn, known = (
        PluginSide(folder.path, f"{n}1111111-2222-3333-4444-555555555555") for n in range(6)
    )
    for side in (live, ended, just_ended, silent, known):
        side.announce(NOW, ended="" if side in (live, silent, known) else "clear")
        side.answer(NOW, "refused")
    ended.announce(NOW - KEEP_ENDED - 1, ended="clear")
    torn.path("answer").write_bytes(b'{"v":')
    (folder.path / "notes.txt").write_text("mine", encoding="utf-8")
    half = folder.path / ".0123456789abcdef.tmp"
    half.write_bytes(b"x")
    for path in folder.path.iterdir():
        age(path, NOW)
    for path in (*(silent.path(kind) for kind in ("state", "answer")), torn.path("answer"), half):
        age(path, NOW - GONE - 1)
    assert folder.clean(lambda session_id: session_id == known.session_id) == 2 + 2 + 1 + 2 + 1
    assert {path.name for path in folder.path.iterdir()} == {
        "notes.txt",
        *(side.path(kind).name for side in (live, just_ended) for kind in ("state", "answer")),
    }


def test_the_number_of_sessions_is_bounded(folder: PluginFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_folder, "MAX_SESSIONS", 3)
    sides = [PluginSide(folder.path, f"{n}1111111-2222-3333-4444-555555555555") for n in range(5)]
    for n, side in enumerate(sides):
        side.announce(NOW)
        age(side.path("state"), NOW - 100 + n)
    assert len(folder.announcements()) == 3
    assert folder.clean() == 2
    assert set(folder.announcements()) == {side.session_id for side in sides[2:]}
