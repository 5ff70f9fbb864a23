"""The names of the tabs are buttons, and numbers are their keys."""

from __future__ import annotations

from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.lines import Piece
from tui.session_view import TABS
from tui.widgets.session_pane import NAMES, tab_at


def test_only_the_line_of_the_names_has_tabs() -> None:
    assert tab_at((Piece(" Turns Cache Ledger Budget"),), 3) is None
    assert tab_at((), 0) is None


async def test_a_click_on_a_name_and_its_number_turn_to_it() -> None:
    one = Running(history=SampleHistory())
    async with one.run(120, 40) as pilot:
        lines = one.text("detail")
        y = next(n for n, line in enumerate(lines) if "Turns" in line and "Ledger" in line)
        for index, name in enumerate(NAMES):
            await pilot.click("#detail", offset=(lines[y].index(name) + 1, y))
            assert one.app.main._tab == TABS[index]
            await one.press(pilot, str(4 - index))
            assert one.app.main._tab == TABS[3 - index]
        await pilot.click("#detail", offset=(lines[y].index("Cache") + 1, y + 1))
        assert one.app.main._tab == TABS[0], "the line below is none"
        # The list's last row and its first: vim's way, too.
        await one.press(pilot, "G")
        assert one.app.state.selected_id == one.app.state.ids[-1]
        await one.press(pilot, "H", "enter", "2")
        assert one.app.screen._tab == TABS[1]  # type: ignore[attr-defined]
