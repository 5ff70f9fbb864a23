"""Layout: what every width and height gets."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from store.models import BoardView
from tests.tui import sample
from tests.tui.running import Running
from tui import detail
from tui.board_order import Order
from tui.orders import KeeperWanted
from tui.widgets.session_list import SessionList


async def test_the_list_gets_its_rows_and_the_detail_the_rest() -> None:
    one = Running()
    async with one.run(36, 40):
        assert one.rows().size.height == 21
        assert one.text("detail")[1].startswith("─ turn 14")


async def test_a_low_screen_keeps_six_rows_of_detail_and_counts_the_hidden() -> None:
    one = Running()
    async with one.run(32, 20):
        assert len(one.text("detail")) == detail.MIN_ROWS
        assert one.text("detail")[1].endswith("3 more below ─")


@pytest.mark.parametrize(("width", "height"), [(30, 15), (20, 8), (36, 11), (45, 12), (89, 30), (200, 60), (10, 4)])
async def test_any_size_shows_the_first_session(width: int, height: int) -> None:
    one = Running()
    async with one.run(width, height):
        shown = one.text("list")
        assert any("●" in line for line in shown)
        assert all(len(line) <= width for line in shown)


async def test_a_resize_lays_everything_out_again() -> None:
    one = Running()
    async with one.run(36, 40) as pilot:
        await pilot.resize_terminal(120, 36)
        await one.settle(pilot)
        assert one.rows().size.width == 42
        assert one.text("detail")[0].startswith(" api-refactor  ~/src")
        assert any("next pings" in line for line in one.text("list"))
        await pilot.resize_terminal(36, 40)
        await one.settle(pilot)
        assert one.rows().size == (36, 21)


async def test_a_tick_moves_only_digits_and_bars() -> None:
    one = Running()
    async with one.run():
        before = one.text("list")
        one.clock.advance(1)
        one.app.main.tick()
        after = one.text("list")
        changed = [y for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        assert after[1].endswith("0:47")
        assert all(before[y][:27] == after[y][:27] for y in changed)


async def test_an_empty_board_is_explained() -> None:
    one = Running(feed=sample.SampleFeed(BoardView(past_sessions=214)))
    async with one.run():
        assert one.text("empty")[0] == " No agent session is open."
        assert not one.rows().display


async def test_the_board_is_quiet_behind_a_sheet() -> None:
    one = Running()
    async with one.run() as pilot:
        chip = one.rows().render_line(1)
        await one.press(pilot, "question_mark")
        behind = one.app.main.query_one(SessionList).render_line(1)
        assert {segment.style for segment in chip} != {segment.style for segment in behind}
        assert len({segment.style for segment in behind}) == 1
        await one.press(pilot, "escape")
        assert one.rows().render_line(1) == chip


async def test_hostile_names_reach_no_terminal() -> None:
    evil = replace(sample.API, project="\x1b[2J[bold]evil[/]\x9b1m\u202e", cwd="/tmp/\x1b]0;x\x07", model="\x1bc")
    one = Running(feed=sample.SampleFeed(BoardView(sessions=(evil,))))
    async with one.run() as pilot:
        await one.press(pilot, "enter")
        shown = one.text("detail") + one.text("header") + one.text("footer")
        assert all(line.isprintable() for line in shown)
        await one.press(pilot, "escape", "b")
        assert "\x1b" not in one.app.export_screenshot()
        assert "[bold]evil" in one.app.export_screenshot().replace("&#160;", " ")


async def test_where_no_keeper_runs_the_key_is_named() -> None:
    kept = replace(sample.API, keepalive=sample.keep("no_keeper"))
    one = Running(feed=sample.SampleFeed(replace(sample.NO_KEEPER, sessions=(kept,))))
    async with one.run() as pilot:
        assert one.text("footer") == [" ↵ open  K keeper  b budget  ? more"]
        await one.press(pilot, "p")
        assert one.text("footer") == [" no keeper runs, K starts it"]
        await one.press(pilot, "enter")
        assert " why    no keeper runs, K starts it" in one.text("detail")
        await pilot.resize_terminal(120, 40)
        await one.settle(pilot)
        assert "keeper off, K starts it" in one.text("header")[0]


async def test_where_none_can_be_started_no_key_is_named_and_the_reason_is_said() -> None:
    kept = replace(sample.API, keepalive=sample.keep("no_keeper"))
    feed = sample.SampleFeed(replace(sample.NO_KEEPER, sessions=(kept,)))
    one = Running(feed=feed, no_start="opened with --no-keeper")
    async with one.run(120, 40) as pilot:
        assert "starts it" not in "".join([*one.text("header"), *one.text("detail"), *one.text("footer")])
        await one.press(pilot, "K")
        assert one.text("footer") == [" opened with --no-keeper"]
        assert one.posted(KeeperWanted) == 0


async def test_an_empty_board_names_the_key_that_starts_a_keeper() -> None:
    one = Running(feed=sample.SampleFeed(BoardView()))
    async with one.run() as pilot:
        assert " K starts it" in one.text("empty")
        await one.press(pilot, "K")
        assert one.commands.starts == 1


async def test_a_long_banner_is_told_whole_where_the_screen_is_not_low() -> None:
    one = Running()
    one.look = one.look.with_banner("Keep-alive is on: at most $0.25 a ping, $3.00 a day. Off: o, or `warmside off`")
    one.__post_init__()
    async with one.run(36, 30) as pilot:
        assert "".join(one.text("header")).endswith("`warmside off` · esc hides this")
        await pilot.resize_terminal(36, 20)
        await one.settle(pilot)
        assert one.text("header")[2] == " ping, $3.00 a day. Off: o, or `wa…", "no row is left for the way out"


async def test_letters_are_keys_again_however_the_filter_was_left() -> None:
    one = Running()
    async with one.run(36, 30) as pilot:
        main = one.app.main
        await one.press(pilot, "slash", "e")
        await pilot.click("#list", offset=(5, 3))
        await one.settle(pilot)
        assert (main.field.typing, main.has_class("-finding"), main.field.value, one.focus) == (
            False,
            False,
            "e",
            "list",
        )
        await one.press(pilot, "escape", "j", "enter", "slash")
        assert main._list.display, "what is filtered is seen"
        await one.press(pilot, "i", "escape", "s")
        assert (main.field.value, main.field.typing) == ("", False)
        assert main._state.order is Order.AGE


async def test_a_tick_while_the_app_closes_does_nothing() -> None:
    one = Running()
    async with one.run():
        main = one.app.main
        await main.query("*").remove()
        main.tick()
        main.board_changed()
        main.turns_read("api-refactor", ())
        main.say("late")
