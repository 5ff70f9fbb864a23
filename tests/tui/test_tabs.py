"""Turning between a session's turns, its cache and its ledger: keys, what is read for it, and what says so."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from tests.tui import cache_sample, ledger_sample, sample
from tests.tui.budget_sample import IN_FORCE
from tests.tui.running import Running
from tui.actions import BY_NAME
from tui.moment import Moment
from tui.orders import TurnsWanted
from tui.screens.budget import BudgetSheet


@pytest.fixture
def one() -> Running:
    running = Running()
    running.feed.history = cache_sample.HISTORY
    running.feed.ledger = ledger_sample.LEDGER
    return running


def wanted(one: Running) -> list[tuple[bool, bool]]:
    """For each read that was asked for: with the cache's history, with the ledger?"""
    asked = {
        id(message): (message.cache, message.ledger) for message in one.messages if isinstance(message, TurnsWanted)
    }
    return list(asked.values())


async def test_tab_turns_to_the_cache_to_the_ledger_and_back(one: Running) -> None:
    async with one.run(36, 60) as pilot:
        await one.press(pilot, "enter")
        assert set(wanted(one)) == {(False, False)}, "nobody looks at them"
        await one.press(pilot, "tab")
        assert wanted(one)[-1] == (True, False)
        shown = one.text("detail")
        tabs = shown.index(" Turns   Cache   Ledger   Budget")
        assert shown[tabs + 1].startswith(" ────────━━━━━──")
        assert any("62 requests" in line for line in shown)
        assert not any("turn 13 ───" in line for line in shown)
        await one.press(pilot, "tab")
        assert wanted(one)[-1] == (False, True)
        shown = one.text("detail")
        assert shown.index(" Turns   Cache   Ledger   Budget") == tabs
        assert shown[tabs + 1].startswith(" ────────────────━━━━━━──")
        assert " today 13:35  12m06       ↻2  $0.34" in shown
        assert not any("62 requests" in line for line in shown)
        await one.press(pilot, "tab")
        shown = one.text("detail")
        assert shown[tabs + 1].endswith("━━━━━━───")
        assert " what comes of it" in shown
        await one.press(pilot, "tab")
        assert wanted(one)[-1] == (False, False)
        shown = one.text("detail")
        assert shown[tabs + 1].startswith(" ━━━━━────")
        assert any("turn 13 ───" in line for line in shown)


async def test_shift_tab_turns_back(one: Running) -> None:
    async with one.run(36, 60) as pilot:
        await one.press(pilot, "enter", "shift+tab", "shift+tab")
        assert any(line.startswith(" today 13:35") for line in one.text("detail"))
        await one.press(pilot, "shift+tab")
        assert any("62 requests" in line for line in one.text("detail"))


async def test_beside_the_list_it_needs_no_opening(one: Running) -> None:
    async with one.run(120, 50) as pilot:
        await one.press(pilot, "tab")
        assert one.focus == "list"
        assert any("62 requests" in line for line in one.text("detail"))
        assert "tab next tab" in one.text("footer")[0]


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


async def test_another_sessions_ledger_is_not_shown(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async with one.run(120, 50) as pilot:
        await one.press(pilot, "tab", "tab")
        assert any(line.startswith(" -$0.18 net") for line in one.text("detail"))

        def broken(session_id: str) -> SessionLedger:
            raise OSError("torn page")

        monkeypatch.setattr(one.feed, "session_ledger", broken)
        await one.press(pilot, "j")
        assert not any("net" in line for line in one.text("detail"))
        assert any("torn page" in line for line in one.text("footer"))


async def test_a_list_alone_has_no_tabs(one: Running) -> None:
    async with one.run() as pilot:
        await one.press(pilot, "tab")
        assert one.text("footer") == [" open the session first"]
        assert one.focus == "list"


async def test_without_utf8_the_shapes_still_differ(one: Running) -> None:
    one = Running(look=one.look.__class__(zone=sample.ZONE, ascii_only=True))
    one.feed.history, one.feed.ledger = cache_sample.HISTORY, ledger_sample.LEDGER
    async with one.run(36, 60) as pilot:
        await one.press(pilot, "enter", "tab")
        shown = one.text("detail")
        assert any(": read  # written" in line for line in shown)
        await one.press(pilot, "tab")
        ledger = one.text("detail")
        assert any("@2  $0.34" in line for line in ledger)
        assert all(line.isascii() for line in ledger[ledger.index(" Turns   Cache   Ledger   Budget") :])
        start = next(n for n, line in enumerate(shown) if "62 requests" in line)
        assert all(line.isascii() for line in shown[start:])


def test_what_the_action_says() -> None:
    turn_over = BY_NAME["tab"].reason_not
    sample_now = Moment(sample.BOARD, sample.API, sample.NOW)
    assert turn_over(sample_now) == "open the session first"
    assert turn_over(sample_now._replace(viewed=True)) is None
    assert turn_over(sample_now._replace(viewed=True, session=None)) == "no session selected"


async def test_what_is_in_force_is_read_for_its_tab_and_for_the_sheet(one: Running) -> None:
    def asked() -> bool:
        return [message for message in one.messages if isinstance(message, TurnsWanted)][-1].budget

    async with one.run(36, 60) as pilot:
        await one.press(pilot, "enter")
        assert not asked()
        await one.press(pilot, "shift+tab")
        assert asked()
        assert " config.toml [budget] ─────────────" in one.text("detail")
        await one.press(pilot, "escape")
        assert not asked()
        one.feed.in_force = replace(IN_FORCE, day=IN_FORCE.day._replace(spent=2.5))
        await one.press(pilot, "b")
        assert asked()
        assert isinstance(one.app.screen, BudgetSheet)
        await one.press(pilot, "tab", "6", "tab", "9")
        assert one.text("consequence")[0].startswith("no pings: day's cap"), "what it leaves pays for no write"
