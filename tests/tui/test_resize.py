"""A terminal that changes its size, through every way of laying out: the cursor and what was scrolled to stay."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from store.models import BoardView
from tests.tui import sample
from tests.tui.gallery import Gallery, gallery, rows, showing
from tui.screens.copy_menu import CopyMenu
from tui.widgets.history_list import HistoryList
from tui.widgets.line_view import LineView

WAY = ((120, 36), (60, 30), (32, 20), (44, 15), (45, 15), (89, 24), (90, 24), (30, 15), (120, 36))
"""Over each breakpoint in both directions, and over the heights at which parts come and go."""
MANY = tuple(
    sample.session(
        f"p{n:02}", sample.cache(140 + n, usd=0.62, tokens=165_000), sample.keep("money_spent", {"usd": 0.5})
    )
    for n in range(30)
)


async def _resize(one: Gallery, pilot: Pilot[None], size: tuple[int, int]) -> None:
    await pilot.resize_terminal(*size)
    await one.settle(pilot)
    assert one.app.size == size
    assert {len(line) for line in rows(one) if line.isascii()} <= {size[0]}


def _many() -> Gallery:
    return gallery(feed=sample.SampleFeed(BoardView(sessions=MANY)))


async def test_the_cursor_stays_on_its_session_and_in_view() -> None:
    one = _many()
    async with one.run(*WAY[0]) as pilot:
        await one.press(pilot, *["j"] * 17)
        chosen = one.app.state.selected_id
        assert chosen == "p17"
        for size in WAY:
            await _resize(one, pilot, size)
            assert one.app.state.selected_id == chosen
            assert any(line.startswith("▌") and "p17" in line for line in rows(one)), size
            assert one.focus == "list"


async def test_the_top_of_the_list_comes_back_with_its_size() -> None:
    one = _many()
    async with one.run(60, 30) as pilot:
        await one.press(pilot, *["j"] * 17)
        top = one.rows().scroll_offset.y
        await _resize(one, pilot, (120, 30))
        await _resize(one, pilot, (60, 30))
        assert top > 0
        # The cursor's row may have had to move to stay in view where there was less room, and no further.
        assert abs(one.rows().scroll_offset.y - top) <= 2


async def test_an_opened_session_stays_open_where_it_was_read() -> None:
    one = gallery("turns")
    async with showing(one, "turns", 32, 20) as pilot:
        await one.press(pilot, *["j"] * 6)
        view = one.app.main.query_one("#detail", LineView)
        assert view.scroll_offset.y == 6
        for size in ((36, 20), (60, 20), (32, 20)):
            await _resize(one, pilot, size)
            assert view.scroll_offset.y == 6, size
            assert one.app.main.has_class("-opened")


@pytest.mark.parametrize("name", ["days", "history", "found", "opened"])
async def test_other_pages_keep_their_place(name: str) -> None:
    one = gallery(name)
    async with showing(one, name, *WAY[0]) as pilot:
        if name == "days":
            await one.press(pilot, "]")
        for size in WAY:
            await _resize(one, pilot, size)
            said = "\n".join(rows(one))
            assert one.app.screen is not one.app.main
            if name == "days":
                assert "30 days" in said
            elif name == "opened":
                assert "turn 5" in said
            else:
                assert one.app.screen.query_one(HistoryList)._state.cursor == 1
                assert any(line.startswith("▌") for line in rows(one)), size


async def test_what_is_typed_into_a_sheet_stays() -> None:
    one = gallery("budget")
    async with showing(one, "budget", 120, 36) as pilot:
        field = one.app.screen.query_one("#until", Input)
        field.value = "18:00"
        for size in WAY:
            await _resize(one, pilot, size)
            assert field.value == "18:00"
            assert field.region.bottom <= size[1], size
            assert field.region.width >= 5


async def test_the_copy_menu_fits_and_keeps_its_cursor() -> None:
    one = gallery("copy")
    async with showing(one, "copy", 120, 36) as pilot:
        await one.press(pilot, "j", "j", "j", "j")
        assert isinstance(one.app.screen, CopyMenu)
        chosen = one.app.screen._list.selected
        for size in WAY:
            await _resize(one, pilot, size)
            assert one.app.screen._list.selected == chosen
            assert any("▌" in line and chosen.what in line for line in rows(one)), size


@pytest.mark.parametrize(
    "name", ["board", "budget", "copy", "help", "turns", "cache", "days", "found", "palette", "empty"]
)
async def test_thirty_by_fifteen_is_enough(name: str) -> None:
    """Something of every page can be read there, and its keys are said or its end is not cut off."""
    one = gallery(name)
    async with showing(one, name, 30, 15):
        said = [line.rstrip() for line in rows(one)]
        assert len(said) == 15
        assert sum(bool(line) for line in said) >= 8, said
        if name in ("budget", "copy"):
            assert any("esc" in line for line in said), "the way out"
        if name in ("board", "turns", "cache", "days", "found", "empty"):
            assert "?" in said[-1]
