"""Which look fits an environment, and that ASCII keeps every width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.themes import ANSI, ANSI_LIGHT, ASCII, THEMES, default_theme, enter_key, needs_ascii


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({}, ANSI),
        ({"COLORFGBG": "15;0"}, ANSI),
        ({"COLORFGBG": "0;15"}, ANSI_LIGHT),
        ({"COLORFGBG": "0;default;7"}, ANSI_LIGHT),
    ],
)
def test_default_theme(environ: dict[str, str], theme: str) -> None:
    assert default_theme(environ) == theme


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "UTF-8", "LANG": "C"}, False),
        ({}, True),
    ],
)
def test_ascii_where_the_locale_promises_no_more(environ: dict[str, str], ascii_only: bool) -> None:
    assert needs_ascii(environ) is ascii_only


def test_every_glyph_has_an_ascii_form_of_the_same_width() -> None:
    for glyph, plain in ASCII.items():
        assert cell_len(chr(glyph)) == 1
        assert isinstance(plain, int)
        assert plain < 128
    assert enter_key(True) == "enter"


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_can_be_read_on_the_ground_and_on_the_selected_row() -> None:
    for theme in THEMES[2:]:
        texts = [theme.foreground, theme.secondary, theme.error, theme.success, theme.variables["dim"]]
        for ground in (theme.background, theme.surface):
            for text in texts:
                assert text is not None
                assert ground is not None
                light, dark = sorted((_luminance(text), _luminance(ground)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (theme.name, text, ground)
