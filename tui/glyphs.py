"""Glyphs, and what stands for them where the terminal has no Unicode. Without the screen's library: commands draw too.

Which are right is decided from the environment alone, so that it can be tested; nothing is asked of the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping

_GLYPHS = (
    ("●◆▸○▌│↻✗▼▲╳◇", "*!>o||@xv^Xo"),
    ("━╸─┅·…–›", "=--~-~->"),
    ("↵↑↓←→", ">^v<>"),
    ("░▒█▁▂▃▄▅▆▇▀▔", ":%#____####-"),
)
ASCII = str.maketrans(*("".join(part) for part in zip(*_GLYPHS, strict=True)))
"""Glyph for glyph, each one cell wide; other letters stay, they are data."""


def needs_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the locale promises less than UTF-8."""
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return "utf-8" not in locale.lower() and "utf8" not in locale.lower()


def enter_key(ascii_only: bool) -> str:
    """How the enter key is written."""
    return "enter" if ascii_only else "↵"
