"""Colour roles and glyphs: how the same lines look in a terminal's own colours, dark, light, without colour, in ASCII.

Which one fits is decided from the environment alone, so that it can be tested; nothing is asked of the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

ANSI, ANSI_LIGHT, DARK, LIGHT = "warmside-ansi", "warmside-ansi-light", "warmside-dark", "warmside-light"


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
        variables={**BUILTIN_THEMES[base].variables, "dim": "ansi_default"},
    )


THEMES = (
    _ansi(ANSI, "ansi_bright_blue", "ansi-dark", dark=True),
    _ansi(ANSI_LIGHT, "ansi_blue", "ansi-light", dark=False),
    Theme(
        name=DARK,
        primary="#f0a45d",
        secondary="#7fb0e6",
        warning="#f0a45d",
        error="#f0736a",
        success="#a3c76d",
        accent="#f0a45d",
        foreground="#e8e2d9",
        background="#191715",
        surface="#2a2622",
        panel="#4b453e",
        variables={"dim": "#9a9187"},
    ),
    Theme(
        name=LIGHT,
        dark=False,
        primary="#a85600",
        secondary="#2463a8",
        warning="#a85600",
        error="#b3271e",
        success="#47701c",
        accent="#a85600",
        foreground="#2a2622",
        background="#fbf8f3",
        surface="#efe8dd",
        panel="#d3c9bb",
        variables={"dim": "#70675d"},
    ),
)

ASCII = str.maketrans("●◆▸○▌━╸─┅↻✗▼▲╳›·…–↵│░▒█", "*!>o|=--~@xv^X>-~->|:%#")
"""Glyph for glyph, each one cell wide; other letters stay, they are data."""


def default_theme(environ: Mapping[str, str]) -> str:
    """The terminal's own 16 colours; on a light ground (said by COLORFGBG) with a blue that can be read."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return ANSI_LIGHT if ground in ("7", "15") else ANSI


def needs_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the locale promises less than UTF-8."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return "utf-8" not in locale.lower() and "utf8" not in locale.lower()


def enter_key(ascii_only: bool) -> str:
    """How the enter key is written."""
    return "enter" if ascii_only else "↵"
