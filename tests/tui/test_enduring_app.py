"""The last net: what a fault of ours comes to where no test runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.text import Text

from tests.tui.running import Running
from tui.app import WarmsideApp
from tui.days_feed import DaysWanted
from tui.messages import FeedFailed, Mishap
from tui.mishaps import UPDATED


class Days:
    """There are days to open."""


async def test_a_fault_is_one_line_and_the_app_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = Running()
    async with one.run(60) as pilot:
        log_file = tmp_path / "sidebar.log"
        monkeypatch.setattr(one.app, "_log_file", log_file)
        monkeypatch.setattr(one.app, "_days", Days())
        monkeypatch.setattr(WarmsideApp, "is_headless", property(lambda app: False))
        monkeypatch.setitem(sys.modules, "tui.screens.days", None)
        one.app.main.post_message(DaysWanted())
        await one.settle(pilot)
        assert one.text("footer") == [f" {UPDATED}"]

        one.app.main.post_message(Mishap(KeyError("a prompt")))
        await one.settle(pilot)
        assert one.text("footer")[0].startswith(" that did not work (KeyError), see")

        monkeypatch.setattr(one.app.main, "board_changed", lambda: 1 / 0)
        one.feed.show(one.feed.view)
        await one.poll(pilot)
        assert one.text("footer")[0].startswith(" that did not work (ZeroDivisionError), see")
        one.clock.advance(10)
        monkeypatch.setattr(one.app.main, "_do_sort", lambda: [].pop())
        await one.press(pilot, "s")
        assert one.text("footer")[0].startswith(" that did not work (IndexError), see")
        monkeypatch.undo()
        await one.press(pilot, "j")
        assert one.app.state.selected_id == "etl-nightly"
    kept = log_file.read_text(encoding="utf-8")
    assert all(name in kept for name in ("ModuleNotFoundError", "KeyError", "ZeroDivisionError"))
    assert "a prompt" not in kept


async def test_what_comes_after_the_screens_have_gone_is_told_to_nobody() -> None:
    one = Running()
    async with one.run(60) as pilot:
        await one.settle(pilot)
        one.app._running = False
        await one.app._close_all()
        await one.app._dispatch_message(FeedFailed("the store is locked", "board"))
        one.app.call_later(one.app._say, "too late")
    assert one.app._exception is None


def test_what_nothing_caught_ends_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Running().app
    monkeypatch.setattr(WarmsideApp, "is_headless", property(lambda app: False))
    monkeypatch.setattr(app, "_close_messages_no_wait", lambda: None)
    app._handle_exception(KeyError("a prompt"))
    (line,) = app._exit_renderables
    assert isinstance(line, Text)
    assert (line.plain, app.return_code) == ("warmside: that did not work (KeyError)", 1)
