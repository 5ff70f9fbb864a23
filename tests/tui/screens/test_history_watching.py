"""The history while it is open and the store changes: what is new comes, and nothing moves under the reader."""

from __future__ import annotations

import re

import pytest

from store.history import Place
from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tests.tui.sample import NOW
from tui.board_state import KEY_QUIET_SECONDS
from tui.screens.history import History
from tui.screens.history_watching import FAILED_SECONDS, REST

MANY = tuple(Place(f"s{n}", NOW - 600 * n) for n in range(40))


def history(one: Running) -> History:
    screen = one.app.screen
    assert isinstance(screen, History)
    return screen


async def test_what_is_new_comes_quietly_and_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = SampleHistory(places=MANY)
    one = Running(history=feed)
    async with one.run(60, 20) as pilot:

        async def look(seconds: float = KEY_QUIET_SECONDS) -> int:
            """How often the list is read when so much time has passed."""
            before = len(feed.called("places")) + len(feed.called("search"))
            one.clock.advance(seconds)
            history(one).look_again()
            await one.settle(pilot)
            return len(feed.called("places")) + len(feed.called("search")) - before

        await one.press(pilot, "H", *"jjjjjjjjjjjjkk")
        assert await look() == 0, "nothing has changed"
        state, before = history(one)._state, one.text("found")
        assert str(state.key) == "('s10', None)"

        feed.all_places, feed.number = (Place("s40", NOW), *MANY), 2
        await one.press(pilot, "k", "j")
        assert await look(KEY_QUIET_SECONDS - 0.1) == 0, "a key was just pressed"
        assert await look(0.2) == 1
        assert (str(state.key), len(state.results)) == ("('s10', None)", 41)
        assert one.text("found") == before, "the cursor's row and all that is seen stay in their lines"
        await one.press(pilot, "home")
        assert any("title of s40" in line for line in one.text("found"))

        await one.press(pilot, "slash", *"lock", "down")
        feed.number, hits = 3, feed.hits
        feed.hits = (hits[0], *hits)
        assert await look() == 1, "also while somebody has the field open"
        assert (history(one).field.value, str(state.key), len(state.results)) == ("lock", "('s0', 2)", 5)
        assert history(one).has_class("-finding")
        assert not history(one)._searching

        feed.number, painted = 4, []
        monkeypatch.setattr(history(one), "show_results", lambda: painted.append(1))
        assert (await look(), painted) == (1, []), "what reads the same is not painted again"

        feed.number, feed.broken = 5, OSError("the disk is gone")
        assert await look() == 1
        assert one.text("footer") == [" the disk is gone"]
        assert await look(REST * FAILED_SECONDS - 0.1) == 0, "it rests after a failure"
        feed.broken = None
        assert await look(0.2) == 1

        await one.press(pilot, "escape", "question_mark")
        feed.number = 6
        read = len(feed.calls)
        one.clock.advance(60)
        opened = one.app.get_screen("history")
        assert isinstance(opened, History)
        opened.look_again()
        await one.settle(pilot)
        assert len(feed.calls) == read, "not behind a sheet"


async def test_a_turn_that_comes_above_moves_no_line_of_what_is_read() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run(60, 30) as pilot:
        await one.press(pilot, "H", "enter", *"jjjjjjjjjjjjjjjjjjjjjjjj")
        before = one.text("session")
        assert not any("api-refactor" in line for line in before), "scrolled past the head"
        feed.turns, feed.number = 7, 2
        one.clock.advance(KEY_QUIET_SECONDS)
        history(one).look_again()
        await one.settle(pilot)
        after = one.text("session")
        session = history(one)._state.session
        assert session is not None
        assert len(session.detail.turns) == 7
        clock = re.compile(r"\d\d:\d\d")
        assert [clock.sub("", line) for line in after] == [clock.sub("", line) for line in before]

        # A span of time stays the moment that it was when it was typed: else the cursor would begin anew.
        await one.press(pilot, "escape", "slash", *"after", "colon", *"30d", "enter", "j")
        one.clock.advance(60)
        await one.press(pilot, "question_mark", "escape")
        assert history(one)._state.cursor == 1
