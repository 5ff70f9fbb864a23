"""Help is the catalogue."""

from __future__ import annotations

from tests.tui.running import Running
from tui.actions import CATALOGUE
from tui.lines import text_of
from tui.screens.help import help_lines


def test_every_action_has_its_line_that_fits_a_narrow_sheet() -> None:
    text = [text_of(line) for line in help_lines(32, "↵")]
    for action in CATALOGUE:
        assert any(line.startswith(action.shown) and line.endswith(action.help) for line in text)
    assert all(len(line) <= 32 for line in text)


async def test_it_scrolls_where_the_screen_is_low() -> None:
    one = Running()
    async with one.run(30, 15) as pilot:
        await one.press(pilot, "question_mark", "j", "j")
        assert one.text("help-lines")[0].startswith("pgup")
