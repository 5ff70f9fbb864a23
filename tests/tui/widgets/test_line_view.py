"""Lines on the screen: roles to styles, ASCII, scrolling."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult

from tui.lines import ROLES, Line, Piece
from tui.themes import DARK, THEMES
from tui.widgets.line_view import PAINTS, LineView


class Shown(App[None]):
    """Shows one view with the sidebar's styles."""

    CSS_PATH = "../../../tui/app.tcss"
    COMPONENT_CLASSES: ClassVar[set[str]] = set(PAINTS)

    def __init__(self, lines: list[Line], *, ascii_only: bool = False) -> None:
        super().__init__()
        self.lines, self.asked = lines, 0
        self.view = LineView(self.source, id="footer", ascii_only=ascii_only)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK

    def source(self, width: int, height: int) -> tuple[Line, ...]:
        self.asked += 1
        return tuple(self.lines)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return {"dim": "#9a9187"}

    def compose(self) -> ComposeResult:
        yield self.view


async def test_every_role_has_a_look_of_its_own() -> None:
    app = Shown([tuple(Piece("x", role) for role in ROLES)])
    async with app.run_test() as pilot:
        await pilot.pause()
        segments = list(app.view.render_line(0))[: len(ROLES)]
        assert len({segment.style for segment in segments}) == len(ROLES)


async def test_lines_are_padded_and_missing_ones_blank() -> None:
    app = Shown([(Piece("ab"),)])
    async with app.run_test(size=(10, 4)) as pilot:
        await pilot.pause()
        assert app.view.render_line(0).text == "ab" + " " * 8
        assert app.view.render_line(3).text == " " * 10


async def test_ascii_replaces_glyphs_one_for_one() -> None:
    app = Shown([(Piece("● ━╸─ ↻2 … naïve"),)], ascii_only=True)
    async with app.run_test(size=(20, 4)) as pilot:
        await pilot.pause()
        assert app.view.render_line(0).text.rstrip() == "* =-- @2 ~ naïve"


async def test_a_theme_change_is_seen() -> None:
    app = Shown([(Piece("x", "warm"),)])
    async with app.run_test() as pilot:
        await pilot.pause()
        before = next(iter(app.view.render_line(0))).style
        app.theme = "warmside-light"
        await pilot.pause()
        assert next(iter(app.view.render_line(0))).style != before
