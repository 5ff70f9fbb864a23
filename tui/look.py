"""How this run of the sidebar looks: what is fixed at its start and shared by all screens."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import tzinfo

from msgspec import Struct
from msgspec.structs import replace

from keepalive.config import LookConfig
from tui.glyphs import needs_ascii
from tui.themes import ANSI, theme_of


class Look(Struct, frozen=True):
    """`zone` None is the machine's own time zone."""

    banner: str = ""
    """Said under the header until Esc."""
    zone: tzinfo | None = None
    ascii_only: bool = False
    looked_in: tuple[str, ...] = ()
    """Where sessions were looked for, as the empty board names it."""
    theme: str = ANSI

    def with_banner(self, banner: str) -> Look:
        """The same look with another line under the header."""
        return replace(self, banner=banner)


def look_from_environment(environ: Mapping[str, str] | None = None, chosen: LookConfig | None = None) -> Look:
    """What a person chose, and where they left it open what the terminal's environment asks for: colours, glyphs; and
    the folders that its clients use."""
    environ = os.environ if environ is None else environ
    chosen = chosen or LookConfig()
    claude = environ.get("CLAUDE_CONFIG_DIR") or "~/.claude"
    codex = environ.get("CODEX_HOME") or "~/.codex"
    return Look(
        ascii_only=needs_ascii(environ) if chosen.ascii == "auto" else chosen.ascii == "yes",
        looked_in=(
            f"{claude.rstrip('/')}/sessions",
            f"{codex.rstrip('/')}/thread-writer-locks",
            "other agents' processes",
        ),
        theme=theme_of(chosen.theme, environ),
    )
