"""What is read and when: typing never waits, the newest query wins, a failure is a line."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from store.history import Place
from tests.tui.history_sample import HITS, SampleHistory, hit
from tests.tui.running import Running
from tests.tui.sample import NOW
from tui.history_messages import LinesRead, ReadFailed, ResultsRead
from tui.history_state import Results
from tui.screens.history import History
from tui.screens.history_reading import FIRST_HITS, FIRST_LINES, MORE_HITS


def history(one: Running) -> History:
    screen = one.app.screen
    assert isinstance(screen, History)
    return screen


async def until(pilot: Pilot[None], met: Callable[[], bool]) -> None:
    """Let the loop run until something is so; the bound is for a test that fails."""
    async with asyncio.timeout(10):
        while not met():
            await pilot.pause()


async def test_typing_is_never_held_up_by_a_search() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash")
        feed.gate = gate = threading.Event()
        try:
            await pilot.press("l")
            await until(pilot, lambda: feed.called("search") == ["l"])
            await pilot.press("o", "c", "k")
            assert history(one).field.value == "lock", "typed while the search waits"
            await pilot.press("down")
            assert history(one)._state.cursor == 1, "and the list moves"
            await until(pilot, lambda: feed.called("search")[-1] == "lock")
            assert feed.interrupts >= 1
            assert len(history(one)._state.results.places) == 4, "what was shown stays meanwhile"
        finally:
            gate.set()  # else a test that fails would wait for its thread
        await one.settle(pilot)
        assert history(one)._state.results.query.text == "lock"
        assert history(one)._state.results.hits == HITS


async def test_an_overtaken_search_is_neither_shown_nor_complained_of(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash")
        shown: list[str] = []
        state = history(one)._state
        show = state.show

        def seen(results: Results, *, afresh: bool) -> None:
            shown.append(results.query.text)
            show(results, afresh=afresh)

        monkeypatch.setattr(state, "show", seen)
        monkeypatch.setattr(feed, "interrupt", lambda: None)  # too late to end it: it answers
        feed.gate = threading.Event()
        await pilot.press("l")
        await until(pilot, lambda: feed.called("search") == ["l"])
        await pilot.press("o")
        feed.gate.set()
        await one.settle(pilot)
        assert shown == ["lo"]
        assert one.posted(ResultsRead) >= 3, "the first list, the late answer, the right one"
        assert one.posted(ReadFailed) == 0


async def test_a_search_that_fails_says_why_and_the_list_stays() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash")
        feed.broken = OSError("the disk\nis gone")
        await one.press(pilot, "l")
        assert one.posted(ReadFailed) >= 1
        assert one.text("footer") == [" the disk is gone"]
        assert len(history(one)._state.results.places) == 4
        feed.broken = None
        await one.press(pilot, "o")
        assert history(one)._state.results.hits == HITS


async def test_of_many_sessions_only_those_in_view_are_read() -> None:
    places = tuple(Place(f"s{n}", NOW - 100 * n) for n in range(10_000))
    feed = SampleHistory(places=places)
    one = Running(history=feed)
    async with one.run() as pilot:
        await one.press(pilot, "H")
        assert len(history(one)._state.lines) == FIRST_LINES
        await one.press(pilot, "end")
        assert history(one)._state.cursor == 9_999
        assert any("title of s9999" in line for line in one.text("found"))
        read = sum(len(given) for given in feed.called("lines") if isinstance(given, tuple))
        assert read < 100
        assert one.posted(LinesRead) >= 1


async def test_more_turns_are_read_when_the_end_comes_near() -> None:
    hits = tuple(hit("s0", n) for n in range(1, 3 * FIRST_HITS))
    feed = SampleHistory(hits=hits)
    one = Running(history=feed)
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash", *"lock", "enter")
        assert len(history(one)._state.results) == FIRST_HITS
        assert one.text("said")[1].startswith(f" {FIRST_HITS}+ turns")
        await one.press(pilot, "end")
        assert history(one)._state.results.limit == FIRST_HITS * MORE_HITS
        assert len(history(one)._state.results) == len(hits)
        assert history(one)._state.cursor == FIRST_HITS - 1, "the cursor stays where it was"


async def test_coming_back_reads_again_and_keeps_the_place() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run() as pilot:
        await one.press(pilot, "H", "j", "j", "escape")
        assert one.on_board
        feed.all_places = (Place("s9", NOW), *feed.all_places)
        await one.press(pilot, "H")
        assert len(history(one)._state.results) == 5
        assert history(one)._state.key == ("s2", None)


async def test_nothing_is_read_before_the_history_is_opened() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run():
        assert feed.calls == []


async def test_the_chosen_session_is_read_only_where_it_is_shown_and_once() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    async with one.run(36, 40) as pilot:
        await one.press(pilot, "H", "j", "k")
        assert feed.called("opened") == []
        await one.press(pilot, "enter", "escape", "enter")
        assert feed.called("opened") == ["s0"]


async def test_leaving_the_program_does_not_wait_for_a_search() -> None:
    feed = SampleHistory()
    one = Running(history=feed)
    feed.gate = threading.Event()
    async with one.run() as pilot:
        await one.press(pilot, "H", "slash")
        await pilot.press("l")
        await until(pilot, lambda: feed.called("search") == ["l"])
        one.app.exit()
    assert feed.interrupts == 1
