"""The list: one widget, the cursor in view, only changed lines repainted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.geometry import Region

from store.models import BoardView
from tests.tui import sample
from tests.tui.running import Running


def many(count: int) -> BoardView:
    """A board with many sessions of the sample's kinds."""
    sessions = []
    for index in range(count):
        base = sample.BOARD.sessions[index % 8]
        sessions.append(replace(base, id=f"s{index:03}", project=f"{base.project}-{index}"))
    return replace(sample.BOARD, sessions=tuple(sessions))


async def test_the_cursor_stays_in_view() -> None:
    one = Running(feed=sample.SampleFeed(many(40)))
    async with one.run(36, 20) as pilot:
        rows = one.rows()
        await one.press(pilot, "end")
        assert any(line.startswith("▌") for line in one.text("list"))
        assert rows.hidden_below() == 0
        await one.press(pilot, "home")
        assert rows.scroll_offset.y == 0
        assert one.text("list")[0].startswith(" needs you")


@pytest.mark.parametrize(("width", "height"), [(36, 24), (30, 15)])
async def test_the_row_of_a_budget_sheet_is_shown_above_it_and_goes_back(width: int, height: int) -> None:
    one = Running()
    async with one.run(width, height) as pilot:
        rows = one.rows()

        def shown() -> list[int]:
            return [y + rows.region.y for y in range(rows.size.height) if rows.render_line(y).text.startswith("▌")]

        await one.press(pilot, *"jjjjjjj")
        before, seen = shown(), one.text("list")
        await one.press(pilot, "b")
        sheet = one.app.screen.query_one("#sheet").region
        assert len(shown()) == 2
        assert max(shown()) < sheet.y, "both its lines"
        await one.press(pilot, "escape")
        assert one.text("list") == seen
        await one.press(pilot, "b")
        one.feed.show(replace(sample.BOARD, sessions=sample.BOARD.sessions[1:]))
        await one.poll(pilot)
        assert max(shown()) < sheet.y, "also after the board has changed"
        await one.press(pilot, "escape")
        assert shown() == before


async def test_there_is_no_widget_per_row() -> None:
    one = Running(feed=sample.SampleFeed(many(200)))
    async with one.run():
        assert len(one.app.main.query("*")) < 15
        assert one.rows().line_count > 400


async def test_a_tick_repaints_only_lines_that_changed(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    one = Running()
    async with one.run():
        rows = one.rows()
        painted: list[int] = []
        monkeypatch.setattr(rows, "refresh", lambda *regions, **_: painted.extend(lines_of(regions)))
        one.clock.advance(1)
        rows.renew()
        assert 1 in painted  # 0:48 is 0:47
        assert 5 not in painted  # 41m is 41m
        assert 17 not in painted  # cold stays cold


def lines_of(regions: tuple[Region, ...]) -> list[int]:
    """The lines that regions cover."""
    return [y for region in regions for y in range(region.y, region.bottom)]


async def test_a_reordered_row_keeps_its_place_on_the_screen() -> None:
    view = many(40)
    one = Running(feed=sample.SampleFeed(view))
    async with one.run(36, 20) as pilot:
        await one.press(pilot, *["j"] * 12)
        place = next(y for y, line in enumerate(one.text("list")) if line.startswith("▌"))
        chosen = one.app.state.selected_id
        one.clock.advance(5)
        gone = one.app.state.ids[0]
        one.feed.show(replace(view, sessions=tuple(s for s in view.sessions if s.id != gone)))
        await one.poll(pilot)
        assert one.app.state.selected_id == chosen
        assert next(y for y, line in enumerate(one.text("list")) if line.startswith("▌")) == place
