"""Turning between a session's turns and its cache: keys, what is read for it, and what says so."""

from __future__ import annotations

import pytest

from store.cache_strip import CacheHistory
from tests.tui import cache_sample, sample
from tests.tui.running import Running
from tui.actions import BY_NAME, Moment
from tui.orders import TurnsWanted


@pytest.fixture
def one() -> Running:
    running = Running()
    running.feed.history = cache_sample.HISTORY
    return running


def wanted(one: Running) -> list[bool]:
    """For each read that was asked for: with the cache's history?"""
    asked = {id(message): message.cache for message in one.messages if isinstance(message, TurnsWanted)}
    return list(asked.values())


@pytest.mark.parametrize("key", ["tab", "shift+tab"])
async def test_tab_turns_to_the_cache_and_back(one: Running, key: str) -> None:
    async with one.run(36, 60) as pilot:
        await one.press(pilot, "enter")
        assert not any(wanted(one)), "nobody looks at it"
        await one.press(pilot, key)
        shown = one.text("detail")
        tabs = shown.index(" Turns   Cache")
        assert shown[tabs + 1].startswith(" ────────━━━━━──")
        assert any("62 requests" in line for line in shown)
        assert not any("turn 13 ───" in line for line in shown)
        await one.press(pilot, key)
        shown = one.text("detail")
        assert shown.index(" Turns   Cache") == tabs
        assert shown[tabs + 1].startswith(" ━━━━━────")
        assert any("turn 13 ───" in line for line in shown)


async def test_beside_the_list_it_needs_no_opening(one: Running) -> None:
    async with one.run(120, 50) as pilot:
        await one.press(pilot, "tab")
        assert one.focus == "list"
        assert any("62 requests" in line for line in one.text("detail"))
        assert "tab turns/cache" in one.text("footer")[0]


async def test_another_sessions_history_is_not_shown(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async with one.run(120, 50) as pilot:
        await one.press(pilot, "tab")

        def broken(session_id: str) -> CacheHistory:
            raise OSError("torn page")

        monkeypatch.setattr(one.feed, "cache_history", broken)
        await one.press(pilot, "j")
        assert not any("62 requests" in line for line in one.text("detail"))
        monkeypatch.undo()
        await one.press(pilot, "k", "j")
        assert any("62 requests" in line for line in one.text("detail"))


async def test_a_list_alone_has_no_tabs(one: Running) -> None:
    async with one.run() as pilot:
        await one.press(pilot, "tab")
        assert one.text("footer") == [" open the session first"]
        assert one.focus == "list"


async def test_without_utf8_the_shapes_still_differ(one: Running) -> None:
    one = Running(look=one.look.__class__(zone=sample.ZONE, ascii_only=True))
    one.feed.history = cache_sample.HISTORY
    async with one.run(36, 60) as pilot:
        await one.press(pilot, "enter", "tab")
        shown = one.text("detail")
        assert any(": read  # written" in line for line in shown)
        start = next(n for n, line in enumerate(shown) if "62 requests" in line)
        assert all(line.isascii() for line in shown[start:])


def test_what_the_action_says() -> None:
    turn_over = BY_NAME["tab"].reason_not
    sample_now = Moment(sample.BOARD, sample.API, sample.NOW)
    assert turn_over(sample_now) == "open the session first"
    assert turn_over(sample_now._replace(viewed=True)) is None
    assert turn_over(sample_now._replace(viewed=True, session=None)) == "no session selected"
