"""What a person orders: carried out beside the screen, and told in one line when it is done or could not be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable

import pytest
from textual.message import Message

from store.models import KeeperView, SessionView
from tests.tui import sample
from tests.tui.running import Running
from tui.board_order import Order
from tui.copying import of_session, of_turn
from tui.jump import Jumped
from tui.messages import CommandDone, CommandFailed, Mishap
from tui.orders import CopyWanted, DefaultWanted, JumpWanted, KeeperWanted, OrderChosen


@pytest.fixture(autouse=True)
def outside_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clipboard is the terminal's own."""
    monkeypatch.delenv("TMUX", raising=False)


async def test_a_keeper_is_started_beside_the_screen_and_what_came_of_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Running(feed=sample.SampleFeed(sample.NO_KEEPER))
    go, threads = threading.Event(), list[int]()

    def slowly() -> KeeperView:
        threads.append(threading.get_ident())
        go.wait(10)
        one.feed.show(sample.BOARD)
        return sample.KEEPER

    monkeypatch.setattr(one.commands, "start_keeper", slowly)
    async with one.run() as pilot:
        await pilot.press("K")
        await pilot.pause()
        assert one.text("footer") == [" starting the keeper …"]
        await pilot.press("j")
        assert one.app.state.selected_id == "etl-nightly", "the screen goes on"
        go.set()
        await one.settle(pilot)
        assert one.text("footer") == [" keeper runs on port 8787"]
        assert threads != [threading.get_ident()]
        assert one.app.state.view.keeper == sample.KEEPER, "the board was read again"
        await one.press(pilot, "K")
        assert one.text("footer") == [" a keeper runs already"]
        assert (one.posted(KeeperWanted), len(threads)) == (1, 1)


async def test_a_keeper_that_does_not_start_is_told() -> None:
    one = Running(feed=sample.SampleFeed(sample.NO_KEEPER))
    one.commands.broken = RuntimeError("port 8787 is taken by pid 3\nsee the log")
    async with one.run() as pilot:
        await one.press(pilot, "K")
        assert one.text("footer") == [" port 8787 is taken by pid 3 see", " the log"]
        assert (one.posted(CommandFailed), one.commands.starts) == (1, 1)


async def test_what_a_jump_came_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def jump(session: SessionView) -> Jumped:
        asked.append(session.id)
        return Jumped("not in tmux: no pane to go to", bad=True)

    monkeypatch.setattr("tui.jump.jump", jump)
    one = Running()
    async with one.run() as pilot:
        one.app.main.post_message(JumpWanted(sample.ETL))
        await one.settle(pilot)
        assert asked == ["etl-nightly"]
        assert one.text("footer") == [" not in tmux: no pane to go to"]


async def test_what_is_copied_goes_to_the_terminal_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Running()
    copied: list[str] = []
    monkeypatch.setattr(one.app, "copy_to_clipboard", copied.append)
    item = next(item for item in of_turn(sample.TURN, "/home/sam/src/api-refactor") if item.what == "command")
    async with one.run() as pilot:
        one.app.main.post_message(CopyWanted("api-refactor", item))
        await one.settle(pilot)
        assert copied == ["pytest -q tests/store"]
        assert one.text("footer") == [" copied: failed command"]
        assert one.feed.briefs == []


async def test_what_else_the_clipboard_says_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def put(text: str, ask_terminal: object) -> str:
        return "if not there: …"

    monkeypatch.setattr("tui.clipboard.put", put)
    one = Running()
    async with one.run(60, 30) as pilot:
        one.app.main.post_message(CopyWanted("api-refactor", of_session(sample.API)[0]))
        await one.settle(pilot)
        assert one.text("footer") == [" copied: session id; if not there: …"]


async def test_a_brief_is_made_when_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Running()
    copied: list[str] = []
    monkeypatch.setattr(one.app, "copy_to_clipboard", copied.append)
    brief = of_session(sample.API)[-1]
    async with one.run() as pilot:
        one.app.main.post_message(CopyWanted("api-refactor", brief))
        await one.settle(pilot)
        assert (one.feed.briefs, copied) == (["api-refactor"], [one.feed.brief_text])
        assert one.text("footer") == [" copied: resume brief"]
        one.feed.broken = LookupError("no such session any more")
        one.app.main.post_message(CopyWanted("api-refactor", brief))
        await one.settle(pilot)
        assert one.text("footer") == [" no such session any more"]
        assert len(copied) == 1


async def test_an_order_that_cannot_be_remembered_is_said_and_stays() -> None:
    one = Running()
    one.commands.broken = OSError("disk full")
    async with one.run() as pilot:
        await one.press(pilot, "s")
        assert one.posted(OrderChosen) == 1
        assert one.text("footer") == [" disk full"]
        assert one.app.state.order is Order.AGE


async def test_what_was_ordered_is_told_and_the_board_read_again() -> None:
    one = Running()
    async with one.run() as pilot:
        await one.press(pilot, "o")
        assert one.text("footer") == [" api-refactor: keep-alive off"]
        assert one.posted(CommandDone) == 1
        one.app.main.post_message(DefaultWanted("api-refactor", "api-refactor"))
        await one.settle(pilot)
        assert one.commands.forgotten == ["api-refactor"]
        assert one.text("footer") == [" api-refactor: default budget again"]
        one.commands.broken = sqlite3.OperationalError("database is locked")
        await one.press(pilot, "h")
        assert one.text("footer") == [" not held: press h again"]


async def test_an_order_that_waits_for_the_store_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    one, go, timers = Running(), threading.Event(), list[Callable[[], None]]()

    def slowly(*given: object) -> None:
        go.wait(10)

    monkeypatch.setattr(one.commands, "set_mode", slowly)
    async with one.run() as pilot:
        monkeypatch.setattr(one.app, "set_timer", lambda seconds, callback: timers.append(callback))
        await pilot.press("o")
        await pilot.pause()
        (after_a_second,) = timers
        after_a_second()
        assert one.text("footer") == [" waiting for the store …"]
        go.set()
        await one.settle(pilot)
        after_a_second()
        assert one.text("footer") == [" api-refactor: keep-alive off"]


@pytest.mark.parametrize("wanted", [JumpWanted(sample.ETL), Mishap(TypeError("secret"))])
async def test_under_a_test_a_fault_is_seen(monkeypatch: pytest.MonkeyPatch, wanted: Message) -> None:
    async def jump(session: SessionView) -> Jumped:
        raise TypeError("secret")

    monkeypatch.setattr("tui.jump.jump", jump)
    one = Running()
    with pytest.raises(TypeError, match="secret"):  # noqa: PT012 (it comes out as the app ends)
        async with one.run() as pilot:
            one.app.main.post_message(wanted)
            await one.settle(pilot)
