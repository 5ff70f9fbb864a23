"""The ledger of all days on the board: where it stands at which size, when it is read, and what a failure leaves."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from store.ledger_cells import local_date
from store.models import BoardView
from tests.tui import sample
from tests.tui.days_sample import SampleDays
from tests.tui.running import Running
from tui.chrome import LEDGER_ROWS, LEDGER_SCREEN
from tui.days_feed import DaysWanted
from tui.screens.board_ledger import BLOCK, COLUMN, DIVIDER, LedgerView
from tui.screens.days import Days

NET = "+$10.50 net"


class Fortnight(SampleDays):
    """Of the sample's day, wherever the test runs; it notes whether the list was on the screen when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        today = {"today": local_date(sample.NOW)}
        self.by_days = {days: replace(ledger, **today) for days, ledger in self.by_days.items()}
        self.one: Running | None = None
        self.list_there: list[bool] = []

    def version(self) -> int:
        if self.one is not None:
            self.list_there.append(bool(self.one.rows().region.area))
        return super().version()


def running(board: BoardView = sample.BOARD_ENDED) -> tuple[Running, Fortnight]:
    days = Fortnight()
    one = Running(feed=sample.SampleFeed(board), days=days)
    days.one = one
    return one, days


def shown(one: Running) -> set[str]:
    """Which of its parts are on the screen."""
    main = one.app.main
    return {name for name in (BLOCK, COLUMN, DIVIDER) if main.query_one(f"#{name}").region.area}


async def test_it_stands_where_there_is_room_and_is_read_only_there() -> None:
    one, days = running()
    async with one.run(80, 40) as pilot:

        async def resize(width: int, height: int = 40) -> None:
            await pilot.resize_terminal(width, height)
            await one.settle(pilot)

        async def second() -> None:
            one.clock.advance(1)
            one.app._tick()
            await one.settle(pilot)

        await second()
        assert (shown(one), days.asked) == (set(), [])
        await resize(LEDGER_SCREEN - 1)
        assert (shown(one), days.asked) == ({BLOCK}, [14])
        assert one.text(BLOCK)[1].startswith(" 14 days ")
        assert one.text(BLOCK)[1].endswith(NET)
        await resize(LEDGER_SCREEN)
        assert (shown(one), days.asked) == ({COLUMN, DIVIDER}, [14]), "read already"
        assert one.text(COLUMN)[:2] == [" ledger  all sessions", f" {NET} in 14 days"]
        assert one.app.main.query_one("#detail").size.width >= 60
        await second()
        assert days.asked == [14]
        days.number = 2
        await second()
        assert days.asked == [14, 14]
        await resize(80)
        days.number = 3
        await second()
        assert (shown(one), days.asked) == (set(), [14, 14]), "nobody sees it"
        await resize(200)
        assert days.asked == [14, 14, 14]
        assert one.app.main.query_one("#detail").size.width >= 60
        await one.press(pilot, "L")
        assert isinstance(one.app.screen, Days)
        days.number = 4
        await second()
        assert days.asked.count(14) == 3, "its page stands over it"


async def test_the_list_comes_first() -> None:
    one, days = running()
    async with one.run(160, 40) as pilot:
        assert days.asked == [14]
        assert days.list_there
        assert all(days.list_there)
        assert one.text(COLUMN)[1].startswith(f" {NET}")
        await pilot.click(f"#{COLUMN}", offset=(5, 5))
        await one.settle(pilot)
        assert one.posted(DaysWanted) == 1
        assert isinstance(one.app.screen, Days)


async def test_under_the_list_it_takes_no_row_of_a_session() -> None:
    one, _ = running()
    async with one.run(120, 40) as pilot:
        left = one.app.main.query_one("#left").size.height
        lines = one.rows().line_count
        assert one.rows().size.height == left - LEDGER_ROWS >= lines
        # Just enough rows, and one fewer.
        for height, there in ((40 - (left - LEDGER_ROWS - lines), True), (39 - (left - LEDGER_ROWS - lines), False)):
            await pilot.resize_terminal(120, height)
            await one.settle(pilot)
            assert (BLOCK in shown(one)) is there, height
            assert one.rows().size.height >= one.rows().line_count
        await pilot.resize_terminal(120, 40)
        await one.press(pilot, "end", "enter")
        assert one.app.state.unfolded
        assert shown(one) == set()
        await one.press(pilot, "enter")
        assert shown(one) == {BLOCK}
        await pilot.click(f"#{BLOCK}", offset=(5, 2))
        await one.settle(pilot)
        assert isinstance(one.app.screen, Days)


async def test_an_opened_session_stays_open_across_the_width() -> None:
    one, _ = running()
    async with one.run(120, 44) as pilot:
        await one.press(pilot, "enter", "tab")
        for width, parts in ((LEDGER_SCREEN, {COLUMN, DIVIDER}), (89, set()), (90, {BLOCK}), (160, {COLUMN, DIVIDER})):
            await pilot.resize_terminal(width, 44)
            await one.settle(pilot)
            assert shown(one) == parts, width
            assert one.focus == "detail"
            assert one.app.main.has_class("-opened")
            assert one.rows().display is (width >= 90)


async def test_a_failure_is_one_line_in_its_place_and_the_board_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    one, days = running()
    days.fails = OSError("the store is locked\x1b[31m")
    async with one.run(160, 40) as pilot:
        assert [line for line in one.text(COLUMN) if line] == [" ledger  the store is locked"]
        await one.press(pilot, "j")
        assert one.app.state.selected_id == "etl-nightly"
        days.fails = None
        one.app._tick()
        await one.settle(pilot)
        assert one.text(COLUMN)[0] == " ledger  all sessions"
        version = days.version

        def gone() -> int:
            raise OSError("gone")

        monkeypatch.setattr(days, "version", gone)
        one.app._tick()
        await one.settle(pilot)
        assert one.text(COLUMN)[:2] == [" ledger  gone", f" {NET} in 14 days"]
        monkeypatch.setattr(days, "version", version)
        await one.press(pilot, "b")
        assert not one.on_board
        one.app._tick()
        await one.settle(pilot)
        column = one.app.main.query_one(f"#{COLUMN}", LedgerView)
        assert column.render_line(0).text.rstrip() == " ledger  all sessions", "also behind a sheet"


async def test_a_filter_without_a_match_leaves_it_and_an_empty_board_has_none() -> None:
    one, days = running()
    async with one.run(160, 40) as pilot:
        await one.press(pilot, "slash", *"zzz")
        assert one.text("empty")[0] == " Nothing matches zzz"
        assert shown(one) == {COLUMN, DIVIDER}
        await pilot.resize_terminal(120, 44)
        asked = len(days.asked)
        days.number = 2
        one.app._tick()
        await one.settle(pilot)
        assert (shown(one), len(days.asked)) == (set(), asked), "hidden with the list"
        await pilot.resize_terminal(160, 40)
        await one.press(pilot, "escape")
        one.feed.show(BoardView())
        await one.poll(pilot)
        assert shown(one) == set()
    one = Running()
    async with one.run(160, 40):
        assert shown(one) == set(), "without a ledger"
        assert one.app.main.query_one("#detail").size.width == 160 - 42 - 1
