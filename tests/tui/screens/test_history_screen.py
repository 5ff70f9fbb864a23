"""Layout of the history: what every width and height gets."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from tests.tui import sample
from tests.tui.history_sample import HITS, HOSTILE, SampleHistory
from tests.tui.running import Running
from tui.look import Look
from tui.themes import DARK
from tui.widgets.line_view import LineView
from tui.widgets.search_field import SearchField


async def opened(one: Running, pilot: Pilot[None], text: str = "") -> None:
    """The history, with a query in its field."""
    await one.press(pilot, "H")
    if text:
        await one.press(pilot, "slash", *text, "enter")


async def test_narrow_the_list_has_the_screen_and_the_session_is_laid_over_it() -> None:
    one = Running(history=SampleHistory())
    async with one.run(36, 40) as pilot:
        await opened(one, pilot)
        assert one.text("header")[0] == " ━╸ history   4 sessions · 24 turns"
        assert one.text("said")[1].startswith(" 4 sessions")
        assert one.text("found")[:3] == [
            " today                 turns   cost",
            "▌14:21 api-refactor        6  $4.12",
            "▌      title of s0",
        ]
        assert not one.app.screen.query_one("#session").display
        await one.press(pilot, "enter")
        assert not one.app.screen.query_one("#found").display
        assert not one.app.screen.query_one("#field").display
        assert one.text("header")[0] == " ━╸ api-refactor             1 of 4"
        assert one.text("session")[0] == " api-refactor"


async def test_wide_the_turn_stands_beside_the_list() -> None:
    one = Running(history=SampleHistory())
    async with one.run(120, 36) as pilot:
        await opened(one, pilot, "lock")
        field = one.app.screen.query_one("#wanted", SearchField)
        filters = one.app.screen.query_one("#filters")
        assert (filters.display, field.size.width + filters.size.width) == (True, 117)
        field.value = "lock " * 11
        await one.settle(pilot)
        assert (filters.display, field.size.width) == (False, 117), "a long query has the whole row"
        field.value = "lock"
        await one.settle(pilot)
        assert filters.display
        assert one.app.screen.query_one("#found").size.width == 60
        assert one.text("session")[0].startswith(" api-refactor  turn 5 of 6")
        assert one.text("divider")[0] == "│"
        await one.press(pilot, "j")
        assert one.text("session")[0].startswith(" api-refactor  turn 2 of 6")
        await one.press(pilot, "enter")
        assert one.app.screen.query_one("#found").display
        assert any(line.startswith(" turn 2 of 6 ─") for line in one.text("session"))


@pytest.mark.parametrize(("width", "height"), [(30, 15), (20, 8), (44, 20), (45, 12), (90, 24), (200, 60)])
async def test_any_size_shows_the_first_row_and_keeps_its_width(width: int, height: int) -> None:
    one = Running(history=SampleHistory())
    async with one.run(width, height) as pilot:
        await opened(one, pilot, "lock")
        shown = one.text("found")
        assert any("14:" in line for line in shown)
        assert all(len(line) <= width for line in shown)
        await one.press(pilot, "enter")
        assert any("ingest" in line for line in one.text("session"))


async def test_a_resize_lays_everything_out_again() -> None:
    one = Running(history=SampleHistory())
    async with one.run(36, 40) as pilot:
        await opened(one, pilot, "lock")
        await pilot.resize_terminal(120, 36)
        await one.settle(pilot)
        assert one.text("session")[0].startswith(" api-refactor  turn 5 of 6")
        await pilot.resize_terminal(36, 20)
        await one.settle(pilot)
        assert not one.app.screen.query_one("#session").display
        assert one.app.screen.query_one("#found").size == (36, 16)


async def test_an_empty_store_says_how_to_fill_it() -> None:
    one = Running(history=SampleHistory(places=()))
    async with one.run(30, 15) as pilot:
        await opened(one, pilot)
        assert one.text("nothing")[0] == " No session is stored yet."
        assert one.text("header")[0].strip() == "━╸ history"
        assert not "".join(one.text("said")).strip(), "that is said once"
        assert " $ warmside import" in one.text("nothing")
        assert not one.app.screen.query_one("#found").display


@pytest.mark.parametrize("width", [30, 60, 120])
async def test_hostile_text_is_text_on_every_part_of_the_screen(width: int) -> None:
    hits = tuple(replace(one, project=HOSTILE, title=HOSTILE) for one in HITS)
    one = Running(history=SampleHistory(hits=hits))
    async with one.run(width, 30) as pilot:
        await opened(one, pilot, "lock")
        await one.press(pilot, "enter", "escape")
        for view in one.app.screen.query(LineView):
            for y in range(view.size.height if view.display else 0):
                assert view.render_line(y).text.isprintable()
        assert any("[bold red]" in line for line in one.text("found"))


async def test_without_colour_a_hit_is_bold_and_underlined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one = Running(history=SampleHistory(), look=Look(zone=sample.ZONE, theme=DARK))
    async with one.run(60, 20) as pilot:
        await opened(one, pilot, "lock")
        segments = [piece for strip in one.app.screen._compositor.render_strips() for piece in strip]
        found = [segment.style for segment in segments if segment.text == "lock"]
        assert found
        assert all(style is not None and style.bold and style.underline for style in found[-4:])


async def test_ascii_has_no_glyph_of_ours() -> None:
    one = Running(history=SampleHistory(), look=Look(zone=sample.ZONE, theme=DARK, ascii_only=True))
    async with one.run(60, 20) as pilot:
        await opened(one, pilot, "lock")
        for name in ("header", "said", "found", "footer"):
            assert all(line.isascii() for line in one.text(name)), name
