"""Toasts come and go."""

from __future__ import annotations

from tests.tui.running import Running
from tui.widgets.footer_bar import FooterBar


async def test_a_toast_takes_the_line_until_its_time_is_over() -> None:
    one = Running()
    async with one.run():
        footer = one.app.main.query_one(FooterBar)
        footer.say("first")
        footer.say("second", bad=True)
        assert one.text("footer") == [" second"]
        assert footer.said == "second"
        footer._unsay()
        assert one.text("footer")[0].startswith(" ↵ open")
        assert footer.said == ""
