"""What is remembered of a look at the plugins' folder: who could be asked, who rests, and what is new."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keepalive.clock import ManualClock
from keepalive.plugin_folder import FRESH, PluginFolder
from keepalive.plugin_sessions import News, PluginSessions
from keepalive.plugin_words import Limit
from tests.keepalive.plugin_side import OTHER, SESSION, PluginSide

NOW = 1_790_000_000.0


class Looks:
    """A folder, two plugins, and who looks at them."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(NOW)
        self.folder = PluginFolder(path / "plugin", self.clock)
        self.folder.make()
        self.plugin, self.other = PluginSide(self.folder.path), PluginSide(self.folder.path, OTHER)
        self.sessions = PluginSessions(self.folder, self.clock)

    def look(self) -> list[News]:
        return self.sessions.take(self.sessions.look_at())

    def news(self) -> list[tuple[str, bool, bool]]:
        """Whose, whether it was known before, whether it is there now."""
        return sorted((one.session_id, one.before is not None, one.now is not None) for one in self.look())


@pytest.fixture
def looks(tmp_path: Path) -> Looks:
    return Looks(tmp_path)


def test_nobody_is_there_before_the_first_look(looks: Looks) -> None:
    looks.plugin.announce(NOW)
    assert not looks.sessions.there(SESSION)
    assert not looks.sessions.rests(SESSION)
    assert not looks.sessions.any()
    assert looks.sessions.limits(SESSION) == ()
    assert not looks.sessions.installed


def test_a_session_that_announces_itself_is_news_once(looks: Looks) -> None:
    looks.plugin.announce(NOW)
    assert looks.news() == [(SESSION, False, True)]
    looks.clock.advance(20.0)
    looks.plugin.announce(NOW + 20)  # written again: it says nothing else
    assert looks.news() == []
    assert looks.sessions.there(SESSION)
    assert looks.sessions.any()
    assert looks.sessions.installed
    assert not looks.sessions.there(OTHER)


@pytest.mark.parametrize(
    "more",
    [
        {"instance": "another"},
        {"running": True},
        {"turn_started_at": NOW},
        {"turn_ended_at": NOW},
        {"ended": "clear"},
        {"context": {"tokens": 5, "window": 10}},
        {"limits": [{"kind": "five_hour", "used": 0.5, "resets_at": None}]},
    ],
)
def test_whatever_it_says_else_is_news(looks: Looks, more: dict[str, object]) -> None:
    looks.plugin.announce(NOW)
    looks.other.announce(NOW)
    looks.look()
    looks.plugin.announce(NOW + 1, **more)
    assert looks.news() == [(SESSION, True, True)]
    assert looks.news() == []


def test_one_that_is_not_renewed_is_gone_and_that_is_news(looks: Looks) -> None:
    looks.plugin.announce(NOW)
    looks.look()
    looks.clock.advance(FRESH)
    assert looks.sessions.there(SESSION)
    looks.clock.advance(1.0)
    assert not looks.sessions.there(SESSION), "also before anybody looked again"
    assert not looks.sessions.rests(SESSION)
    assert looks.news() == [(SESSION, True, False)]
    assert looks.news() == []
    assert not looks.sessions.any()


def test_an_ended_session_is_told_of_and_cannot_be_asked(looks: Looks) -> None:
    looks.plugin.announce(NOW)
    looks.look()
    looks.plugin.announce(NOW + 1, ended="prompt_input_exit")
    (one,) = looks.look()
    assert one.now is not None
    assert one.now.ended == "prompt_input_exit"
    assert not looks.sessions.there(SESSION)
    assert not looks.sessions.any()


@pytest.mark.parametrize(("running", "rests"), [(True, False), (False, True), (None, True)])
def test_it_rests_unless_it_says_that_a_turn_runs(looks: Looks, running: bool | None, rests: bool) -> None:
    """A module that was loaded in mid-session does not know; the client looks once more before it sends."""
    looks.plugin.announce(NOW, running=running)
    looks.look()
    assert looks.sessions.there(SESSION)
    assert looks.sessions.rests(SESSION) is rests


def test_windows_that_began_anew_are_left_out(looks: Looks) -> None:
    looks.plugin.announce(
        NOW,
        limits=[
            {"kind": "five_hour", "used": 0.95, "resets_at": NOW + 10},
            {"kind": "seven_day", "used": 0.4, "resets_at": None},
        ],
    )
    looks.look()
    assert [limit.kind for limit in looks.sessions.limits(SESSION)] == ["five_hour", "seven_day"]
    looks.clock.advance(10.0)
    assert looks.sessions.limits(SESSION) == (Limit("seven_day", 0.4, None),)


def test_what_is_forgotten_is_news_again(looks: Looks) -> None:
    looks.plugin.announce(NOW)
    looks.look()
    looks.sessions.forget([SESSION, "never seen"])
    assert not looks.sessions.there(SESSION)
    assert looks.news() == [(SESSION, False, True)]


def test_without_the_folder_nothing_is_installed(looks: Looks) -> None:
    looks.plugin.announce(NOW)
    looks.look()
    looks.plugin.path("state").unlink()
    looks.folder.path.rmdir()
    assert looks.news() == [(SESSION, True, False)]
    assert not looks.sessions.installed


SAYS = st.fixed_dictionaries(
    {
        "running": st.sampled_from([True, False, None]),
        "ended": st.sampled_from(["", "", "", "clear"]),
        "turn_started_at": st.sampled_from([None, NOW]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([SESSION, OTHER]), st.one_of(st.none(), SAYS), st.sampled_from([0.0, 1.0, 30.0, 61.0])
        ),
        max_size=8,
    )
)
def test_following_the_news_gives_what_is_there(
    tmp_path: Path, steps: list[tuple[str, dict[str, object] | None, float]]
) -> None:
    """Whoever only ever hears the news knows as much as whoever reads the folder."""
    looks, heard = Looks(tmp_path), dict[str, tuple[object, ...]]()
    for path in looks.folder.path.iterdir():
        path.unlink()
    for session, said, seconds in steps:
        plugin = looks.plugin if session == SESSION else looks.other
        if said is None:
            plugin.path("state").unlink(missing_ok=True)
        else:
            plugin.announce(looks.clock.wall(), **said)
        looks.clock.advance(seconds)
        for one in looks.look():
            heard.pop(one.session_id, None)
            if one.now is not None:
                heard[one.session_id] = (one.now.running, one.now.ended, one.now.turn_started_at)
        there = {
            name: (found.running, found.ended, found.turn_started_at)
            for name, found in looks.folder.announcements().items()
            if found.ended or looks.clock.wall() - found.at <= FRESH
        }
        assert heard == there
        for name in (SESSION, OTHER):
            assert looks.sessions.there(name) is (name in there and not there[name][1])
