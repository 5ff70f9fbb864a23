"""Our themes alone in the palette, and no colour where none is wanted."""

from __future__ import annotations

import pytest
from rich.color_triplet import ColorTriplet
from textual.command import CommandList

from tests.tui import gallery as g
from tui.dressed_app import kept_by
from tui.themes import ANSI, ANSI_LIGHT, CONTRAST, DARK, HUES, LIGHT, OFFERED


def _offered(one: g.Gallery) -> list[str]:
    shown = one.app.screen.query_one(CommandList)
    return [str(shown.get_option_at_index(index).prompt).split("\n")[0] for index in range(shown.option_count)]


async def test_the_palette_offers_our_themes_alone() -> None:
    one = g.gallery("themes")
    async with g.showing(one, "themes", 60, 40):
        assert sorted(_offered(one)) == sorted(word for word, _ in OFFERED)


@pytest.mark.parametrize(
    ("word", "theme"), [("dark", DARK), ("light", LIGHT), ("contrast", CONTRAST), ("terminal", ANSI)]
)
async def test_what_is_chosen_is_put_on(word: str, theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLORFGBG", raising=False)
    one = g.gallery("themes", theme=LIGHT if theme == DARK else DARK)
    async with g.showing(one, "themes", 60, 40) as pilot:
        await one.press(pilot, *word, "enter")
        assert one.app.theme == theme
        assert one.on_board
        assert one.text("footer") == [f' for good: theme = "{word}" under [look] in config.toml']


def test_how_to_keep_a_theme_is_said_in_the_room_there_is() -> None:
    for width, said in (
        (60, "for good: theme"),
        (34, 'for good: [look] theme = "light"'),
        (28, '[look] theme = "light"'),
    ):
        assert kept_by("light", width).startswith(said)
        assert all(len(kept_by(word, width)) <= width for word, _ in OFFERED)


@pytest.mark.parametrize(("name", "theme"), [("board", ANSI), ("board", DARK), ("budget", DARK), ("palette", LIGHT)])
async def test_without_colour_there_are_four_attributes(name: str, theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one = g.gallery(name, theme=theme)
    async with g.showing(one, name, 40, 40):
        styles = [segment.style for segment in g.painted(one) if segment.style is not None]
        for style in styles:
            assert style.color is None or style.color.is_default
            assert style.bgcolor is None or style.bgcolor.is_default
            assert not any((style.italic, style.strike, style.blink))
        if name in ("board", "budget"):
            assert any(style.reverse for style in styles), "the chip, or the chosen mode"
        assert any(style.dim for style in styles)
        assert any(style.bold for style in styles)


@pytest.mark.parametrize(
    ("name", "theme"),
    [("board", ANSI_LIGHT), *((name, ANSI) for name in ("board", "cache", "days", "budget", "found", "palette"))],
)
async def test_in_sixteen_colours_no_colour_is_of_our_own(name: str, theme: str) -> None:
    one = g.gallery(name, theme=theme)
    async with g.showing(one, name, 120, 50):
        for segment in g.painted(one):
            style = segment.style
            for colour in (style.color, style.bgcolor) if style else ():
                assert colour is None or colour.is_default or colour.is_system_defined, (segment.text, colour)
            # Some terminals' bright black cannot be read, and what nobody can read is no text.
            if style and style.color is not None and style.color.name == "bright_black":
                assert not any(letter.isalnum() for letter in segment.text), segment.text


@pytest.mark.parametrize("theme", HUES)
async def test_every_letter_is_of_a_colour_of_the_theme(theme: str) -> None:
    """Nothing of the library's own look shows through, on the board, in a sheet, in the palette."""
    of_theme = [ColorTriplet(*bytes.fromhex(colour[1:])) for colour in HUES[theme]]
    for name in ("board", "budget", "palette", "found"):
        one = g.gallery(name, theme=theme)
        async with g.showing(one, name, 60, 40):
            for segment in g.painted(one):
                if segment.text.strip() and segment.style and segment.style.color:
                    triplet = segment.style.color.triplet
                    assert triplet is not None
                    # (The library computes in shares of one: a colour may be one off.)
                    near = any(all(abs(a - b) <= 1 for a, b in zip(triplet, one, strict=True)) for one in of_theme)
                    assert near, (name, segment.text, triplet.hex)
