"""The layout at three widths, as pictures: what no assertion on text can see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from store.models import BoardView
from tests.tui import cache_sample, ledger_sample, sample
from tests.tui.running import Running


class SnapCompare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(
        self,
        app: App[None],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], Awaitable[None]],
    ) -> bool: ...


def before(one: Running, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the first board, then press keys."""

    async def run(pilot: Pilot[None]) -> None:
        await one.settle(pilot)
        for key in keys:
            await one.press(pilot, key)

    return run


@pytest.mark.parametrize("size", [(32, 20), (40, 40), (120, 36)])
def test_board(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Eight sessions in all their states, the first one about to go cold."""
    one = Running(feed=sample.SampleFeed(sample.BOARD_ENDED))
    assert snap_compare(one.app, terminal_size=size, run_before=before(one))


@pytest.mark.parametrize("size", [(32, 20), (40, 40), (120, 36)])
def test_budget_sheet(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """A sheet from the bottom, the board quiet behind it."""
    one = Running()
    assert snap_compare(one.app, terminal_size=size, run_before=before(one, "b"))


@pytest.mark.parametrize("size", [(32, 20), (40, 40), (120, 36)])
def test_empty_board(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """No session: where we looked and three ways to go on."""
    one = Running(feed=sample.SampleFeed(BoardView(past_sessions=214)))
    assert snap_compare(one.app, terminal_size=size, run_before=before(one))


def test_opened_session(snap_compare: SnapCompare) -> None:
    """The session view over the list, narrow."""
    one = Running()
    assert snap_compare(one.app, terminal_size=(40, 40), run_before=before(one, "enter"))


@pytest.mark.parametrize("size", [(40, 40), (120, 50)])
def test_cache_tab(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Two sources that disagree, the strip with a break and a lapse, the events."""
    told = {"disagrees": "client_expired", "last_miss_at": sample.at(13, 19), "last_miss_cause": "tools_changed"}
    session = sample.API.model_copy(update={"cache": sample.API.cache.model_copy(update=told)})
    board = sample.BOARD.model_copy(update={"sessions": (session, *sample.BOARD.sessions[2:])})
    one = Running(feed=sample.SampleFeed(board))
    one.feed.history = cache_sample.HISTORY
    assert snap_compare(one.app, terminal_size=size, run_before=before(one, "enter", "tab"))


@pytest.mark.parametrize("size", [(40, 40), (120, 36)])
def test_ledger_tab(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Totals, and every outcome that an idle period can have."""
    one = Running()
    one.feed.ledger = ledger_sample.LEDGER
    assert snap_compare(one.app, terminal_size=size, run_before=before(one, "enter", "tab", "tab"))
