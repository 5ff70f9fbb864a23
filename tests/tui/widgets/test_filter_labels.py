"""A click on a filter beside the history's field begins it."""

from __future__ import annotations

from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.screens.history import History


async def test_a_click_writes_the_filter_and_its_value_can_be_typed() -> None:
    one = Running(history=SampleHistory())
    async with one.run(120, 30) as pilot:
        await one.press(pilot, "H")
        screen = one.app.screen
        assert isinstance(screen, History)

        async def click(name: str) -> None:
            await pilot.click("#filters", offset=(one.text("filters")[0].index(name) + 1, 0))
            await one.settle(pilot)

        await click("after")
        assert (screen.field.value, screen.field.typing, one.focus) == ("after:", True, "wanted")
        await one.press(pilot, *"7d")
        await click("failed")
        assert screen.field.value == "after:7d failed: "
        assert screen.asked.filters.failed
        await click("after")
        assert screen.field.cursor_position == len("after:7d")
        await click("failed")
        assert screen.field.value == "after:7d"
        assert not screen.asked.filters.failed
        await one.press(pilot, "enter", "j")
        assert screen.field.value == "after:7d", "keys again"
