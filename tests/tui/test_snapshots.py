"""Every screen as a picture: what no assertion on text can see.

The board at every width in every theme; the other screens once at every width and once in every theme, since what a
colour means is the same on all of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.tui.gallery import gallery
from tests.tui.running import Running
from tui.themes import ANSI, ANSI_LIGHT, CONTRAST, DARK, LIGHT

HEIGHTS = {30: 15, 32: 20, 40: 40, 60: 30, 120: 36, 160: 44}
"""Of the terminals that are that wide."""
TALL = {"cache": 52, "ledger": 44, "days": 44}
"""What is longer than a screen is pictured whole, wide."""
BOARDS = [*((width, theme) for width in (32, 40, 60, 120) for theme in (DARK, LIGHT, ANSI)), (160, DARK), (160, ANSI)]
OTHERS = ("turns", "cache", "ledger", "budget tab", "budget", "copy", "help", "days", "empty")
EACH = ((32, ANSI), (40, DARK), (60, LIGHT), (120, DARK))


class SnapCompare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(
        self,
        app: App[None],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], Awaitable[None]],
    ) -> bool: ...


def before(one: Running, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Wait for the first board, then press keys."""

    async def run(pilot: Pilot[None]) -> None:
        await one.settle(pilot)
        for key in keys:
            await one.press(pilot, key)

    return run


def _same(snap_compare: SnapCompare, name: str, width: int, height: int, **look: Any) -> bool:
    one = gallery(name, **look)

    async def there(pilot: Pilot[None]) -> None:
        await one.settle(pilot)
        await one.go(pilot, name)

    return snap_compare(one.app, terminal_size=(width, height), run_before=there)


@pytest.mark.parametrize(("width", "theme"), BOARDS)
def test_board(snap_compare: SnapCompare, width: int, theme: str) -> None:
    """Eight sessions in all their states, the first one about to go cold; at 160 with the ledger beside them."""
    assert _same(snap_compare, "board", width, HEIGHTS[width], theme=theme)


@pytest.mark.parametrize(("width", "theme"), EACH)
@pytest.mark.parametrize("name", OTHERS)
def test_screen(snap_compare: SnapCompare, name: str, width: int, theme: str) -> None:
    """The session's tabs, the sheets, the ledger of all days, and what stands where no session is."""
    height = TALL.get(name, HEIGHTS[width]) if width == 120 else HEIGHTS[width]
    assert _same(snap_compare, name, width, height, theme=theme)


@pytest.mark.parametrize("name", ["board", "cache", "days"])
def test_high_contrast(snap_compare: SnapCompare, name: str) -> None:
    """Nothing is quiet, and the order of things can still be seen."""
    assert _same(snap_compare, name, 60, 40, theme=CONTRAST)


@pytest.mark.parametrize("name", ["board", "cache", "budget"])
def test_sixteen_colours_on_a_light_ground(snap_compare: SnapCompare, name: str) -> None:
    """A blue that can be read there."""
    assert _same(snap_compare, name, 40, 40, theme=ANSI_LIGHT)


@pytest.mark.parametrize("name", ["board", "cache", "days", "budget"])
def test_ascii(snap_compare: SnapCompare, name: str) -> None:
    """Signs that every terminal has."""
    assert _same(snap_compare, name, 40, 40, theme=ANSI, ascii_only=True)


@pytest.mark.parametrize(("name", "theme"), [("palette", DARK), ("palette", ANSI), ("themes", LIGHT)])
def test_palette(snap_compare: SnapCompare, name: str, theme: str) -> None:
    """A sheet like the others, at the top."""
    assert _same(snap_compare, name, 60, 30, theme=theme)


@pytest.mark.parametrize("name", ["board", "cache", "budget"])
def test_no_colour(snap_compare: SnapCompare, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bold, dim, reverse, underline."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert _same(snap_compare, name, 40, 40, theme=DARK)


def test_smallest_board(snap_compare: SnapCompare) -> None:
    """Thirty columns, fifteen rows: three sessions, the sentence, the keys."""
    assert _same(snap_compare, "board", 30, HEIGHTS[30], theme=DARK)
