"""Colour roles and glyphs: how the same lines look in a terminal's own colours, dark, light, without colour, in ASCII.

Which one fits is decided from the configuration and the environment alone, so that it can be tested; nothing is asked
of the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from textual.theme import BUILTIN_THEMES, Theme

ANSI, ANSI_LIGHT, DARK, LIGHT = "warmside-ansi", "warmside-ansi-light", "warmside-dark", "warmside-light"
CONTRAST = "warmside-contrast"


def _ansi(name: str, cold: str, base: str, *, dark: bool) -> Theme:
    return Theme(
        name=name,
        ansi=True,
        dark=dark,
        primary="ansi_yellow",
        secondary=cold,
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_yellow",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_bright_black",
        boost="ansi_default",
        variables={**BUILTIN_THEMES[base].variables, "dim": "ansi_default", "read": "ansi_yellow"},
    )


class Hues(NamedTuple):
    """A theme's colours by what they mean; see docs/looks.md."""

    warm: str
    cold: str
    bad: str
    good: str
    fg: str
    dim: str
    faint: str
    sel: str
    bg: str
    read: str
    """What was read from the cache, as an area."""


HUES = {
    DARK: Hues(
        "#f0a45d", "#7fb0e6", "#f0736a", "#a3c76d", "#e8e2d9", "#9a9187", "#4b453e", "#2a2622", "#191715", "#8a623c"
    ),
    LIGHT: Hues(
        "#a85600", "#2463a8", "#b3271e", "#47701c", "#2a2622", "#70675d", "#d3c9bb", "#efe8dd", "#fbf8f3", "#b9813f"
    ),
    CONTRAST: Hues(
        "#ffb347", "#93c9ff", "#ffaaa1", "#a8e86b", "#ffffff", "#ffffff", "#8c8c8c", "#2b2b2b", "#000000", "#b06a1e"
    ),
}
"""The themes that bring their own colours. High contrast has no quiet text."""


def _of(name: str, hues: Hues) -> Theme:
    return Theme(
        name=name,
        dark=name != LIGHT,
        primary=hues.warm,
        secondary=hues.cold,
        warning=hues.warm,
        error=hues.bad,
        success=hues.good,
        accent=hues.warm,
        foreground=hues.fg,
        background=hues.bg,
        surface=hues.sel,
        panel=hues.faint,
        variables={"dim": hues.dim, "read": hues.read},
    )


THEMES = (
    _ansi(ANSI, "ansi_bright_blue", "ansi-dark", dark=True),
    _ansi(ANSI_LIGHT, "ansi_blue", "ansi-light", dark=False),
    *(_of(name, hues) for name, hues in HUES.items()),
)
VARIABLES = {"dim": HUES[DARK].dim, "read": HUES[DARK].read}
"""What a theme that is not ours lacks."""

_CHOICES = {"dark": DARK, "light": LIGHT, "contrast": CONTRAST}
OFFERED = (
    ("terminal", "the terminal's own 16 colours"),
    ("dark", "a dark ground"),
    ("light", "a light ground"),
    ("contrast", "high contrast, nothing quiet"),
)
"""What a person can choose, each with what it is."""


def default_theme(environ: Mapping[str, str]) -> str:
    """The terminal's own 16 colours; on a light ground (said by COLORFGBG) with a blue that can be read."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return ANSI_LIGHT if ground in ("7", "15") else ANSI


def theme_of(choice: str, environ: Mapping[str, str]) -> str:
    """The theme that is meant by a word of the configuration or the palette."""
    return _CHOICES.get(choice) or default_theme(environ)
