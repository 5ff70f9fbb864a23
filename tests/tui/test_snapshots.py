"""Every screen as a picture at every width in every theme: what no assertion on text can see.

One app is started for a screen and a width, and the themes are put on one after the other: that this gives the picture
of an app that was started with the theme is a test of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from tests.tui.gallery import Gallery, gallery, showing
from tests.tui.pictures import Pictures, hold_still, picture
from tui.themes import ANSI, ANSI_LIGHT, CONTRAST, DARK, LIGHT

HEIGHTS = {30: 15, 32: 20, 40: 40, 60: 30, 120: 36, 160: 44}
"""Of the terminals that are that wide."""
TALL = {"cache": 52, "ledger": 44, "days": 44}
"""What is longer than a screen is pictured whole, wide."""
SCREENS = (
    *("board", "turns", "cache", "ledger", "budget tab", "budget", "copy", "help", "days"),
    *("history", "found", "opened", "palette", "empty"),
)
STATES = ("folded out", "filter", "typing", "themes", "nothing stored")
"""What a screen looks like at times, pictured at one width."""
WIDTHS = (32, 40, 60, 120)
EVERY = (*((name, width) for name in SCREENS for width in WIDTHS), ("board", 160), *((name, 40) for name in STATES))
THEMES = (DARK, LIGHT, ANSI)
MORE_THEMES = {(name, 40): (CONTRAST, ANSI_LIGHT) for name in ("board", "cache", "budget", "days")}
"""High contrast, and a blue that can be read on a light ground: what a colour means is the same on all screens."""


@pytest.fixture
def pictures(snapshot: SnapshotAssertion, request: pytest.FixtureRequest) -> Pictures:
    """Those of this test."""
    return Pictures(snapshot, request)


def _height(name: str, width: int) -> int:
    return TALL.get(name, HEIGHTS[width]) if width == 120 else HEIGHTS[width]


async def _dress(one: Gallery, pilot: Pilot[None], name: str, theme: str) -> None:
    """Put a theme on; the palette is gone by the time anyone's choice is, so it is opened again."""
    anew = name in ("palette", "themes")
    while anew and not one.on_board:
        await one.press(pilot, "escape")
    one.app.theme = theme
    await pilot.pause()
    if anew:
        await one.go(pilot, name)
    hold_still(one.app)
    await pilot.pause()


async def _compare(pictures: Pictures, name: str, width: int, height: int, themes: Iterable[str]) -> None:
    first, *others = themes
    one = gallery(name, theme=first)
    async with showing(one, name, width, height) as pilot:
        hold_still(one.app)
        await pilot.pause()
        pictures.compare(one.app, first)
        for theme in others:
            await _dress(one, pilot, name, theme)
            pictures.compare(one.app, theme)
    assert not pictures.differ


@pytest.mark.parametrize(("name", "width"), EVERY)
async def test_screen(pictures: Pictures, name: str, width: int) -> None:
    """The board, a session's tabs, the sheets, the ledger, the history, and what stands where there is nothing."""
    themes = (*THEMES, *MORE_THEMES.get((name, width), ()))
    await _compare(pictures, name, width, _height(name, width), themes)


@pytest.mark.parametrize("name", ["board", "cache", "days", "budget"])
async def test_ascii(pictures: Pictures, name: str) -> None:
    """Signs that every terminal has."""
    one = gallery(name, theme=ANSI, ascii_only=True)
    async with showing(one, name, 40, 40):
        pictures.compare(one.app, ANSI)
    assert not pictures.differ


@pytest.mark.parametrize("name", ["board", "cache", "budget"])
async def test_no_colour(pictures: Pictures, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bold, dim, reverse, underline."""
    monkeypatch.setenv("NO_COLOR", "1")
    await _compare(pictures, name, 40, 40, [DARK])


async def test_smallest_board(pictures: Pictures) -> None:
    """Thirty columns, fifteen rows: three sessions, the sentence, the keys."""
    await _compare(pictures, "board", 30, HEIGHTS[30], [DARK])


@pytest.mark.parametrize(("name", "theme"), [("cache", ANSI), ("budget", LIGHT), ("palette", ANSI), ("days", ANSI)])
async def test_a_theme_put_on_later_looks_as_if_it_had_been_there_from_the_start(name: str, theme: str) -> None:
    """Of lines that know the colours there are, a sheet with the board behind it, and the library's palette."""
    seen = []
    for first in (theme, DARK if theme == LIGHT else LIGHT):
        one = gallery(name, theme=first)
        async with showing(one, name, 60, 40) as pilot:
            await _dress(one, pilot, name, theme)
            seen.append(picture(one.app))
    assert seen[0] == seen[1]
