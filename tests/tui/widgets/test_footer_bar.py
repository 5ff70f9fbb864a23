"""Toasts come and go, and keys are buttons."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tui.screens.help import HelpSheet
from tui.widgets.footer_bar import FooterBar, said_in


async def test_a_toast_takes_the_line_until_its_time_is_over() -> None:
    one = Running()
    async with one.run() as pilot:
        footer = one.app.main.query_one(FooterBar)
        footer.say("first")
        footer.say("second", bad=True)
        assert one.text("footer") == [" second"]
        assert footer.said == "second"
        footer._unsay()
        assert one.text("footer")[0].startswith(" ↵ open")
        assert footer.said == ""
        footer.say("etl-nightly: kept while it pays, to 18:00 at most")
        await pilot.pause()
        assert one.text("footer") == [" etl-nightly: kept while it pays,", " to 18:00 at most"]
        await pilot.resize_terminal(60, 40)
        await one.settle(pilot)
        assert one.text("footer") == [" etl-nightly: kept while it pays, to 18:00 at most"]
        await pilot.click("#footer")
        await one.settle(pilot)
        assert one.text("footer")[0].startswith(" ↵ open")


def test_a_long_path_goes_on_in_the_next_row() -> None:
    assert said_in("see /a/very/long/path", 10, 3) == ["see", "/a/very/lo", "ng/path"]
    assert said_in("one two three four", 9, 3) == ["one two", "three", "four"]
    assert said_in("", 10, 3) == [""]


async def test_a_click_on_a_key_does_what_the_key_does() -> None:
    one = Running(history=SampleHistory())
    async with one.run(60, 30) as pilot:
        await _click(one, pilot, "s sort", missing=True)
        await _click(one, pilot, "p ping")
        assert one.commands.pings == ["api-refactor"]
        await _click(one, pilot, "ping hit", missing=False)
        assert one.commands.pings == ["api-refactor"], "what was said is no button"
        assert one.text("footer")[0].startswith(" ↵ open"), "it is read, and goes"
        await _click(one, pilot, "? help")
        assert isinstance(one.app.screen, HelpSheet)
        await one.press(pilot, "escape", "H")
        await _click(one, pilot, "/ find")
        assert one.app.screen.has_class("-finding")
        await pilot.click("#footer", offset=(58, 0))
        await one.settle(pilot)
        assert one.app.screen.has_class("-finding"), "no key is shown there"


async def _click(one: Running, pilot: Pilot[None], text: str, *, missing: bool = False) -> None:
    """Click on the middle of a text of the footer."""
    at = one.text("footer")[0].find(text)
    assert (at < 0) is missing
    if not missing:
        await pilot.click("#footer", offset=(at + len(text) // 2, 0))
        await one.settle(pilot)
